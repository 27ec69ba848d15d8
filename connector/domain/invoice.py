"""An invoice: header, lines, journals, and the stage it was last seen in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from connector.domain.tax import TaxSummary
from connector.ids import ConnectionId, InvoiceId, ProviderKey, TenantId


class Side(StrEnum):
    """Which end of an invoice the tenant is at."""

    ISSUER = "issuer"  # 発行側
    RECEIVER = "receiver"  # 受取側


class Stage(StrEnum):
    """Where a received invoice stands in the receiver's own workflow."""

    AWAITING_FIRST_APPROVAL = "awaiting_first_approval"  # 一次未承認
    IN_INTERNAL_APPROVAL = "in_internal_approval"  # 社内承認中
    RETURNED = "returned"  # 差戻受
    IN_ACCOUNTING_APPROVAL = "in_accounting_approval"  # 経理承認中
    RETURNED_TO_ACCOUNTING = "returned_to_accounting"  # 経理差戻受
    IN_FINAL_APPROVAL = "in_final_approval"  # 最終経理承認中
    APPROVED = "approved"  # 最終経理承認完了
    UNPROCESSED = "unprocessed"  # 未処理
    PROCESSED = "processed"  # 処理済
    UNRECOGNISED = "unrecognised"


class IssuedStage(StrEnum):
    """Where an issued invoice stands in the issuer's own workflow."""

    DRAFT = "draft"
    IN_INTERNAL_APPROVAL = "in_internal_approval"
    RETURNED = "returned"
    AWAITING_ISSUE_APPROVAL = "awaiting_issue_approval"
    SCHEDULED = "scheduled"
    ISSUED = "issued"
    ISSUED_THEN_DELETED = "issued_then_deleted"
    ISSUE_FAILED = "issue_failed"
    UNRECOGNISED = "unrecognised"


@dataclass(frozen=True, slots=True)
class Counterparty:
    """The company at the other end of an invoice, as the invoice names it."""

    code: str | None
    name: str | None
    registration_number: str | None


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a journal entry."""

    account_code: str | None
    account_name: str | None
    sub_account_code: str | None
    sub_account_name: str | None
    department_code: str | None
    department_name: str | None


@dataclass(frozen=True, slots=True)
class Journal:
    """How the receiver booked a line, or a part of it."""

    slip_date: date | None
    amount: Decimal | None
    summary: str | None
    debit: Posting
    credit: Posting


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line; every figure may be absent because issuers may leave it empty [IM-8]."""

    position: int
    date: date | None
    slip_number: str | None
    product_code: str | None
    name: str | None
    quantity: Decimal | None
    unit: str | None
    unit_price: Decimal | None
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    tax_rate: Decimal | None  # per cent; None: the issuer left it empty [IM-8]
    reduced_rate: bool | None
    remarks: str | None
    journals: Sequence[Journal]


@dataclass(frozen=True, slots=True)
class FetchedInvoice:
    """One invoice as a provider told it, before it has a place in the mirror."""

    key: str  # the provider's own unique key
    number: str | None  # a label; not unique [IM-6]
    subject: str | None
    stage: Stage | IssuedStage
    stage_code: int | None
    issue_date: date | None
    due_date: date | None
    counterparty: Counterparty
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    tax_summary: Sequence[TaxSummary]
    lines: Sequence[InvoiceLine]
    raw: bytes  # the provider's own JSON, kept whole
    content: bytes = field(compare=False)  # a digest of it, the same in whatever order its keys are
    day: date | None = None  # by which windows list it; None: not told, so only the window that listed it is known
    exact: bytes | None = field(default=None, compare=False)  # as in `ListedInvoice`; None: it is read anew each time
    strangers: int = field(default=0, compare=False)  # fields whose names nothing describes; they are in `raw` too


@dataclass(frozen=True, slots=True)
class ListedInvoice:
    """One invoice on a page, not read yet: most looks find what the look before them found."""

    key: str
    exact: bytes  # a digest of the provider's own bytes and of how we read them: the same, and nothing has changed
    read: Callable[[], FetchedInvoice]  # raises Unreadable for what cannot be read or kept whole


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice in the mirror."""

    side: Side
    tenant_id: TenantId
    id: InvoiceId
    connection_id: ConnectionId
    provider: ProviderKey
    key: str
    number: str | None
    subject: str | None
    stage: Stage | IssuedStage
    stage_code: int | None
    issue_date: date | None
    due_date: date | None
    counterparty: Counterparty
    currency: str
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    tax_summary: Sequence[TaxSummary]
    lines: Sequence[InvoiceLine]
    first_seen_at: datetime
    changed_at: datetime  # when a fetch last told something new about it
    gone_at: datetime | None  # when a window read whole no longer listed it; None: as far as is known, it is there


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices of one side are wanted; an absent condition lets everything through."""

    stages: Sequence[Stage | IssuedStage] = ()
    issued_from: date | None = None
    issued_to: date | None = None
    due_from: date | None = None
    due_to: date | None = None
    counterparty: str | None = None  # part of the name, or the exact code or registration number
    total_from: Decimal | None = None
    total_to: Decimal | None = None
    number: str | None = None
    gone: bool = False  # those that are no longer listed, instead of those that are


@dataclass(frozen=True, slots=True)
class Place:
    """Where an invoice stands in the list's order: newest issue date first, then by id."""

    issue_date: date
    id: InvoiceId
