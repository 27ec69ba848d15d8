"""Received invoices: header, lines, journals, tax, and the provider's own words."""

from datetime import date as Day  # noqa: N812 - a line has a field of the name `date`
from datetime import datetime
from decimal import Decimal

import orjson
import strawberry
from strawberry.scalars import JSON

from connector.domain.access import Permission
from connector.domain.entitlement import Capability
from connector.domain.history import Observation as Observed
from connector.domain.history import history
from connector.domain.invoice import InvoiceFilter, Place, Stage
from connector.domain.invoice import ReceivedInvoice as Mirrored
from connector.domain.paging import Page
from connector.domain.tax import Bucket
from connector.ids import InvoiceId, TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.fetch import Completeness
from graphql_schema.filters import checked_figure, checked_text
from graphql_schema.guard import Requires, require
from graphql_schema.node import Node
from graphql_schema.paging import PageInfo

strawberry.enum(
    Stage,
    name="ReceivedInvoiceStage",
    description="Where a received invoice stands in the receiver's workflow (wf_status).",
)
strawberry.enum(Bucket, name="TaxBucket", description="The rate under which amounts are added up (税率区分).")


@strawberry.type(description="The company at the other end, as the invoice names it (支払先).")
class Counterparty:
    """The company at the other end of an invoice."""

    code: str | None = strawberry.field(description="The receiver's own code for it (支払先コード).")
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
    journals: list[Journal] = strawberry.field(description="How the receiver booked it (仕訳情報).")


@strawberry.type(description="The time between two looks, about which nothing is known (未観測の期間).")
class Gap:
    """The time between two looks."""

    since: datetime | None = strawberry.field(
        description="The last look that saw something else; null: nobody had looked before."
    )
    until: datetime = strawberry.field(description="The look that saw this.")


@strawberry.type(
    description="What a look saw that the look before it had not seen. What lay in the gap between them, "
    "one step or many, is not known (観測)."
)
class Observation:
    """What a look saw for the first time."""

    stage: Stage | None = strawberry.field(description="The stage; null: the invoice was no longer listed.")
    stage_code: int | None = strawberry.field(description="The provider's own code for it (wf_status).")
    gap: Gap = strawberry.field(description="When it came about, as nearly as looks can tell.")

    @classmethod
    def of(cls, told: Observed) -> "Observation":
        """The observation as the graph shows it."""
        stage, code = told.sight or (None, None)
        gap = Gap(since=told.not_before, until=told.not_after)
        return cls(stage=None if stage is None else Stage(stage), stage_code=code, gap=gap)


@strawberry.type(description="An invoice the tenant received (請求データ).")
class ReceivedInvoice(Node):
    """An invoice the tenant received."""

    provider: str = strawberry.field(description="Key of the provider it came through, such as `infomart`.")
    key: str = strawberry.field(description="The provider's own unique key (請求書管理番号).")
    number: str | None = strawberry.field(description="Invoice number (請求書番号): a label, not unique.")
    subject: str | None = strawberry.field(description="Subject (件名).")
    stage: Stage = strawberry.field(description="Where it was last seen in the workflow.")
    stage_code: int | None = strawberry.field(description="The provider's own code for it (wf_status).")
    issue_date: Day | None = strawberry.field(description="Date of issue (発行日).")
    due_date: Day | None = strawberry.field(description="Date by which it is to be paid (支払期限).")
    counterparty: Counterparty = strawberry.field(description="Who issued it (支払先).")
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
    tenant_id: strawberry.Private[TenantId]
    own_id: strawberry.Private[InvoiceId]

    @strawberry.field(
        description="What looks saw of its past, oldest first: the provider tells only where it stands now (履歴).",
        extensions=[Requires(Permission.READ, Capability.READ_RECEIVED_INVOICES)],
    )
    async def history(self, info: Info) -> list[Observation]:
        """What looks saw of its past."""
        changes = await info.context.loaders.changes.load(self.own_id)
        now = None if self.gone_at else (self.stage, self.stage_code)
        return [Observation.of(each) for each in history(now, self.first_seen_at, changes)]

    @strawberry.field(
        description="The provider's answer as it came, with fields this graph does not name.",
        extensions=[Requires(Permission.READ, Capability.READ_RECEIVED_INVOICES)],
    )
    async def raw(self, info: Info) -> JSON:
        """The provider's answer as it came."""
        content = await info.context.loaders.raws.load(self.own_id)
        return JSON(orjson.loads(content or b"null"))

    @classmethod
    def of(cls, told: Mirrored) -> "ReceivedInvoice":
        """The invoice as the graph shows it; the parts below the header have the graph's own shape already."""
        return cls(
            id=strawberry.ID(identity.write(identity.RECEIVED_INVOICE, told.tenant_id, told.id)),
            provider=told.provider,
            key=told.key,
            number=told.number,
            subject=told.subject,
            stage=told.stage,
            stage_code=told.stage_code,
            issue_date=told.issue_date,
            due_date=told.due_date,
            counterparty=told.counterparty,  # type: ignore[arg-type]  # read by attribute, as every part below
            currency=told.currency,
            net=told.net,
            tax=told.tax,
            total=told.total,
            tax_summary=told.tax_summary,  # type: ignore[arg-type]
            lines=told.lines,  # type: ignore[arg-type]
            first_seen_at=told.first_seen_at,
            changed_at=told.changed_at,
            gone_at=told.gone_at,
            tenant_id=told.tenant_id,
            own_id=told.id,
        )


