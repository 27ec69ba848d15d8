"""Connections given up while the provider was wrong come back without a person's consent; dead ones lapse again."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Cause, Standing
from connector.domain.renewal import HELD_BACK, LOOK_AGAIN
from connector.errors import InvalidInput, Unavailable
from connector.ids import ProviderKey
from tests.connector.flows.bench import connection_of, joined, later
from tests.connector.flows.renewals import of_connection, refresh_text, swept, token
from tests.world import CLIENT_ID, INFOMART, World

GIVEN_UP = (Standing.LAPSED, Cause.TOKEN_DEAD)


async def standing(world: World, tenant: Tenant) -> tuple[Standing, Cause | None]:
    connection = await connection_of(world, tenant)
    return connection.standing, connection.cause


async def test_what_an_incident_of_the_providers_cost_is_recalled_and_what_is_dead_lapses_again(world: World) -> None:
    alive, dead = [await joined(world, f"tenant-{uuid4()}", invoices=0) for _ in range(2)]
    later(world, timedelta(minutes=4))
    ends_at = await of_connection(world, alive, "consent_ends_at")
    world.twin.world.grants.rotate(
        (await refresh_text(world, await connection_of(world, dead))).reveal(), client_id=CLIENT_ID
    )
    since = world.clock.now()
    world.twin.world.incident = 1.0
    for tenant in (alive, dead):
        with pytest.raises(Unavailable):
            await token(world, tenant)
    later(world, LOOK_AGAIN + timedelta(seconds=1))
    await swept(world)
    assert [await standing(world, each) for each in (alive, dead)] == [GIVEN_UP] * 2
    world.twin.world.incident = 0.0

    recalling = world.flows.recalling
    assert await recalling.recall(INFOMART, world.clock.now()) == 0  # none was given up since now
    assert {tenant for tenant, _ in await recalling.given_up(INFOMART, since)} >= {alive.id, dead.id}
    assert await standing(world, alive) == GIVEN_UP  # looking changes nothing
    later(world, HELD_BACK)  # or the brake would hold the dead one back
    assert await recalling.recall(INFOMART, since) == 2
    assert await of_connection(world, alive, "consent_ends_at") == ends_at
    await swept(world)

    assert await standing(world, alive) == (Standing.ACTIVE, None)
    assert await standing(world, dead) == GIVEN_UP
    assert [tenant for tenant, _ in await recalling.given_up(INFOMART, since)] == [dead.id]


async def test_whoever_connected_again_meanwhile_is_left_alone(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0)
    connection = await connection_of(world, tenant)
    async with world.flows.upkeep.store.within(Scope.of_tenant(tenant.id)) as work:
        assert not await work.renewals.recall(connection.id, world.clock.now())
    assert await connection_of(world, tenant) == connection


async def test_a_provider_that_is_none_of_ours_is_named(world: World) -> None:
    with pytest.raises(InvalidInput, match="provider"):
        await world.flows.recalling.given_up(ProviderKey("infomrat"), world.clock.now())
