"""What an invoice is from either side: its header, lines, journals and tax, and the provider's own words."""

from collections.abc import Sequence
from datetime import date as Day  # noqa: N812 - a line has a field of the name `date`
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from connector.domain.access import Permission
from connector.domain.entitlement import READS
from connector.domain.history import Observation as Observed
from connector.domain.history import history
from connector.domain.invoice import Invoice as Mirrored
from connector.domain.invoice import Side
from connector.domain.tax import Bucket
from connector.ids import InvoiceId, TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.guard import RequiresReading, require
from graphql_schema.node import Node

strawberry.enum(Bucket, name="TaxBucket", description="The rate under which amounts are added up (税率区分).")

_KINDS = {Side.RECEIVER: identity.RECEIVED_INVOICE, Side.ISSUER: identity.ISSUED_INVOICE}


@strawberry.type(description="The company at the other end, as the invoice names it (発行先, 支払先).")
class Counterparty:
    """The company at the other end of an invoice."""

    code: str | None = strawberry.field(description="The tenant's own code for it (発行先コード, 支払先コード).")
    name: str | None = strawberry.field(description="Its name (会社名).")
    registration_number: str | None = strawberry.field(
        description="Its qualified-invoice registration number, T and 13 digits (登録番号)."
    )


@strawberry.type(description="The amounts of an invoice under one rate, in yen (税率別内訳).")
class TaxSummary:
    """The amounts of an invoice under one rate."""

    bucket: Bucket = strawberry.field(description="The rate.")
    net: Decimal | None = strawberry.field(description="Without tax (税抜金額); null: the issuer left it empty.")
    tax: Decimal | None = strawberry.field(description="The tax (消費税額); null: the issuer left it empty.")
    gross: Decimal | None = strawberry.field(description="With tax (税込金額); null: the issuer left it empty.")


@strawberry.type(description="One side of a journal entry (仕訳の借方または貸方).")
class Posting:
    """One side of a journal entry."""

    account_code: str | None = strawberry.field(description="Account code (勘定科目コード).")
    account_name: str | None = strawberry.field(description="Account name (勘定科目).")
    sub_account_code: str | None = strawberry.field(description="Sub-account code (勘定補助科目コード).")
    sub_account_name: str | None = strawberry.field(description="Sub-account name (勘定補助科目).")
    department_code: str | None = strawberry.field(description="Code of the department that bears it (負担部門コード).")
    department_name: str | None = strawberry.field(description="The department that bears it (負担部門).")


@strawberry.type(description="How the receiver booked a line or a part of it (仕訳).")
class Journal:
    """How the receiver booked a line."""

    slip_date: Day | None = strawberry.field(description="Date of the accounting slip (会計伝票日付).")
    amount: Decimal | None = strawberry.field(description="Amount in yen (金額).")
    summary: str | None = strawberry.field(description="What it was for (摘要).")
    debit: Posting = strawberry.field(description="Debit side (借方).")
    credit: Posting = strawberry.field(description="Credit side (貸方).")


@strawberry.type(description="One line (明細); every figure may be null because issuers may leave it empty.")
class InvoiceLine:
    """One line of an invoice."""

    position: int = strawberry.field(description="Its place on the invoice, from 1.")
    date: Day | None = strawberry.field(description="Date of the transaction (明細日付).")
    slip_number: str | None = strawberry.field(description="Slip number (明細番号).")
    product_code: str | None = strawberry.field(description="Product code (商品コード).")
    name: str | None = strawberry.field(description="What was sold (明細項目).")
    quantity: Decimal | None = strawberry.field(description="Quantity (数量).")
    unit: str | None = strawberry.field(description="Unit (単位).")
    unit_price: Decimal | None = strawberry.field(description="Price of one unit in yen (単価).")
    net: Decimal | None = strawberry.field(description="Without tax (金額).")
    tax: Decimal | None = strawberry.field(description="The tax (消費税額).")
    gross: Decimal | None = strawberry.field(description="With tax (請求金額).")
    tax_rate: Decimal | None = strawberry.field(description="Tax rate in per cent (税率); null: left empty.")
    reduced_rate: bool | None = strawberry.field(description="Whether the reduced rate applies (軽減税率).")
    remarks: str | None = strawberry.field(description="Remarks (明細備考).")
    journals: list[Journal] = strawberry.field(
        description="How the receiver booked it (仕訳情報); empty to an issuer, who is not told."
    )


