"""An inbox: one side's invoices of every tenant in the key's scope, for whoever shows many companies in one list."""

from collections.abc import Callable
from datetime import datetime
from typing import Generic

import strawberry

from connector.domain.access import Permission
from connector.domain.inbox import InboxCompleteness as Freshness
from connector.domain.invoice import Invoice as Mirrored
from connector.domain.invoice import InvoiceFilter, Side
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.guard import Requires
from graphql_schema.invoice_list import N, cursor_of
from graphql_schema.paging import PageInfo, checked_first


@strawberry.type(description="One invoice in an inbox, and whose it is.")
class InboxEdge(Generic[N]):
    """One invoice in an inbox, and whose it is."""

    cursor: str = strawberry.field(description="Its place in the list; stays put while invoices come and go.")
    tenant_name: str = strawberry.field(description="Name of the tenant whose invoice it is (会社名).")
    node: N = strawberry.field(description="The invoice.")


@strawberry.type(description="How fresh an inbox is, by the recent days of every tenant in it (取得状況).")
class InboxCompleteness:
    """How fresh an inbox is."""

    as_of: datetime | None = strawberry.field(
        description="The earliest moment for which a tenant's list is proven complete; null: one never was, or none is."
    )
    tenants: int = strawberry.field(description="Tenants whose invoices are listed.")
    stale: int = strawberry.field(
        description="Of those, how many something stands in the way of; each tenant's own list says what."
    )
    left_out: int = strawberry.field(
        description="Tenants that are connected but left out, as their contract is not known to cover these invoices; "
        "`capabilities` says why."
    )

    @classmethod
    def of(cls, told: Freshness) -> "InboxCompleteness":
        """The freshness as the graph shows it."""
        return cls(as_of=told.as_of, tenants=told.tenants, stale=told.stale, left_out=told.left_out)


@strawberry.type(description="A page of the invoices of many tenants, newest issue date first.")
class Inbox(Generic[N]):
    """A page of the invoices of many tenants."""

    edges: list[InboxEdge[N]] = strawberry.field(description="The invoices on the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")
    side: strawberry.Private[Side]
    wanted: strawberry.Private[InvoiceFilter]

    @strawberry.field(description="How many invoices match the filter.", extensions=[Requires(Permission.READ)])
    async def total_count(self, info: Info) -> int:
        """How many invoices match."""
        return await info.context.flows.reading.count_inbox(info.context.viewer.scope, self.side, self.wanted)

    @strawberry.field(description="How fresh the inbox is.", extensions=[Requires(Permission.READ)])
    async def completeness(self, info: Info) -> InboxCompleteness:
        """How fresh the inbox is."""
        reading = info.context.flows.reading
        return InboxCompleteness.of(await reading.inbox_completeness(info.context.viewer.scope, self.side))


async def collected(
    info: Info,
    side: Side,
    wanted: InvoiceFilter,
    node: Callable[[Mirrored], N],
    *,
    first: int,
    after: str | None,
) -> Inbox[N]:
    """The page of the inbox that was asked for; raises InvalidInput."""
    scope, place = info.context.viewer.scope, identity.read_place(after)
    page = await info.context.flows.reading.inbox(scope, side, wanted, first=checked_first(first), after=place)
    edges = [
        InboxEdge(cursor=cursor_of(each.invoice), tenant_name=each.tenant_name, node=node(each.invoice))
        for each in page.items
    ]
    cursors = [edge.cursor for edge in edges]
    page_info = PageInfo.of(cursors, more_after=page.more_after, more_before=page.more_before)
    return Inbox(edges=edges, page_info=page_info, side=side, wanted=wanted)
