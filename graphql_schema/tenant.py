"""A tenant: its contracts, its connections, and its invoices."""

from typing import Annotated

import strawberry

from connector.domain.access import Permission
from connector.domain.access import Tenant as Company
from connector.domain.entitlement import Capability
from connector.domain.invoice import InvoiceFilter, Side
from connector.domain.paging import FIRST_DEFAULT, Page
from connector.ids import TenantId
from graphql_schema import identity
from graphql_schema.connection import ProviderConnection
from graphql_schema.context import Info
from graphql_schema.entitlement import Ability, Entitlement, abilities_of
from graphql_schema.fetch import Fetch
from graphql_schema.guard import Requires
from graphql_schema.invoice_list import Connection, listed
from graphql_schema.issued_invoice import IssuedInvoice, IssuedInvoiceFilter
from graphql_schema.node import Node
from graphql_schema.paging import After, First, PageInfo, checked_first
from graphql_schema.received_invoice import ReceivedInvoice, ReceivedInvoiceFilter


@strawberry.type(description="A customer company of the partner (テナント企業).")
class Tenant(Node):
    """A customer company of the partner."""

    name: str = strawberry.field(description="Its name (会社名).")
    tenant_id: strawberry.Private[TenantId]

    @strawberry.field(
        description="What is known about its contracts with the providers (契約状況).",
        extensions=[Requires(Permission.READ)],
    )
    async def entitlements(self, info: Info) -> list[Entitlement]:
        """What is known about its contracts."""
        return [Entitlement.of(fact) for fact in await info.context.loaders.entitlements.load(self.tenant_id)]

    @strawberry.field(description="Its authorisations at the providers (連携).", extensions=[Requires(Permission.READ)])
    async def connections(self, info: Info) -> list[ProviderConnection]:
        """Its authorisations at the providers."""
        return [ProviderConnection.of(each) for each in await info.context.loaders.connections.load(self.tenant_id)]

    @strawberry.field(
        description="What works for it at each provider now and, where something does not, why and who acts "
        "(利用できる機能).",
        extensions=[Requires(Permission.READ)],
    )
    async def capabilities(self, info: Info) -> list[Ability]:
        """What works for it at each provider."""
        return await abilities_of(info, self.tenant_id)

    @strawberry.field(
        description="Its latest readings, newest first (取得履歴).", extensions=[Requires(Permission.READ)]
    )
    async def fetches(self, info: Info, first: First = 10) -> list[Fetch]:
        """Its latest readings."""
        reading = info.context.flows.reading
        found = await reading.fetches(info.context.viewer.scope, self.tenant_id, most=checked_first(first))
        return [Fetch.of(each) for each in found]

    @strawberry.field(
        description="Invoices it received, newest issue date first (受取請求書); null, with the reason in `errors`, "
        "for a tenant whose contract does not cover them.",
        extensions=[Requires(Permission.READ, Capability.READ_RECEIVED_INVOICES)],
    )
    async def received_invoices(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[  # noqa: A002 - GraphQL's own convention
            ReceivedInvoiceFilter | None, strawberry.argument(description="Which are wanted; null: all.")
        ] = None,
    ) -> Connection[ReceivedInvoice] | None:
        """Invoices it received."""
        wanted = filter.told() if filter else InvoiceFilter()
        return await listed(info, (self.tenant_id, Side.RECEIVER), wanted, ReceivedInvoice.of, first=first, after=after)

    @strawberry.field(
        description="Invoices it issued or is preparing, newest issue date first (発行請求書); null, with the reason "
        "in `errors`, for a tenant whose contract does not cover them.",
        extensions=[Requires(Permission.READ, Capability.READ_ISSUED_INVOICES)],
    )
    async def issued_invoices(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[  # noqa: A002 - GraphQL's own convention
            IssuedInvoiceFilter | None, strawberry.argument(description="Which are wanted; null: all.")
        ] = None,
    ) -> Connection[IssuedInvoice] | None:
        """Invoices it issued or is preparing."""
        wanted = filter.told() if filter else InvoiceFilter()
        return await listed(info, (self.tenant_id, Side.ISSUER), wanted, IssuedInvoice.of, first=first, after=after)

    @classmethod
    def of(cls, told: Company) -> "Tenant":
        """The tenant as the graph shows it."""
        return cls(id=strawberry.ID(identity.write(identity.TENANT, told.id)), name=told.name, tenant_id=told.id)


@strawberry.type(description="One tenant on a page.")
class TenantEdge:
    """One tenant on a page."""

    cursor: str = strawberry.field(description="Its place in the list.")
    node: Tenant = strawberry.field(description="The tenant.")


@strawberry.type(description="A page of tenants, oldest first.")
class TenantConnection:
    """A page of tenants."""

    edges: list[TenantEdge] = strawberry.field(description="The tenants on the page.")
    page_info: PageInfo = strawberry.field(description="Where the page lies in the list.")

    @classmethod
    def of(cls, page: Page[Company]) -> "TenantConnection":
        """The page as the graph shows it."""
        edges = [
            TenantEdge(cursor=identity.write_moment(each.created_at, each.id), node=Tenant.of(each))
            for each in page.items
        ]
        cursors = [edge.cursor for edge in edges]
        return cls(
            edges=edges,
            page_info=PageInfo.of(cursors, more_after=page.more_after, more_before=page.more_before),
        )


@strawberry.input(description="Which tenants are wanted; an absent condition lets everything through.")
class TenantFilter:
    """Which tenants are wanted."""

    name: str | None = strawberry.field(default=None, description="Part of the name.")


async def find(info: Info, text: str) -> Tenant | None:
    """The tenant an id names; None: outside the scope."""
    tenant = identity.read_tenant(text)
    found = await info.context.flows.reading.tenant(info.context.viewer.scope, tenant)
    return Tenant.of(found) if found else None
