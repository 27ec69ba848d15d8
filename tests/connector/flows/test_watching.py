"""What an operator is told of renewals and losses: each is counted once, under its cause, and names nobody."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Standing
from connector.domain.renewal import ANSWER_WITHIN, LOOK_AGAIN
from connector.errors import ConnectorError, Unavailable
from connector.flows.watching import CENSUS_EVERY
from connector.ids import new_id
from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Fault, Kind
from connector.watch import PrometheusWatch
from tests.connector.flows.bench import connection_of, joined, later, rows, trouble
from tests.connector.flows.renewals import FOUR_MINUTES, refresh_text, rotations, swept, token
from tests.connector.scraping import Figures, figures, scraped
from tests.world import CLIENT_ID, World

MOMENT = timedelta(seconds=1)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0)
    later(world, FOUR_MINUTES)
    return tenant


def text(world: World) -> str:
    watch = world.flows.upkeep.watch
    assert isinstance(watch, PrometheusWatch)
    return scraped(watch.registry)


def told(world: World, name: str) -> Figures:
    return figures(text(world), name)


async def looked(world: World) -> None:
    """A worker's census; nobody reads the one of this installation, which is not served."""
    later(world, CENSUS_EVERY)
    await replace(world.flows.watching, wanted=True).look()


async def asked_again(world: World, after: timedelta) -> None:
    later(world, after + MOMENT)
    await swept(world)


async def test_a_renewal_is_counted_with_its_call_its_window_and_the_tokens_given(world: World, tenant: Tenant) -> None:
    for _ in range(3):
        await token(world, tenant)
    assert told(world, "renewals_total") == {("renewed", "infomart"): 1}
    assert told(world, "access_tokens_total") == {("renewed", "infomart"): 1, ("kept", "infomart"): 2}
    assert told(world, "token_call_seconds_count") == {("infomart",): 1}
    assert told(world, "journal_window_seconds_count") == {(): 1}
    assert told(world, "journal_window_seconds_sum")[()] < told(world, "token_call_seconds_sum")[("infomart",)] + 5
    assert told(world, "tokens_lost_total") == {}
    assert (told(world, "journal_unsettled"), told(world, "journal_oldest_seconds")) == ({(): 0}, {(): 0})


async def test_a_lost_answer_is_one_unknown_and_one_loss_however_often_it_is_asked_about(
    world: World, tenant: Tenant
) -> None:
    trouble(world, Kind.DROP_AFTER, operation="token")
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert told(world, "renewals_total") == {("unknown", "infomart"): 1}
    await asked_again(world, ANSWER_WITHIN)
    assert told(world, "tokens_lost_total") == {}  # it is asked again before anybody is bothered
    for _ in range(3):
        await asked_again(world, LOOK_AGAIN)
    assert told(world, "renewals_total") == {("unknown", "infomart"): 1, ("dead", "infomart"): 2}
    assert told(world, "tokens_lost_total") == {("answer_lost", "infomart"): 1}
    assert told(world, "renewals_abandoned_total") == {}  # nobody of ours died, so it was not our crash


async def test_a_consent_nobody_renewed_in_time_is_lost_by_its_own_cause(world: World, tenant: Tenant) -> None:
    later(world, timedelta(days=31))
    with pytest.raises(ConnectorError):
        await token(world, tenant)
    assert told(world, "tokens_lost_total") == {("consent_expired", "infomart"): 1}


async def test_a_renewal_whose_process_died_is_told_apart_from_one_that_went_unanswered(
    world: World, tenant: Tenant
) -> None:
    connection, owner = await connection_of(world, tenant), new_id()
    async with world.flows.upkeep.store.within(Scope.of_tenant(tenant.id)) as work:
        grant = await work.connections.current_grant(connection.id)
        assert grant is not None
        assert await work.renewals.lease(connection.id, grant.id, owner, world.clock.now())
    for _ in range(2):
        await asked_again(world, ANSWER_WITHIN)
    assert told(world, "renewals_abandoned_total") == {("infomart",): 1}
    assert told(world, "renewals_total") == {("unknown", "infomart"): 1, ("renewed", "infomart"): 1}


