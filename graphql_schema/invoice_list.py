"""A tenant's list of invoices, of either side: its pages, its filter, how many it has and how fresh it is."""

from collections.abc import Callable, Iterable
from datetime import date as Day  # noqa: N812 - as in `invoice`
from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from connector.domain.access import Permission
from connector.domain.invoice import Invoice as Mirrored
from connector.domain.invoice import InvoiceFilter, IssuedStage, Place, Side, Stage
from connector.domain.paging import Page
from connector.ids import TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.fetch import Completeness
from graphql_schema.filters import checked_figure, checked_text
from graphql_schema.guard import RequiresReading
from graphql_schema.invoice import Invoice
from graphql_schema.paging import PageInfo, checked_first

N = TypeVar("N", bound=Invoice)


@strawberry.type(description="One invoice on a page.")
class Edge(Generic[N]):
    """One invoice on a page."""

    cursor: str = strawberry.field(description="Its place in the list; stays put while invoices come and go.")
    node: N = strawberry.field(description="The invoice.")


@strawberry.type(description="A page of a tenant's invoices, newest issue date first.")
class Connection(Generic[N]):
    """A page of a tenant's invoices."""

    edges: list[Edge[N]] = strawberry.field(description="The invoices on the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    whose: strawberry.Private[tuple[TenantId, Side]]
    wanted: strawberry.Private[InvoiceFilter]

    @strawberry.field(description="How many invoices match the filter.", extensions=[RequiresReading(Permission.READ)])
    async def total_count(self, info: Info) -> int:
        """How many invoices match."""
        tenant, side = self.whose
        return await info.context.flows.reading.count(info.context.viewer.scope, side, tenant, self.wanted)

    @strawberry.field(description="How fresh the list is.", extensions=[RequiresReading(Permission.READ)])
    async def completeness(self, info: Info) -> Completeness:
        """How fresh the list is."""
        tenant, side = self.whose
        reading = info.context.flows.reading
        return Completeness.of(await reading.completeness(info.context.viewer.scope, side, tenant))

    @classmethod
    def of(
        cls,
        whose: tuple[TenantId, Side],
        wanted: InvoiceFilter,
        page: Page[Mirrored],
        node: Callable[[Mirrored], N],
    ) -> "Connection[N]":
        """The page as the graph shows it."""
        edges = [Edge(cursor=cursor_of(each), node=node(each)) for each in page.items]
        cursors = [edge.cursor for edge in edges]
        page_info = PageInfo.of(cursors, more_after=page.more_after, more_before=page.more_before)
        return cls(edges=edges, page_info=page_info, whose=whose, wanted=wanted)


def cursor_of(told: Mirrored) -> str:
    """The invoice's place in any list it is in."""
    return identity.write_place(Place(issue_date=told.issue_date or Day.min, id=told.id))


async def listed(
    info: Info,
    whose: tuple[TenantId, Side],
    wanted: InvoiceFilter,
    node: Callable[[Mirrored], N],
    *,
    first: int,
    after: str | None,
) -> Connection[N]:
    """The page of a tenant's list that was asked for; raises InvalidInput."""
    tenant, side = whose
    scope, place = info.context.viewer.scope, identity.read_place(after)
    page = await info.context.flows.reading.invoices(
        scope, side, tenant, wanted, first=checked_first(first), after=place
    )
    return Connection.of(whose, wanted, page, node)


@strawberry.input(description="What may be asked of an invoice of either side.")
class InvoiceConditions:
    """What may be asked of an invoice of either side."""

    issued_from: Day | None = strawberry.field(default=None, description="Issued on this day or later (発行日 From).")
    issued_to: Day | None = strawberry.field(default=None, description="Issued on this day or earlier (発行日 To).")
    due_from: Day | None = strawberry.field(default=None, description="Due on this day or later (支払期限 From).")
    due_to: Day | None = strawberry.field(default=None, description="Due on this day or earlier (支払期限 To).")
    counterparty: str | None = strawberry.field(
        default=None,
        description="Part of the other company's name, or its exact code or registration number (発行先, 支払先).",
    )
    total_from: Decimal | None = strawberry.field(default=None, description="Total of at least this (金額 From).")
    total_to: Decimal | None = strawberry.field(default=None, description="Total of at most this (金額 To).")
    number: str | None = strawberry.field(default=None, description="With exactly this number (請求書番号).")
    gone: bool | None = strawberry.field(
        default=None, description="True: those no longer listed there instead of those that are (一覧から消えたもの)."
    )

    def met(self, stages: Iterable[Stage | IssuedStage]) -> InvoiceFilter:
        """These conditions and one of the stages, in the domain's words; raises InvalidInput."""
        return InvoiceFilter(
            stages=tuple(dict.fromkeys(stages)),  # however often each is named
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
