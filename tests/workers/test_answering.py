"""A worker answers rings at once, whatever else lies on its queue; one real process for the whole module."""

import asyncio
import json
import os
import pickle
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from arq.connections import ArqRedis

from connector.domain.access import Scope, Tenant
from connector.domain.fetch import Fetch, Reading
from connector.doorbell import QUEUE, READ_FETCH, open_queue, serialise
from tests.connector.flows.bench import calls, held_by_provider, joined, mirrored
from tests.connector.flows.readings import all_pages
from tests.connector.flows.shared import anew
from tests.connector.test_doorbell import Touching
from tests.workers.crew import WorkerProcess, started, until, worker
from tests.world import World

DEAD = [f"dead-{number}" for number in range(150)]


@pytest.fixture(scope="module")
async def at_work(shared: World, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[WorkerProcess]:
    queue = open_queue(shared.settings.redis_url)
    for name in DEAD:  # what workers that were killed under load leave behind
        await queue.set(f"arq:in-progress:{name}", b"1", px=3_600_000)
    await queue.zadd(QUEUE, dict.fromkeys(DEAD, time.time() * 1000 - 61_000))
    await queue.aclose(close_connection_pool=True)
    with worker(shared.environment, tmp_path_factory.mktemp("worker")) as running:
        await started(running)
        yield running


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def queue(world: World) -> AsyncIterator[ArqRedis]:
    queue = open_queue(world.settings.redis_url)
    yield queue
    await queue.aclose(close_connection_pool=True)


async def ended(world: World, tenant: Tenant) -> Fetch | None:
    """The tenant's newest fetch once it has ended."""
    async with world.flows.fetching.store.within(Scope.of_tenant(tenant.id)) as work:
        newest, *_ = await work.fetches.of_tenant(tenant.id, most=1)
    return newest if newest.reading in {Reading.COMPLETE, Reading.FAILED} else None


async def test_a_hundred_and_fifty_rings_of_dead_workers_do_not_hide_the_living(
    world: World, at_work: WorkerProcess, queue: ArqRedis
) -> None:
    await still_answers(world, at_work)
    await until(lambda: empty(queue), 5, at_work.words)


async def test_a_tenant_that_joins_is_read_and_every_later_wish_is_answered_within_a_second(
    world: World, at_work: WorkerProcess
) -> None:
    name = f"tenant-{uuid4()}"
    tenant = await joined(world, name, invoices=30)

    async def all_there() -> bool:
        return await ended(world, tenant) is not None

    await until(all_there, 5, at_work.words)
    waits = []
    for _ in range(5):
        began = time.monotonic()
        await world.flows.fetching.request(Scope.of_tenant(tenant.id), tenant.id)
        await until(all_there, 5, at_work.words)
        waits.append(time.monotonic() - began)
    assert statistics.median(waits) < 1  # without a ring each would wait for the next sweep, two seconds after the last
    assert await mirrored(world, tenant) == held_by_provider(world, name)


async def still_answers(world: World, at_work: WorkerProcess, within: float = 5) -> None:
    """The worker that was there before is there still, and answers a ring."""
    assert at_work.process.poll() is None, at_work.words()
    name = f"tenant-{uuid4()}"
    tenant = await joined(world, name, invoices=1)

    async def done() -> bool:
        return await ended(world, tenant) is not None

    await until(done, within, at_work.words)
    assert calls(world, name) == all_pages(1)


async def empty(queue: ArqRedis) -> bool:
    return bool(await queue.zcard(QUEUE) == 0)


def ring(**parts: Any) -> bytes:
    return serialise({"f": READ_FETCH, "a": [str(uuid4())] * 2, "k": {}, "t": None, "et": 1, **parts})


async def test_a_pickle_left_on_the_queue_is_thrown_away_unopened(
    world: World, at_work: WorkerProcess, queue: ArqRedis, tmp_path: Path
) -> None:
    trap = tmp_path / "opened"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        content = pickle.dumps({"t": 1, "f": READ_FETCH, "a": (Touching(trap),), "k": {}, "et": 1}, protocol=protocol)
        await queue.set(f"arq:job:trap-{protocol}", content)
        await queue.zadd(QUEUE, {f"trap-{protocol}": time.time() * 1000})
    await until(lambda: empty(queue), 5, at_work.words)
    assert not trap.exists()
    await still_answers(world, at_work)


async def test_rings_that_make_no_sense_are_thrown_away_and_the_worker_lives_on(
    world: World, at_work: WorkerProcess, queue: ArqRedis
) -> None:
    nonsense = {
        "no-content": None,
        "no-json": b"\xff\x00{",
        "no-object": b"[]",
        "deep": b"[" * 100_000,
        "unknown-job": ring(f="drop_all_tables"),
        "job-of-lists": ring(f=[]),
        "no-list": ring(a=5),
        "no-ids": ring(a=["x", "y"]),
        "too-few": ring(a=[]),
        "too-many": ring(a=[str(uuid4())] * 5),
        "named": ring(k={"ctx": "x"}),
        "tries": ring(t="soon"),
        "long-ago": ring(et="yesterday"),
        "nobody": ring(),
    }
    for name, content in nonsense.items():
        if content is not None:
            await queue.set(f"arq:job:{name}", content)
        await queue.zadd(QUEUE, {name: time.time() * 1000})
    await until(lambda: empty(queue), 5, at_work.words)
    await still_answers(world, at_work)


async def test_a_queue_that_nobody_can_read_is_emptied_and_rings_are_answered_again(
    world: World, at_work: WorkerProcess, queue: ArqRedis
) -> None:
    await queue.zadd(QUEUE, {b"\xff\xfe no text": time.time() * 1000})
    await asyncio.sleep(0.2)
    await until(lambda: empty(queue), 5, at_work.words)
    await still_answers(world, at_work, within=5)
    assert "it is emptied" in at_work.words()


async def test_a_queue_of_the_wrong_kind_is_worked_without(
    world: World, at_work: WorkerProcess, queue: ArqRedis
) -> None:
    await queue.delete(QUEUE)
    await queue.set(QUEUE, "not a queue")
    await still_answers(world, at_work, within=10)
    await queue.delete(QUEUE)


def health(at_work: WorkerProcess) -> tuple[int, dict[str, bool]]:
    done = subprocess.run(
        [sys.executable, "-m", "connector", "health", "worker", "--json"],
        env={"PATH": os.defpath, "TMPDIR": str(at_work.folder)},
        capture_output=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


async def test_a_probe_learns_from_the_heartbeat_whether_the_worker_goes_round(at_work: WorkerProcess) -> None:
    [heart] = at_work.folder.glob("connector-worker-*.alive")
    first = heart.stat().st_mtime
    assert health(at_work) == (0, {"well": True})

    async def beats() -> bool:
        return heart.stat().st_mtime > first

    await until(beats, 5, at_work.words)


async def test_a_worker_logs_neither_tokens_nor_its_addresses(world: World, at_work: WorkerProcess) -> None:
    words = at_work.words()
    assert "answered" in words
    assert "Task exception was never retrieved" not in words
    assert world.settings.accounts
    for secret in (world.settings.database_url, world.settings.redis_url, *_client_secrets(world)):
        assert secret.reveal() not in words


def _client_secrets(world: World) -> list[Any]:
    return [account.client_secret for account in world.settings.accounts.values()]
