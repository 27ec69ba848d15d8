"""The desk reads each fetch once, so many at a time, and comes to a good end."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from connector.domain.access import Scope
from connector.domain.fetch import Fetch, Reading, Window
from connector.errors import Unavailable
from connector.ids import ConnectionId, FetchId, TenantId
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.flows.bench import calls, joined
from tests.connector.flows.readings import all_pages
from tests.connector.flows.shared import anew
from tests.workers.crew import until
from tests.world import World
from workers.desk import TURN, Desk
from workers.jobs import read_fetch


class Readings:
    """Readings that take as long as the test wants, and remember who they were for."""

    def __init__(self) -> None:
        self.begun: list[tuple[TenantId, FetchId]] = []
        self.ended: list[tuple[TenantId, FetchId]] = []
        self.gate = asyncio.Event()
        self.most = 0

    async def read(self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool]) -> None:
        async def let_go() -> bool:
            return self.gate.is_set() or enough()

        self.begun.append((tenant, fetch_id))
        self.most = max(self.most, len(self.begun) - len(self.ended))
        await until(let_go, 30)
        self.ended.append((tenant, fetch_id))


def ids(number: int) -> tuple[TenantId, FetchId]:
    return TenantId(UUID(int=number)), FetchId(UUID(int=1000 + number))


async def settle() -> None:
    await asyncio.sleep(0.12)


async def test_no_more_are_read_at_a_time_than_there_are_places_and_all_are_read_in_the_end() -> None:
    readings = Readings()
    desk = Desk(readings, places=3)
    for number in range(20):
        desk.take(*ids(number))
    await settle()
    assert len(readings.begun) == 3
    readings.gate.set()
    await settle()
    assert readings.most == 3
    assert sorted(readings.ended) == sorted(ids(number) for number in range(20))


async def test_a_fetch_that_is_being_read_is_not_begun_again_and_another_tenants_is_not_mistaken_for_it() -> None:
    readings = Readings()
    desk = Desk(readings, places=9)
    tenant, fetch = ids(1)
    for _ in range(5):
        desk.take(tenant, fetch)
    desk.take(ids(2)[0], fetch)
    await settle()
    assert readings.begun == [(tenant, fetch), (ids(2)[0], fetch)]
    readings.gate.set()
    await desk.read(tenant, fetch)
    await desk.read(tenant, fetch)
    assert len(readings.begun) == 3  # once it has ended it may be read again; the claim inside decides


async def test_a_desk_that_closes_lets_pages_end_and_begins_nothing_more() -> None:
    readings = Readings()
    desk = Desk(readings, places=2)
    for number in range(5):
        desk.take(*ids(number))
    await settle()
    await desk.close(patience=5)
    desk.take(*ids(9))
    await settle()
    assert sorted(readings.ended) == sorted(readings.begun) == [ids(0), ids(1)]


async def test_a_reading_that_does_not_end_is_ended_after_the_patience() -> None:
    class Deaf(Readings):
        async def read(self, *_: object, **__: object) -> None:
            await self.gate.wait()

    desk = Desk(Deaf(), places=2)
    desk.take(*ids(1))
    await settle()
    began = time.monotonic()
    await desk.close(patience=0.2)
    assert 0.2 <= time.monotonic() - began < 1


@pytest.mark.parametrize("failure", [Unavailable(), ValueError("odd"), KeyError("x")])
async def test_a_reading_that_fails_is_written_down_and_takes_nobody_with_it(failure: Exception) -> None:
    class Failing(Readings):
        async def read(self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool]) -> None:
            assert not enough()
            self.begun.append((tenant, fetch_id))
            raise failure

    readings = Failing()
    desk = Desk(readings, places=1)
    for number in range(3):
        await desk.read(*ids(number))
    assert len(readings.begun) == 3


class Lists:
    """Lists of so many pages each, read a page at a time; what was read, in order."""

    def __init__(self, pages: Mapping[FetchId, int]) -> None:
        self.left = dict(pages)
        self.read_: list[FetchId] = []

    async def read(self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool]) -> Fetch:
        while self.left[fetch_id]:
            await asyncio.sleep(0)
            self.left[fetch_id] -= 1
            self.read_.append(fetch_id)
            if enough():
                break
        ended = Reading.RUNNING if self.left[fetch_id] else Reading.COMPLETE
        return a_fetch(tenant, fetch_id, ended)


def a_fetch(tenant: TenantId, fetch: FetchId, reading: Reading) -> Fetch:
    moment, day = datetime(2026, 4, 1, tzinfo=UTC), date(2026, 4, 1)
    return Fetch(
        tenant_id=tenant,
        id=fetch,
        connection_id=ConnectionId(fetch),
        window=Window(first_day=day, last_day=day),
        reading=reading,
        in_pass=1,
        next_page=1,
        pages=0,
        rows=0,
        problem=None,
        stumbles=0,
        requested_at=moment,
        due_at=moment,
        finished_at=None,
        as_of=None,
    )


async def test_one_tenants_month_end_keeps_the_others_waiting_for_one_turn_and_not_for_its_end() -> None:
    huge, small = ids(1), [ids(number) for number in range(2, 22)]
    lists = Lists({huge[1]: 2500, **dict.fromkeys([fetch for _, fetch in small], 2)})
    desk = Desk(lists, places=1)
    for tenant, fetch in [huge, *small]:
        desk.take(tenant, fetch)
    await asyncio.gather(*[desk.read(*each) for each in small])
    expected = [huge[1]] * TURN + [fetch for _, fetch in small for _ in range(2)]
    assert lists.read_[: len(expected)] == expected
    await desk.read(*huge)
    assert lists.left == dict.fromkeys(lists.left, 0)


async def test_two_huge_lists_take_turns_and_one_alone_is_read_on_without_a_pause() -> None:
    one, other = ids(1), ids(2)
    lists = Lists({one[1]: 3 * TURN, other[1]: TURN})
    desk = Desk(lists, places=1)
    await asyncio.gather(desk.read(*one), desk.read(*other))
    assert lists.read_ == [one[1]] * TURN + [other[1]] * TURN + [one[1]] * 2 * TURN


async def test_a_job_that_is_called_off_does_not_take_its_reading_with_it() -> None:
    readings = Readings()
    desk = Desk(readings, places=1)
    tenant, fetch = ids(1)
    job = asyncio.create_task(read_fetch({"desk": desk}, str(tenant), str(fetch)))
    await settle()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    assert readings.ended == []
    readings.gate.set()
    await settle()
    assert readings.ended == [(tenant, fetch)]


@pytest.mark.parametrize("told", [("", ""), ("x", "y"), (str(uuid4()), "../../etc"), ("\0", "\udcff")])
async def test_a_job_that_names_nothing_does_nothing(told: tuple[str, str]) -> None:
    readings = Readings()
    await read_fetch({"desk": Desk(readings, places=1)}, *told)
    assert readings.begun == []


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


async def test_every_job_twice_is_the_same_as_once(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=150)
    [fetch] = await world.flows.fetching.request(Scope.of_tenant(tenant.id), tenant.id)
    one, two = Desk(world.flows.fetching, places=5), Desk(world.flows.fetching, places=5)  # as if of two workers
    ring = (str(tenant.id), str(fetch.id))
    await asyncio.gather(*[read_fetch({"desk": desk}, *ring) for desk in (one, two, one, two)])
    await read_fetch({"desk": one}, *ring)
    assert calls(world) == all_pages(150)


async def test_a_job_that_pairs_a_fetch_with_another_tenant_does_nothing(world: World) -> None:
    ours, theirs = [await joined(world, f"tenant-{uuid4()}", invoices=5) for _ in range(2)]
    [fetch] = await world.flows.fetching.request(Scope.of_tenant(theirs.id), theirs.id)
    desk = Desk(world.flows.fetching, places=5)
    for _ in range(3):
        await read_fetch({"desk": desk}, str(ours.id), str(fetch.id))
    await read_fetch({"desk": desk}, str(uuid4()), str(fetch.id))
    found = await world.flows.reading.fetch(Scope.of_tenant(theirs.id), theirs.id, fetch.id)
    assert found is not None
    assert (found.reading, found.next_page) == (Reading.WAITING, 1)
    assert calls(world) == []


async def test_a_page_under_way_is_finished_and_the_next_is_left_to_another_worker(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=250)
    [fetch] = await world.flows.fetching.request(Scope.of_tenant(tenant.id), tenant.id)
    world.twin.world.faults.add(Fault("invoices", Kind.DELAY, skip=1, seconds=0.4))
    closing, other = Desk(world.flows.fetching, places=1), Desk(world.flows.fetching, places=1)
    closing.take(tenant.id, fetch.id)

    async def second_page_asked_for() -> bool:
        return bool(world.twin.ledger("fault_struck"))

    await until(second_page_asked_for, 10)
    await closing.close(patience=5)
    assert calls(world) == [1, 2]
    await other.read(tenant.id, fetch.id)
    assert calls(world) == all_pages(250)
