"""What a test asks of upkeep, and what it looks at afterwards."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Connection, SealedGrant, refresh_seat
from connector.errors import Unavailable
from connector.flows.upkeep import AccessToken, Upkeep
from connector.secret import Secret
from tests.connector.flows.bench import connection_of, rows
from tests.world import World

FOUR_MINUTES, LEASE = timedelta(minutes=4), timedelta(seconds=90)
LINEAGE = "select * from grants where tenant_id = :tenant order by obtained_at"


async def of_connection(world: World, tenant: Tenant, column: str) -> Any:
    """A column of the tenant's connection as it stands in the database."""
    [row] = await rows(world, "select * from connections where tenant_id = :tenant", tenant=tenant.id)
    return row[column]


async def token(world: World, tenant: Tenant, **how: Any) -> AccessToken:
    return await world.flows.upkeep.access_token(tenant.id, (await connection_of(world, tenant)).id, **how)


async def current(world: World, connection: Connection) -> SealedGrant:
    async with world.flows.upkeep.store.within(Scope.of_tenant(connection.tenant_id)) as work:
        grant = await work.connections.current_grant(connection.id)
    assert grant is not None
    return grant


async def refresh_text(world: World, connection: Connection) -> Secret:
    grant = await current(world, connection)
    return await world.flows.upkeep.vault.open(grant.refresh_sealed, refresh_seat(connection, grant.id))


def impatient(world: World) -> Upkeep:
    """Upkeep that does not wait long for somebody else's renewal."""
    return replace(world.flows.upkeep, patience=timedelta(seconds=0.3))


def rotations(world: World) -> int:
    return len(world.twin.ledger("token_rotated"))


def token_calls(world: World) -> int:
    struck = [each for each in world.twin.ledger("fault_struck") if each["operation"] == "token"]
    return rotations(world) + len(world.twin.ledger("token_refused")) + len(struck)


async def swept(world: World) -> None:
    """One round of a worker's sweeps, and the end of the renewals it began."""
    keeping = world.flows.keeping
    await keeping.bring_in(older_than=0)
    await keeping.find_abandoned()
    for provider in keeping.register.everyone():
        with suppress(Unavailable):  # a breaker that is open says so
            await keeping.renew_due(provider)
