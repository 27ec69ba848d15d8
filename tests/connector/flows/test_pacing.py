"""A provider's answers say when to ask again: it names a time, or each failure in vain doubles the wait."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.fetch import LONGEST_PATIENCE, Reading, patience
from connector.errors import Unavailable, Whose
from connector.flows.pacing import Pacing
from connector.ports import InvoicePage, Pace
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import calls, held_by_provider, joined, later, mirrored, trouble
from tests.connector.flows.readers import reading_through
from tests.connector.flows.readings import open_fetch
from tests.connector.flows.shared import anew
from tests.world import INFOMART, World

Ask = Callable[[int], Awaitable[InvoicePage]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


def test_who_fails_again_and_again_waits_longer_each_time_and_a_quarter_of_a_day_at_most() -> None:
    waits = [patience(stumbles) for stumbles in range(12)]
    assert waits[:9] == [MINUTE * 2**stumbles for stumbles in range(9)]
    assert waits[9:] == [LONGEST_PATIENCE] * 3
    assert patience(10**9) == LONGEST_PATIENCE == timedelta(hours=6)


async def test_an_answer_that_cannot_be_read_is_asked_for_ever_more_rarely_and_its_name_is_kept(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=3)
    fetch = await open_fetch(world, tenant)
    for stumbles in range(4):
        trouble(world, Kind.HTML_200)
        left = await world.flows.fetching.read(tenant.id, fetch)
        assert left is not None
        assert (left.reading, left.problem, left.stumbles) == (Reading.WAITING, "UNREADABLE_ANSWER", stumbles + 1)
        later(world, patience(stumbles) - timedelta(seconds=5))
        assert await world.flows.fetching.read(tenant.id, fetch) is None
        later(world, timedelta(seconds=6))
    done = await world.flows.fetching.read(tenant.id, fetch)
    assert done is not None
    assert (done.reading, done.problem, done.rows) == (Reading.COMPLETE, None, 3)


async def test_a_provider_in_maintenance_is_asked_once_and_every_tenants_work_waits_with_the_time_it_promised(
    world: World,
) -> None:
    names = [f"tenant-{uuid4()}" for _ in range(4)]
    tenants = [await joined(world, name, invoices=5) for name in names]
    fetches = [await open_fetch(world, tenant) for tenant in tenants]
    trouble(world, Kind.HTTP_503, count=9)
    for tenant, fetch in zip(tenants, fetches, strict=True):
        left = await world.flows.fetching.read(tenant.id, fetch)
        assert left is not None
        assert (left.reading, left.problem, left.stumbles) == (Reading.WAITING, "UNAVAILABLE", 0)
        assert timedelta(seconds=100) < left.due_at - world.clock.now() <= timedelta(seconds=120)
    assert len(world.twin.ledger("fault_struck")) == 1

    world.twin.world.faults.clear()
    later(world, timedelta(seconds=121))
    for tenant, fetch, name in zip(tenants, fetches, names, strict=True):
        done = await world.flows.fetching.read(tenant.id, fetch)
        assert done is not None
        assert done.reading is Reading.COMPLETE
        assert await mirrored(world, tenant) == held_by_provider(world, name)


async def test_a_limit_that_may_be_one_tenants_own_puts_nobody_else_off(world: World) -> None:
    pacing, provider = Pacing(world.clock), world.flows.fetching.register.provider(INFOMART)
    for whose, others_wait in ((Whose.OURS, False), (Whose.LINE, False), (Whose.PROVIDER, True)):
        with pytest.raises(Unavailable):
            async with pacing.turn(provider):
                raise Unavailable(wait=MINUTE, whose=whose)
        if others_wait:
            with pytest.raises(Unavailable) as refusal:
                await _a_turn(pacing, world)
            assert timedelta(seconds=50) < refusal.value.wait <= MINUTE
        else:
            await _a_turn(pacing, world)


async def _a_turn(pacing: Pacing, world: World) -> None:
    async with pacing.turn(world.flows.fetching.register.provider(INFOMART)):
        pass


async def test_no_more_calls_run_at_once_than_the_provider_is_to_be_pressed_with_and_tenants_take_turns(
    world: World,
) -> None:
    names = [f"tenant-{uuid4()}" for _ in range(6)]
    tenants = [await joined(world, name, invoices=3) for name in names]
    running, most = 0, 0

    async def watched(number: int, ask: Ask) -> InvoicePage:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        page = await ask(number)
        running -= 1
        return page

    fetching = reading_through(world, watched)
    provider = replace(fetching.register.provider(INFOMART), call_pace=Pace(per_second=1000, at_once=2))
    narrow = replace(fetching, register=replace(fetching.register, only=provider), pacing=Pacing(world.clock))  # type: ignore[type-var]
    await asyncio.gather(*[narrow.read(each.id, await open_fetch(world, each)) for each in tenants])
    assert most == 2
    asked = [each["pfid"] for each in world.twin.ledger("api_called")]
    assert Counter(asked) == Counter({f"{name}@example.co.jp": 2 for name in names})
    assert len(calls(world)) == 12