@strawberry.type(description="The time between two looks, about which nothing is known (未観測の期間).")
class Gap:
    """The time between two looks."""

    since: datetime | None = strawberry.field(
        description="The last look that saw something else; null: nobody had looked before."
    )
    until: datetime = strawberry.field(description="The look that saw this.")

    @classmethod
    def of(cls, told: Observed) -> "Gap":
        """The gap before an observation."""
        return cls(since=told.not_before, until=told.not_after)


@strawberry.interface(description="An invoice, whichever end of it the tenant is at (請求書).")
class Invoice(Node):
    """An invoice, whichever end of it the tenant is at."""

    tenant_id: strawberry.ID = strawberry.field(description="The tenant whose invoice it is (テナント).")
    provider: str = strawberry.field(description="Key of the provider it came through, such as `infomart`.")
    key: str = strawberry.field(description="The provider's own unique key (請求書管理番号).")
    number: str | None = strawberry.field(description="Invoice number (請求書番号): a label, not unique.")
    subject: str | None = strawberry.field(description="Subject (件名).")
    stage_code: int | None = strawberry.field(description="The provider's own code for its stage (wf_status).")
    issue_date: Day | None = strawberry.field(description="Date of issue (発行日).")
    due_date: Day | None = strawberry.field(description="Date by which it is to be paid (支払期限).")
    counterparty: Counterparty = strawberry.field(description="Who is at the other end (発行先, 支払先).")
    currency: str = strawberry.field(description="ISO 4217 code of every amount on it.")
    net: Decimal | None = strawberry.field(description="Total without tax (請求金額 税抜).")
    tax: Decimal | None = strawberry.field(description="Total tax (消費税額).")
    total: Decimal | None = strawberry.field(description="Total with tax (請求金額 税込).")
    tax_summary: list[TaxSummary] = strawberry.field(description="The amounts under each rate (税率別内訳).")
    lines: list[InvoiceLine] = strawberry.field(description="Its lines (明細).")
    first_seen_at: datetime = strawberry.field(description="When we first read it.")
    changed_at: datetime = strawberry.field(description="When a reading last told something new about it.")
    gone_at: datetime | None = strawberry.field(
        description="When a reading proven complete no longer listed it (一覧から消えた日時); null: it is there."
    )
    told: strawberry.Private[Mirrored]

    @property
    def whose(self) -> tuple[TenantId, Side]:
        """Whose contract, and which side of it, covers the invoice."""
        return self.told.tenant_id, self.told.side

    @strawberry.field(
        description="The provider's answer as it came, with fields this graph does not name.",
        extensions=[RequiresReading(Permission.READ)],
    )
    async def raw(self, info: Info) -> JSON:
        """The provider's answer as it came."""
        content = await info.context.loaders.raws[self.told.side].load(self.told.id)
        return JSON(orjson.loads(content or b"null"))

    async def observed(self, info: Info) -> Sequence[Observed]:
        """What looks saw of its past, oldest first."""
        told = self.told
        changes = await info.context.loaders.changes[told.side].load(told.id)
        now = None if told.gone_at else (told.stage, told.stage_code)
        return history(now, told.first_seen_at, changes)


def header(told: Mirrored) -> dict[str, Any]:
    """What both kinds of invoice are made of; the parts below the header have the graph's own shape already."""
    same = (
        "provider",
        "key",
        "number",
        "subject",
        "stage",
        "stage_code",
        "issue_date",
        "due_date",
        "counterparty",
        "currency",
        "net",
        "tax",
        "total",
        "tax_summary",
        "lines",
        "first_seen_at",
        "changed_at",
        "gone_at",
    )
    return {
        "id": strawberry.ID(identity.write(_KINDS[told.side], told.tenant_id, told.id)),
        "tenant_id": strawberry.ID(identity.write(identity.TENANT, told.tenant_id)),
        "told": told,
        **{name: getattr(told, name) for name in same},
    }


async def find(info: Info, side: Side, text: str) -> Mirrored | None:
    """The invoice an id names, under the same guard as its list; None: outside the scope."""
    named, own = identity.read(_KINDS[side], text, parts=2)
    tenant, context = TenantId(named), info.context
    if await context.flows.reading.tenant(context.viewer.scope, tenant) is None:
        return None
    await require(info, READS[side], tenant)
    return await context.flows.reading.invoice(context.viewer.scope, side, tenant, InvoiceId(own))
