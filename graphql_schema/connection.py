"""A tenant's authorisation at a provider."""

from datetime import datetime

import strawberry

from connector.domain.connection import Connection, Standing
from connector.ids import ConnectionId, TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.node import Node

strawberry.enum(Standing, name="ConnectionStanding", description="Where a connection stands (連携の状態).")


@strawberry.type(description="A tenant's authorisation at one provider (連携).")
class ProviderConnection(Node):
    """A tenant's authorisation at one provider."""

    provider: str = strawberry.field(description="Key of the provider, such as `infomart`.")
    standing: Standing = strawberry.field(description="Where the connection stands.")
    consent_ends_at: datetime | None = strawberry.field(
        description="When consent would end if it were never renewed; null: no end is set, or none was given."
    )
    changed_at: datetime = strawberry.field(description="When the standing last changed.")

    @classmethod
    def of(cls, told: Connection) -> "ProviderConnection":
        """The connection as the graph shows it."""
        return cls(
            id=strawberry.ID(identity.write(identity.CONNECTION, told.tenant_id, told.id)),
            provider=told.provider,
            standing=told.standing,
            consent_ends_at=told.consent_ends_at,
            changed_at=told.changed_at,
        )


async def find(info: Info, text: str) -> ProviderConnection | None:
    """The connection an id names; None: outside the scope."""
    tenant, own = identity.read(identity.CONNECTION, text, parts=2)
    context = info.context
    found = await context.flows.reading.connection(context.viewer.scope, TenantId(tenant), ConnectionId(own))
    return ProviderConnection.of(found) if found else None
