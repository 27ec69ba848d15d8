"""The graph, put together."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from connector.domain.access import Permission
from connector.domain.paging import FIRST_DEFAULT
from connector.errors import NotFound
from connector.ids import TenantId
from graphql_schema import connection, fetch, identity, issued_invoice, limits, received_invoice, tenant
from graphql_schema.context import Info
from graphql_schema.failures import Failures
from graphql_schema.fetch import FetchMutation
from graphql_schema.filters import checked_text
from graphql_schema.guard import Requires
from graphql_schema.node import Node
from graphql_schema.onboarding import OnboardingMutation
from graphql_schema.paging import After, First, checked_first
from graphql_schema.tenant import Tenant, TenantConnection, TenantFilter
from graphql_schema.viewer import Viewer

Id = Annotated[strawberry.ID, strawberry.argument(description="The id, as the graph gave it.")]

_FINDERS: Mapping[str, Callable[[Info, str], Awaitable[Node | None]]] = {
    identity.TENANT: tenant.find,
    identity.CONNECTION: connection.find,
    identity.RECEIVED_INVOICE: received_invoice.find,
    identity.ISSUED_INVOICE: issued_invoice.find,
    identity.FETCH: fetch.find,
}


@strawberry.type(description="Everything that can be read.")
class Query:
    """Everything that can be read."""

    @strawberry.field(description="Who this credential is, and what it may do.", extensions=[Requires(Permission.READ)])
    async def viewer(self, info: Info) -> Viewer:
        """Who asks."""
        return Viewer.of(info.context.viewer)

    @strawberry.field(
        description="Anything with an id; null for what does not exist or may not be seen, which are not told apart.",
        extensions=[Requires(Permission.READ)],
    )
    async def node(self, info: Info, id: Id) -> Node | None:  # noqa: A002 - GraphQL's own convention
        """Anything with an id."""
        finder = _FINDERS.get(identity.kind_of(id))
        try:
            return await finder(info, id) if finder else None
        except NotFound:
            return None

    @strawberry.field(
        description="A tenant; null for one that does not exist or may not be seen.",
        extensions=[Requires(Permission.READ)],
    )
    async def tenant(self, info: Info, id: Id) -> Tenant | None:  # noqa: A002 - GraphQL's own convention
        """A tenant."""
        try:
            return await tenant.find(info, id)
        except NotFound:
            return None

    @strawberry.field(
        description="The tenants this key may act for, oldest first.", extensions=[Requires(Permission.READ)]
    )
    async def tenants(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[  # noqa: A002 - GraphQL's own convention
            TenantFilter | None, strawberry.argument(description="Which are wanted; null: all.")
        ] = None,
    ) -> TenantConnection:
        """The tenants of the scope."""
        place = identity.read_moment(after)
        page = await info.context.flows.reading.tenants(
            info.context.viewer.scope,
            first=checked_first(first),
            after=None if place is None else (place[0], TenantId(place[1])),
            name=checked_text("name", filter.name) if filter else None,
        )
        return TenantConnection.of(page)


@strawberry.type(description="Everything that can be asked to be done.")
class Mutation(OnboardingMutation, FetchMutation):
    """Everything that can be asked to be done."""


class _Schema(strawberry.Schema):
    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Logs nothing: `Failures` does, and it knows which errors were foreseen."""


schema = _Schema(
    query=Query,
    mutation=Mutation,
    types=[
        tenant.Tenant,
        connection.ProviderConnection,
        received_invoice.ReceivedInvoice,
        issued_invoice.IssuedInvoice,
        fetch.Fetch,
    ],
    config=StrawberryConfig(disable_field_suggestions=True),
    extensions=[
        Failures,
        limits.Documents,
        lambda: ValidationCache(maxsize=limits.REMEMBERED_DOCUMENTS),
    ],
)
