"""With Redis down, the timetable reads by itself; with Redis back, rings are answered again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from connector.domain.access import Scope
from connector.ids import TenantId
from tests.conftest import Cluster
from tests.connector.flows.bench import calls, held_by_provider, joined, mirrored
from tests.connector.flows.readings import all_pages
from tests.workers.crew import Line, own_redis, started, until, worker
from tests.workers.test_taking_over import all_read
from tests.world import TwinServer, World, serving


@asynccontextmanager
async def over(line: Line, database_url: str, kek: Path, twin: TwinServer) -> AsyncIterator[World]:
    """An installation that reaches Redis over this line only."""
    async with serving(database_url, line.url, kek, twin) as world:
        yield world


async def test_with_redis_down_from_start_to_end_every_tenant_is_read_and_the_worker_ends_well(
    database_url: str, cluster: Cluster, kek: Path, twin: TwinServer, tmp_path: Path
) -> None:
    line = Line(own_redis(cluster))
    await line.mend()
    await line.cut()
    names = [f"tenant-{uuid4()}" for _ in range(8)]
    async with over(line, database_url, kek, twin) as world:
        with worker(world.environment, tmp_path) as running:
            tenants = [await joined(world, name, invoices=90) for name in names]
            await until(lambda: all_read(world), 20, running.words)
            again = await world.flows.fetching.request(Scope.of_tenant(tenants[0].id), tenants[0].id)
            assert len(again) == 1
            await until(lambda: all_read(world), 5, running.words)  # within two sweeps
            await started(running)
            assert await running.stop(within=30) == 0
        for tenant, name in zip(tenants, names, strict=True):
            assert await mirrored(world, tenant) == held_by_provider(world, name)
        assert sorted(calls(world)) == sorted(9 * all_pages(90))
        assert "Traceback" not in running.words()


async def test_redis_may_come_and_go_while_a_worker_works(
    database_url: str, cluster: Cluster, kek: Path, twin: TwinServer, tmp_path: Path
) -> None:
    line = Line(own_redis(cluster))
    await line.mend()
    async with over(line, database_url, kek, twin) as world:
        with worker(world.environment, tmp_path) as running:
            await started(running)
            tenant = await joined(world, f"tenant-{uuid4()}", invoices=5)
            await until(lambda: all_read(world), 5, running.words)
            await line.cut()
            await world.flows.fetching.request(Scope.of_tenant(tenant.id), tenant.id)
            await until(lambda: all_read(world), 6, running.words)
            await line.mend()
            await until(lambda: _answers_at_once(world, tenant.id), 10, running.words)
            assert running.process.poll() is None
            assert await running.stop(within=10) == 0
        assert "Task exception was never retrieved" not in running.words()
    await line.cut()


async def _answers_at_once(world: World, tenant: TenantId) -> bool:
    """Whether a ring is answered sooner than a sweep would find it."""
    await world.flows.fetching.request(Scope.of_tenant(tenant), tenant)
    await asyncio.sleep(0.3)
    return await all_read(world)