async def test_an_answer_that_comes_after_all_is_counted_as_adopted(world: World, tenant: Tenant) -> None:
    renewing = replace(world.flows.upkeep.renewing, patience=timedelta(seconds=0.1))
    world.twin.world.faults.add(Fault("token", Kind.DELAY, seconds=0.5))
    with pytest.raises(Unavailable):
        await replace(world.flows.upkeep, renewing=renewing).access_token(
            tenant.id, (await connection_of(world, tenant)).id
        )
    for _ in range(200):
        if (await connection_of(world, tenant)).standing is Standing.ACTIVE:
            break
        await asyncio.sleep(0.05)
    assert told(world, "renewals_total") == {("unknown", "infomart"): 1, ("adopted", "infomart"): 1}
    assert rotations(world) == 1


async def test_our_own_bad_secret_is_declined_opens_a_breaker_and_loses_nobody(world: World, tenant: Tenant) -> None:
    world.twin.world.register(Client(CLIENT_ID, "another-secret", (f"{world.url}/callback/infomart",)))
    with pytest.raises(ConnectorError):
        await token(world, tenant)
    await looked(world)
    assert told(world, "renewals_total") == {("declined", "infomart"): 1}
    assert told(world, "tokens_lost_total") == {}
    assert told(world, "breaker_open") == {
        ("infomart", "client_refused"): 1,
        ("infomart", "maintenance"): 0,
        ("infomart", "unreachable"): 0,
    }


async def test_deaths_that_are_held_back_are_counted_and_lost_only_once_they_are_believed(world: World) -> None:
    tenants = [await joined(world, f"tenant-{uuid4()}", invoices=0) for _ in range(5)]
    for tenant in tenants:
        refresh = await refresh_text(world, await connection_of(world, tenant))
        world.twin.world.grants.rotate(refresh.reveal(), client_id=CLIENT_ID)
    later(world, timedelta(days=9))
    await swept(world)
    await asked_again(world, LOOK_AGAIN)
    assert told(world, "tokens_lost_total") == {("token_dead", "infomart"): 3}
    assert told(world, "deaths_held_back_total") == {("infomart",): 2}
    await looked(world)
    assert told(world, "connections") == {
        ("token_dead", "infomart", "lapsed"): 3,
        ("token_dead", "infomart", "suspect"): 2,
    }
    assert told(world, "standing_oldest_seconds")["infomart", "suspect"] > LOOK_AGAIN.total_seconds()
    await asked_again(world, timedelta(minutes=10))
    assert told(world, "tokens_lost_total") == {("token_dead", "infomart"): 5}


async def test_consents_that_nobody_renews_show_up_on_day_14_and_on_day_24(world: World, tenant: Tenant) -> None:
    seen = {}
    for day in (13, 15, 23, 25, 29):
        later(world, (await connection_of(world, tenant)).changed_at + timedelta(days=day) - world.clock.now())
        await looked(world)
        ending = told(world, "consents_ending")
        seen[day] = [days for days in ("24", "17", "7", "3", "1") if ending["infomart", days] == 1]
    assert seen == {13: ["24"], 15: ["24", "17"], 23: ["24", "17"], 25: ["24", "17", "7"], 29: ["24", "17", "7", "3"]}


async def test_one_census_in_half_a_minute_is_enough_and_none_is_taken_where_nobody_reads_it(
    world: World, tenant: Tenant
) -> None:
    await world.flows.watching.look()
    assert told(world, "connections") == {}
    watching = replace(world.flows.watching, wanted=True)
    await watching.look()
    await rows(world, "update connections set standing = 'unreadable' where tenant_id = :id", id=tenant.id)
    await watching.look()
    assert told(world, "connections") == {("", "infomart", "active"): 1}
    later(world, CENSUS_EVERY)
    assert CENSUS_EVERY.total_seconds() <= told(world, "census_age_seconds")[()]  # it grows until the next is taken
    await watching.look()
    assert told(world, "connections") == {("", "infomart", "unreadable"): 1}
    assert told(world, "census_age_seconds")[()] < CENSUS_EVERY.total_seconds()


async def test_no_scrape_names_a_tenant_a_connection_or_a_token(world: World, tenant: Tenant) -> None:
    given = await token(world, tenant)
    await looked(world)
    connection = await connection_of(world, tenant)
    said = text(world)
    assert "infomart" in said
    for secret in (str(tenant.id), str(connection.id), str(given.grant_id), given.text.reveal(), tenant.name):
        assert secret not in said
    assert not [word for word in said.replace('"', " ").split() if _is_id(word)]


def _is_id(word: str) -> bool:
    try:
        UUID(word)
    except ValueError:
        return False
    return True
