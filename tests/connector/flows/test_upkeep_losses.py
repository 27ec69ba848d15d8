"""What upkeep does when the provider refuses, is silent, or is away: nobody is given up for somebody else's fault."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Cause, Standing
from connector.domain.renewal import ANSWER_WITHIN, LOOK_AGAIN
from connector.errors import ClientRefused, ConsentEnded, Unavailable
from connector.ids import new_id
from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import connection_of, joined, later, rows, trouble
from tests.connector.flows.renewals import current, of_connection, refresh_text, rotations, swept, token, token_calls
from tests.world import CLIENT_ID, CLIENT_SECRET, World

FOUR_MINUTES, MOMENT = timedelta(minutes=4), timedelta(seconds=1)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0)
    later(world, FOUR_MINUTES)
    return tenant


async def standing(world: World, tenant: Tenant) -> tuple[Standing, Cause | None]:
    connection = await connection_of(world, tenant)
    return connection.standing, connection.cause


async def asked_again(world: World, after: timedelta) -> None:
    """What the sweeps of a worker do, once so much time has passed."""
    later(world, after + MOMENT)
    await swept(world)


async def test_a_consent_past_its_month_lapses_at_the_first_refusal(world: World, tenant: Tenant) -> None:
    later(world, timedelta(days=31))
    for _ in range(2):
        with pytest.raises(ConsentEnded):
            await token(world, tenant)
    assert await standing(world, tenant) == (Standing.LAPSED, Cause.CONSENT_EXPIRED)
    assert [each["error"] for each in world.twin.ledger("token_refused")] == ["invalid_grant"]  # asked about once
    assert await of_connection(world, tenant, "due_at") is None


async def test_a_token_called_dead_is_asked_about_a_second_time_before_anybody_is_bothered(
    world: World, tenant: Tenant
) -> None:
    text = await refresh_text(world, await connection_of(world, tenant))
    world.twin.world.grants.rotate(text.reveal(), client_id=CLIENT_ID)
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert await standing(world, tenant) == (Standing.SUSPECT, Cause.TOKEN_DEAD)

    await asked_again(world, LOOK_AGAIN / 2)
    assert len(world.twin.ledger("token_refused")) == 1
    await asked_again(world, LOOK_AGAIN)
    assert await standing(world, tenant) == (Standing.LAPSED, Cause.TOKEN_DEAD)
    assert len(world.twin.ledger("token_refused")) == 2
    with pytest.raises(ConsentEnded):
        await token(world, tenant)
    await asked_again(world, timedelta(days=2))
    assert len(world.twin.ledger("token_refused")) == 2  # a person must act; nobody asks for ever


async def test_maintenance_marks_nobody_and_asks_nobody_before_its_end(world: World, tenant: Tenant) -> None:
    before = await connection_of(world, tenant)
    trouble(world, Kind.HTTP_503, operation="token")
    for _ in range(3):
        with pytest.raises(Unavailable) as failure:
            await token(world, tenant)
        assert timedelta(seconds=115) < failure.value.wait <= timedelta(seconds=120)
    assert token_calls(world) == 1
    assert await connection_of(world, tenant) == before

    later(world, timedelta(seconds=120))
    await token(world, tenant)  # one call tries, and the breaker is closed by its success
    assert rotations(world) == 1
    assert (await rows(world, "select reason from breakers"))[0]["reason"] is None


@pytest.mark.parametrize("kind", [Kind.DROP_AFTER, Kind.HTTP_500_AFTER])
async def test_a_lost_answer_is_found_out_by_asking_again_once_the_first_call_can_no_longer_run(
    world: World, tenant: Tenant, kind: Kind
) -> None:
    trouble(world, kind, operation="token")
    with pytest.raises(Unavailable) as failure:
        await token(world, tenant)
    assert ANSWER_WITHIN - timedelta(seconds=20) < failure.value.wait <= ANSWER_WITHIN
    assert await standing(world, tenant) == (Standing.UNCERTAIN, Cause.ANSWER_LOST)

    await asked_again(world, ANSWER_WITHIN / 2)
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert (rotations(world), len(world.twin.ledger("token_refused"))) == (1, 0)  # nobody asks before that time

    await asked_again(world, ANSWER_WITHIN / 2)  # this provider gives no grace: the token is dead
    assert await standing(world, tenant) == (Standing.SUSPECT, Cause.ANSWER_LOST)
    await asked_again(world, LOOK_AGAIN)
    assert await standing(world, tenant) == (Standing.LAPSED, Cause.ANSWER_LOST)
    assert [each["outcome"] for each in await rows(world, "select * from renewal_outcomes order by ended_at")] == [
        "unknown",
        "dead",
        "dead",
    ]


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE, Kind.HTTP_500, Kind.HTML_200])
async def test_an_answer_lost_before_anything_was_done_heals_by_itself(
    world: World, tenant: Tenant, kind: Kind
) -> None:
    trouble(world, kind, operation="token")
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert await standing(world, tenant) == (Standing.UNCERTAIN, Cause.ANSWER_LOST)

    await asked_again(world, ANSWER_WITHIN)
    await token(world, tenant)
    assert await standing(world, tenant) == (Standing.ACTIVE, None)
    assert rotations(world) == 1


async def test_half_an_answer_saves_the_refresh_token_that_arrived_in_it(world: World, tenant: Tenant) -> None:
    trouble(world, Kind.TRUNCATE, operation="token")
    await token(world, tenant)
    assert await standing(world, tenant) == (Standing.ACTIVE, None)
    lineage = await rows(world, "select id from grants where tenant_id = :t", t=tenant.id)
    assert (len(lineage), rotations(world), len(world.twin.ledger("token_refused"))) == (2, 1, 0)


async def test_a_wrong_client_secret_of_ours_marks_nobody_and_stops_everybody(world: World, tenant: Tenant) -> None:
    before = await connection_of(world, tenant)
    callback = (f"{world.url}/callback/infomart",)
    world.twin.world.register(Client(CLIENT_ID, "another-secret", callback))
    with pytest.raises(ClientRefused):
        await token(world, tenant)
    for _ in range(3):
        with pytest.raises(Unavailable):
            await token(world, tenant)
    assert len(world.twin.ledger("token_refused")) == 1
    assert await connection_of(world, tenant) == before

    world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, callback))
    later(world, timedelta(minutes=10))
    await token(world, tenant)
    assert rotations(world) == 1


async def test_a_provider_that_turns_every_token_down_is_not_asked_for_ever_more(world: World, tenant: Tenant) -> None:
    first = await token(world, tenant)
    second = await token(world, tenant, refused=first.grant_id)
    assert rotations(world) == 2
    with pytest.raises(Unavailable):
        await token(world, tenant, refused=second.grant_id)
    assert rotations(world) == 2

    later(world, timedelta(minutes=5))
    await token(world, tenant, refused=second.grant_id)
    assert rotations(world) == 3


async def test_no_more_connections_are_given_up_at_once_than_an_accident_would_explain(world: World) -> None:
    tenants = [await joined(world, f"tenant-{uuid4()}", invoices=0) for _ in range(5)]
    for tenant in tenants:
        text = await refresh_text(world, await connection_of(world, tenant))
        world.twin.world.grants.rotate(text.reveal(), client_id=CLIENT_ID)
    later(world, timedelta(days=9))
    await swept(world)
    await asked_again(world, LOOK_AGAIN)
    standings = [(await standing(world, tenant))[0] for tenant in tenants]
    assert (standings.count(Standing.LAPSED), standings.count(Standing.SUSPECT)) == (3, 2)

    await asked_again(world, timedelta(minutes=10))
    assert {(await standing(world, tenant))[0] for tenant in tenants} == {Standing.LAPSED}


async def test_a_connection_somebody_else_has_meanwhile_is_not_counted_as_given_up(
    world: World, tenant: Tenant
) -> None:
    connection, owner = await connection_of(world, tenant), new_id()
    grant = await current(world, connection)
    async with world.flows.upkeep.store.within(Scope.of_tenant(tenant.id)) as work:
        await work.renewals.lease(connection.id, grant.id, owner, world.clock.now())
        [leased] = await work.renewals.held(owner)
    await rows(world, "update connections set renewal_id = gen_random_uuid() where tenant_id = :t", t=tenant.id)

    counted = "select coalesce(sum(deaths), 0) as deaths from breakers"
    before = await rows(world, counted)
    gone = ConsentEnded(provider=connection.provider, person_inactive=True)
    await world.flows.upkeep.renewing.doubting.ended(leased, gone)
    assert await rows(world, counted) == before
    assert await standing(world, tenant) == (Standing.ACTIVE, None)
