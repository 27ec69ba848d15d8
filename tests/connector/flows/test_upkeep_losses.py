"""What upkeep does when the provider refuses, is silent, or is away."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.access import Tenant
from connector.domain.connection import Standing
from connector.errors import ConsentEnded, Misconfigured, Unavailable
from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import connection_of, joined, later, trouble
from tests.connector.flows.renewals import impatient, of_connection, refresh_text, rotations, token, token_calls
from tests.connector.flows.shared import anew
from tests.world import CLIENT_ID, CLIENT_SECRET, World

FOUR_MINUTES, LEASE = timedelta(minutes=4), timedelta(seconds=90)
LINEAGE = "select * from grants where tenant_id = :tenant order by obtained_at"


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=0)


async def lapsed(world: World, tenant: Tenant) -> None:
    before = token_calls(world)
    with pytest.raises(ConsentEnded):
        await token(world, tenant)
    connection = await connection_of(world, tenant)
    assert (connection.standing, connection.consent_ends_at) == (Standing.LAPSED, None)
    assert await of_connection(world, tenant, "lease_owner") is None
    with pytest.raises(ConsentEnded):
        await token(world, tenant)
    assert token_calls(world) == before + 1  # a dead consent is asked about once


async def test_a_consent_past_its_month_lapses(world: World, tenant: Tenant) -> None:
    later(world, timedelta(days=31))
    await lapsed(world, tenant)
    assert world.twin.ledger("token_refused")[0]["error"] == "invalid_grant"


async def test_a_consent_that_somebody_else_used_up_lapses(world: World, tenant: Tenant) -> None:
    text = await refresh_text(world, await connection_of(world, tenant))
    world.twin.world.grants.rotate(text.reveal(), client_id=CLIENT_ID)
    later(world, FOUR_MINUTES)
    await lapsed(world, tenant)
    assert world.twin.ledger("token_refused")[0]["error"] == "invalid_request"


async def test_maintenance_marks_nobody_and_is_waited_for_as_long_as_it_asks(world: World, tenant: Tenant) -> None:
    before = await connection_of(world, tenant)
    later(world, FOUR_MINUTES)
    trouble(world, Kind.HTTP_503, operation="token", count=3)
    for _ in range(3):
        with pytest.raises(Unavailable) as failure:
            await token(world, tenant)
        assert failure.value.wait == timedelta(seconds=120)

    assert await connection_of(world, tenant) == before
    await token(world, tenant)  # nothing is left behind that would stand in the way
    assert rotations(world) == 1


@pytest.mark.parametrize("kind", [Kind.DROP_AFTER, Kind.HTTP_500_AFTER, Kind.TRUNCATE])
async def test_a_lost_answer_is_never_asked_for_twice_at_once_and_the_loss_is_noticed_after_the_lease(
    world: World, tenant: Tenant, kind: Kind
) -> None:
    before = await connection_of(world, tenant)
    later(world, FOUR_MINUTES)
    trouble(world, kind, operation="token")
    with pytest.raises(Unavailable) as failure:
        await token(world, tenant)
    assert failure.value.wait == LEASE
    assert await connection_of(world, tenant) == before

    with pytest.raises(Unavailable):
        await impatient(world).access_token(tenant.id, before.id)
    assert rotations(world) == 1  # the lease stands, so the first call is still the only one
    assert len(world.twin.ledger("token_refused")) == 0

    later(world, LEASE)
    await lapsed(world, tenant)  # this provider gives no grace: the token whose answer was lost is dead


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE, Kind.HTTP_500, Kind.HTML_200])
async def test_an_answer_lost_before_anything_was_done_heals_by_itself_after_the_lease(
    world: World, tenant: Tenant, kind: Kind
) -> None:
    before = await connection_of(world, tenant)
    later(world, FOUR_MINUTES)
    trouble(world, kind, operation="token")
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert await connection_of(world, tenant) == before

    later(world, LEASE)
    await token(world, tenant)
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
    assert rotations(world) == 1


async def test_a_wrong_client_secret_of_ours_marks_nobody(world: World, tenant: Tenant) -> None:
    before = await connection_of(world, tenant)
    later(world, FOUR_MINUTES)
    callback = (f"{world.url}/callback/infomart",)
    world.twin.world.register(Client(CLIENT_ID, "another-secret", callback))
    for _ in range(3):
        with pytest.raises(Misconfigured, match="CONNECTOR_INFOMART_CLIENT_SECRET"):
            await token(world, tenant)
    assert await connection_of(world, tenant) == before

    world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, callback))
    await token(world, tenant)
    assert rotations(world) == 1
