"""What somebody wants to write at a provider, as it was asked for; the provider's own rules are looked up later.

Everywhere None means "not said", and nothing is sent for it. In an update of what exists, an empty text clears a field
and None keeps it [IM-94]; in what is new, an empty text says nothing either.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from connector.domain.tax import Bucket, Entry, Rounding, TaxSummary
from connector.domain.totals import Figures

_UNSTATED = Figures(None, None, None)


class Invitation(StrEnum):
    """How a company is asked to join the platform; each one is sent again when it is asked for again [IM-130]."""

    EMAIL = "email"
    FAX = "fax"
    PAPER = "paper"  # a letter, which costs money


class Business(StrEnum):
    """Whether a company pays consumption tax (事業者区分)."""

    TAXABLE = "taxable"  # 課税事業者
    EXEMPT = "exempt"  # 免税事業者


class Method(StrEnum):
    """By which rules an invoice is made out and kept (保存方式) [IM-71]."""

    ORDINARY = "ordinary"
    ITEMISED = "itemised"  # 区分記載請求書
    FREE_FORM = "free_form"
    QUALIFIED = "qualified"  # 適格請求書
    QUALIFIED_BY_LINE = "qualified_by_line"  # the same, with the tax entered for each line


class Unit(StrEnum):
    """What tax is reckoned on (課税単位)."""

    INVOICE = "invoice"
    LINE = "line"
    SLIP = "slip"


class Payment(StrEnum):
    """How the invoice is to be paid."""

    TRANSFER = "transfer"
    DIRECT_DEBIT = "direct_debit"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """A bank account to be paid into (振込先口座), known by its code; a known one takes what is said."""

    code: str
    bank_code: str | None = None
    bank_name: str | None = None
    bank_kana: str | None = None
    branch_code: str | None = None
    branch_name: str | None = None
    branch_kana: str | None = None
    kind: str | None = None
    number: str | None = None
    holder: str | None = None  # in kana
    holder_name: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class IssuerDraft:
    """Who issues (発行元): known by its code, or stated for this once without one [IM-84]."""

    code: str | None = None
    name: str | None = None
    section: str | None = None
    postal_code: str | None = None
    address1: str | None = None
    address2: str | None = None
    phone: str | None = None
    fax: str | None = None
    mail: str | None = None
    business: Business | None = None
    registration_number: str | None = None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CompanyDraft:
    """A company at the other end, known by its code."""

    code: str
    name: str | None = None
    section: str | None = None
    person: str | None = None
    postal_code: str | None = None
    address1: str | None = None
    address2: str | None = None
    phone: str | None = None
    fax: str | None = None
    mail: str | None = None
    corporate_number: str | None = None
    invitation: Invitation | None = None  # None: it is not invited


@dataclass(frozen=True, slots=True)
class CustomerDraft(CompanyDraft):
    """Whom an invoice is for (発行先); one that is not known yet is registered [IM-85]."""

    account_code: str | None = None  # of the account it pays into where nothing else is said
    layout_code: str | None = None


@dataclass(frozen=True, slots=True)
class SupplierDraft(CompanyDraft):
    """A company to be paid (支払先); one that is not known yet is registered [IM-129]."""

    business: Business | None = None
    registration_number: str | None = None
    accounts: Sequence[AccountDraft] | None = None  # they replace all it had; None: it keeps them


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One line of an invoice."""

    name: str | None = None
    day: date | None = None
    slip_number: str | None = None
    product_code: str | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    unit_price: Decimal | None = None
    net: Decimal | None = None
    tax: Decimal | None = None
    gross: Decimal | None = None
    bucket: Bucket | None = None
    entry: Entry | None = None  # None: the invoice's
    department_code: str | None = None
    department_name: str | None = None
    remarks: str | None = None


@dataclass(frozen=True, slots=True)
class AttachmentDraft:
    """A file that goes with an invoice."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class InvoiceDraft:
    """An invoice to be issued, or what shall be changed of one that came back."""

    number: str | None = None  # a label, and never a key [IM-6]
    title: str | None = None
    subject: str | None = None
    layout_code: str | None = None
    issue_date: date | None = None  # None: today
    closing_date: date | None = None
    due_date: date | None = None
    method: Method | None = None  # None: the layout's
    unit: Unit | None = None
    payment: Payment | None = None
    total: Figures = _UNSTATED
    asked: Decimal | None = None  # the amount on its face (おもての請求金額); None: the total with tax, if that is said
    tax_summary: Sequence[TaxSummary] = ()
    entry: Entry = Entry.EXCLUSIVE
    rounding: Rounding | None = None  # the issuer's choice, to be compared with; it is sent nowhere
    transitional: bool = False  # a transitional measure keeps an old rate for it [LAW-7]
    remarks: str | None = None
    reference: str | None = None  # ours, in a field of its own, by which the list shows it again
    lines: Sequence[LineDraft] | None = None  # in an update they replace all lines; None: those that are there stay
    attachments: Sequence[AttachmentDraft] = ()


@dataclass(frozen=True, slots=True)
class Registration:
    """One invoice to be registered and issued, with the masters it needs; or masters and invitations alone [IM-99]."""

    issuer: IssuerDraft | None = None  # None: the tenant's usual one [IM-77]
    customer: CustomerDraft | None = None
    accounts: Sequence[AccountDraft] | None = None  # None: the customer's, or the layout's [IM-77]
    invoice: InvoiceDraft | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """What shall be changed of an invoice that came back, which is then issued again [IM-88]."""

    key: str
    invoice: InvoiceDraft | None = None
    issuer: IssuerDraft | None = None
    customer: CustomerDraft | None = None
    accounts: Sequence[AccountDraft] | None = None