@strawberry.type(description="One invoice on a page.")
class ReceivedInvoiceEdge:
    """One invoice on a page."""

    cursor: str = strawberry.field(description="Its place in the list; stays put while invoices come and go.")
    node: ReceivedInvoice = strawberry.field(description="The invoice.")


@strawberry.type(description="A page of received invoices, newest issue date first.")
class ReceivedInvoiceConnection:
    """A page of received invoices."""

    edges: list[ReceivedInvoiceEdge] = strawberry.field(description="The invoices on the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    tenant_id: strawberry.Private[TenantId]
    wanted: strawberry.Private[InvoiceFilter]

    @strawberry.field(
        description="How many invoices match the filter.",
        extensions=[Requires(Permission.READ, Capability.READ_RECEIVED_INVOICES)],
    )
    async def total_count(self, info: Info) -> int:
        """How many invoices match."""
        return await info.context.flows.reading.count_received(info.context.viewer.scope, self.tenant_id, self.wanted)

    @strawberry.field(
        description="How fresh the list is.",
        extensions=[Requires(Permission.READ, Capability.READ_RECEIVED_INVOICES)],
    )
    async def completeness(self, info: Info) -> Completeness:
        """How fresh the list is."""
        reading = info.context.flows.reading
        return Completeness.of(await reading.completeness(info.context.viewer.scope, self.tenant_id))

    @classmethod
    def of(cls, tenant: TenantId, wanted: InvoiceFilter, page: Page[Mirrored]) -> "ReceivedInvoiceConnection":
        """The page as the graph shows it."""
        edges = [
            ReceivedInvoiceEdge(cursor=identity.write_place(_place(each)), node=ReceivedInvoice.of(each))
            for each in page.items
        ]
        cursors = [edge.cursor for edge in edges]
        page_info = PageInfo.of(cursors, more_after=page.more_after, more_before=page.more_before)
        return cls(edges=edges, page_info=page_info, tenant_id=tenant, wanted=wanted)


def _place(told: Mirrored) -> Place:
    return Place(issue_date=told.issue_date or Day.min, id=told.id)


@strawberry.input(description="Which received invoices are wanted; an absent condition lets everything through.")
class ReceivedInvoiceFilter:
    """Which received invoices are wanted."""

    stages: list[Stage] | None = strawberry.field(default=None, description="In one of these stages.")
    issued_from: Day | None = strawberry.field(default=None, description="Issued on this day or later (発行日 From).")
    issued_to: Day | None = strawberry.field(default=None, description="Issued on this day or earlier (発行日 To).")
    due_from: Day | None = strawberry.field(default=None, description="Due on this day or later (支払期限 From).")
    due_to: Day | None = strawberry.field(default=None, description="Due on this day or earlier (支払期限 To).")
    counterparty: str | None = strawberry.field(
        default=None, description="Part of the issuer's name, or its exact code or registration number (支払先)."
    )
    total_from: Decimal | None = strawberry.field(default=None, description="Total of at least this (金額 From).")
    total_to: Decimal | None = strawberry.field(default=None, description="Total of at most this (金額 To).")
    number: str | None = strawberry.field(default=None, description="With exactly this number (請求書番号).")
    gone: bool | None = strawberry.field(
        default=None, description="True: those no longer listed there instead of those that are (一覧から消えたもの)."
    )

    def told(self) -> InvoiceFilter:
        """The filter in the domain's words; raises InvalidInput."""
        return InvoiceFilter(
            stages=tuple(dict.fromkeys(self.stages or ())),  # however often each is named
            issued_from=self.issued_from,
            issued_to=self.issued_to,
            due_from=self.due_from,
            due_to=self.due_to,
            counterparty=checked_text("counterparty", self.counterparty) or None,
            total_from=checked_figure("totalFrom", self.total_from),
            total_to=checked_figure("totalTo", self.total_to),
            number=checked_text("number", self.number),
            gone=bool(self.gone),
        )


async def find(info: Info, text: str) -> ReceivedInvoice | None:
    """The invoice an id names, under the same guard as the list; None: outside the scope."""
    tenant, own = identity.read(identity.RECEIVED_INVOICE, text, parts=2)
    context = info.context
    if await context.flows.reading.tenant(context.viewer.scope, TenantId(tenant)) is None:
        return None
    await require(info, Capability.READ_RECEIVED_INVOICES, TenantId(tenant))
    found = await context.flows.reading.received_invoice(context.viewer.scope, TenantId(tenant), InvoiceId(own))
    return ReceivedInvoice.of(found) if found else None
