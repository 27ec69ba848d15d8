"""Workers are killed, told to stop and robbed of their queue; what the provider holds is what the mirror holds."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from arq.connections import ArqRedis

from connector.domain.access import Tenant
from connector.domain.fetch import LEASE, Reading
from connector.doorbell import open_queue
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.flows.bench import calls, held_by_provider, joined, mirrored, rows, value
from tests.connector.flows.readings import all_pages
from tests.connector.flows.shared import anew
from tests.workers.crew import until, worker
from tests.world import World

OPEN = "select count(*) from fetches where reading not in ('complete', 'failed')"


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


async def second_page_is_asked_for(world: World) -> bool:
    return bool(world.twin.ledger("fault_struck"))


async def all_read(world: World) -> bool:
    return bool(await value(world, OPEN) == 0)


async def lease_left(world: World, tenant: Tenant) -> timedelta | None:
    left: timedelta | None = await value(
        world, "select lease_until - now() from fetches where tenant_id = :tenant", tenant=tenant.id
    )
    return left


async def test_a_worker_that_is_killed_within_a_page_is_replaced_within_its_lease_and_nothing_is_lost_or_doubled(
    world: World, tmp_path: Path
) -> None:
    name = f"tenant-{uuid4()}"
    world.twin.world.faults.add(Fault("invoices", Kind.DELAY, skip=1, seconds=5))
    with worker(world.environment, tmp_path, "first") as first:
        tenant = await joined(world, name, invoices=250)
        await until(lambda: second_page_is_asked_for(world), 15, first.words)
        first.kill()
    assert (await mirrored(world, tenant)).total() == 100
    left = await lease_left(world, tenant)
    assert left is not None
    assert timedelta() < left <= LEASE  # nobody waits longer than that; from here we do not wait for it to pass
    queue = open_queue(world.settings.redis_url)
    await queue.flushdb()  # by then, rings have another id than the one that arq keeps for the dead
    await queue.aclose(close_connection_pool=True)
    await rows(world, "update fetches set lease_until = now() where tenant_id = :tenant", tenant=tenant.id)

    with worker(world.environment, tmp_path, "second") as second:
        await until(lambda: all_read(world), 60, second.words)
    assert await mirrored(world, tenant) == held_by_provider(world, name)
    receipt = await value(world, "select rows from receipts where tenant_id = :tenant", tenant=tenant.id)
    assert receipt == 250
    twice = [2] * (len(calls(world, name)) - len(all_pages(250)))  # the dead reader's page may have been answered
    assert len(twice) <= 1
    assert sorted(calls(world, name)) == sorted([*all_pages(250), *twice])


async def test_a_worker_told_to_stop_finishes_its_page_leaves_the_rest_and_ends_well(
    world: World, tmp_path: Path
) -> None:
    name = f"tenant-{uuid4()}"
    world.twin.world.faults.add(Fault("invoices", Kind.DELAY, skip=1, seconds=1))
    with worker(world.environment, tmp_path, "first") as first:
        tenant = await joined(world, name, invoices=250)
        await until(lambda: second_page_is_asked_for(world), 15, first.words)
        assert await first.stop(within=30) == 0
    assert calls(world, name) == [1, 2]
    assert (await mirrored(world, tenant)).total() == 200
    left = await lease_left(world, tenant)
    assert left is not None
    assert left <= timedelta()
    words = first.words()
    assert "stopped" in words
    assert "Traceback" not in words

    [rest] = await world.read_all(tenant)  # at once, by whoever comes next
    assert (rest.reading, rest.rows) == (Reading.COMPLETE, 250)
    assert calls(world, name) == all_pages(250)
    assert await mirrored(world, tenant) == held_by_provider(world, name)


async def test_a_queue_that_forgets_everything_again_and_again_costs_no_fetch_and_two_workers_share_the_work(
    world: World, tmp_path: Path
) -> None:
    names = [f"tenant-{uuid4()}" for _ in range(10)]
    tenants = [await joined(world, name, invoices=90) for name in names]
    queue = open_queue(world.settings.redis_url)
    await queue.flushdb()
    with worker(world.environment, tmp_path, "one") as one, worker(world.environment, tmp_path, "two") as two:
        await until(lambda: _flushed_until_all_is_read(world, queue), 20, lambda: one.words() + two.words())
    await queue.aclose(close_connection_pool=True)
    for tenant, name in zip(tenants, names, strict=True):
        assert await mirrored(world, tenant) == held_by_provider(world, name)
    assert sorted(calls(world, *names)) == sorted(10 * all_pages(90))


async def _flushed_until_all_is_read(world: World, queue: ArqRedis) -> bool:
    await queue.flushdb()
    return await all_read(world)
