"""What a reading does when contract, token or consent do not hold."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.entitlement import Flag
from connector.domain.fetch import Reading
from connector.ports import InvoicePage
from connector.twins.infomart.clients import Client
from tests.connector.flows.bench import calls, joined, later
from tests.connector.flows.readers import reading_through
from tests.connector.flows.readings import facts, open_fetch, read
from tests.connector.flows.shared import anew
from tests.world import CLIENT_ID, CLIENT_SECRET, World

Ask = Callable[[int], Awaitable[InvoicePage]]
DAY = timedelta(days=1)


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
def name() -> str:
    return f"tenant-{uuid4()}"


async def test_a_tenant_whose_contract_is_declared_to_lack_the_option_costs_no_call(world: World, name: str) -> None:
    world.twin.add_member(f"{name}@example.co.jp", invoices=5)
    tenant = await world.enrol(name, declared={Flag.RECEIVER_PAID_MEMBER: True, Flag.API_OPTION: False})
    await world.join(tenant, f"{name}@example.co.jp")
    fetch = await read(world, tenant)

    assert (fetch.reading, fetch.problem) == (Reading.FAILED, "NOT_ENTITLED")
    assert calls(world) == []
    assert (await facts(world, tenant))["api_option"] == ("refused", "declared", None)


@pytest.mark.parametrize(("lacking", "flag"), [("api_option", "api_option"), ("buyer_paid", "receiver_paid_member")])
async def test_im_10_a_contract_refused_by_the_provider_is_a_fact_for_a_day_and_never_a_bad_request(
    world: World, name: str, lacking: str, flag: str
) -> None:
    pfid = f"{name}@example.co.jp"
    world.twin.add_member(pfid, invoices=5, **{lacking: False})
    tenant = await world.enrol(name, declared={})
    await world.join(tenant, pfid)
    fetch = await read(world, tenant)
    assert (fetch.reading, fetch.problem) == (Reading.FAILED, "NOT_ENTITLED")
    assert await facts(world, tenant) == {flag: ("refused", "refuted", DAY)}
    assert [call["http_status"] for call in world.twin.ledger("api_called")] == [400]

    again = await read(world, tenant)  # asked for once more at once: what is known is not asked again
    assert (again.reading, again.problem, len(calls(world))) == (Reading.FAILED, "NOT_ENTITLED", 1)

    world.twin.world.members.save({"pfid": pfid, lacking: True})
    later(world, DAY / 2)  # neither does asking again make the day longer
    assert ((await read(world, tenant)).problem, len(calls(world))) == ("NOT_ENTITLED", 1)
    later(world, DAY / 2)
    assert (await read(world, tenant)).reading is Reading.COMPLETE
    assert (await facts(world, tenant))[flag] == ("granted", "proven", 40 * DAY)


async def test_a_reading_that_works_proves_every_flag_it_needed(world: World, name: str) -> None:
    pfid = f"{name}@example.co.jp"
    world.twin.add_member(pfid, invoices=1)
    tenant = await world.enrol(name, declared={})
    await world.join(tenant, pfid)
    assert await facts(world, tenant) == {}
    await read(world, tenant)
    proven = ("granted", "proven", 40 * DAY)
    assert await facts(world, tenant) == {"receiver_paid_member": proven, "api_option": proven}


async def test_im_28_a_token_that_ends_while_pages_are_read_is_renewed_once_and_its_page_asked_once_more(
    world: World, name: str
) -> None:
    tenant = await joined(world, name, invoices=250)

    async def clocks_drift_apart(number: int, ask: Ask) -> InvoicePage:
        if number == 2 and not world.twin.ledger("token_rotated"):
            world.twin.world.clock.advance(timedelta(minutes=6))
        return await ask(number)

    fetching = reading_through(world, clocks_drift_apart)
    fetch = await fetching.read(tenant.id, await open_fetch(world, tenant))
    world.clock.ahead += timedelta(minutes=6)
    assert fetch is not None
    assert (fetch.reading, fetch.rows) == (Reading.COMPLETE, 250)
    assert [call["http_status"] for call in world.twin.ledger("api_called")] == [200, 401, *[200] * 6]
    assert len(world.twin.ledger("token_rotated")) == 1


async def test_a_provider_that_takes_no_token_at_all_is_asked_twice_and_then_left_for_later(
    world: World, name: str
) -> None:
    tenant = await joined(world, name, invoices=5)

    async def at_once_outdated(number: int, ask: Ask) -> InvoicePage:
        world.twin.world.clock.advance(timedelta(minutes=6))
        world.clock.ahead += timedelta(minutes=6)
        return await ask(number)

    fetch = await reading_through(world, at_once_outdated).read(tenant.id, await open_fetch(world, tenant))
    assert fetch is not None
    assert (fetch.reading, fetch.problem) == (Reading.WAITING, "ACCESS_EXPIRED")
    assert [call["http_status"] for call in world.twin.ledger("api_called")] == [401, 401]
    assert len(world.twin.ledger("token_rotated")) == 1


async def test_a_consent_that_ended_ends_the_fetch_and_a_fault_of_our_own_does_not(world: World, name: str) -> None:
    callback = (f"{world.url}/callback/infomart",)
    tenant = await joined(world, name, invoices=5)
    later(world, timedelta(minutes=5))
    world.twin.world.register(Client(CLIENT_ID, "another-secret", callback))
    fetch = await read(world, tenant)
    assert (fetch.reading, fetch.problem) == (Reading.WAITING, "CLIENT_REFUSED")

    world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, callback))
    later(world, timedelta(minutes=10))
    assert (await read(world, tenant)).reading is Reading.COMPLETE

    later(world, timedelta(days=31))
    ended = await read(world, tenant)
    assert (ended.reading, ended.problem) == (Reading.FAILED, "CONSENT_ENDED")
