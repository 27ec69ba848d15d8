"""Workers are killed and the queue is emptied while many tenants are read; the provider's own count is the judge."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import redis.asyncio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from connector.embedded import servers
from connector.twins.infomart.faults import read_fault
from connector.vault.kms.local import LocalFile
from tests.long.proof import Proof
from tests.world import World, serving, twin_server

INVOICES = 230
PATIENCE = 600.0  # seconds
_SLOW = 1.0  # seconds a page takes, so that kills meet readers at work
_CAREFUL = ("connector", "worker")
_HASTY = ("tests.long.hasty_worker",)


@dataclass(frozen=True, slots=True)
class _Outcome:
    lost: int
    doubled: int
    receipts: int
    kills: int
    idle: int  # kills that met nobody at work
    flushes: int
    seconds: float


async def run(_: str | None) -> list[Proof]:
    """Every tenant joins, two workers read, one of them is killed again and again, and the queue forgets everything."""
    true = await _trial(_CAREFUL, tenants=40, disturbances=15)
    hasty = await _trial(_HASTY, tenants=10, disturbances=4)
    return [
        Proof("invoices lost while workers are killed", 40 * INVOICES, true.lost, 0),
        Proof("invoices doubled while workers are killed", 40 * INVOICES, true.doubled, 0),
        Proof("windows without a receipt", 40, 40 - true.receipts, 0),
        Proof("kills that met nobody at work", true.kills, true.idle, true.kills / 3),
        Proof("seconds until all was read", true.kills + true.flushes, round(true.seconds, 1), PATIENCE),
        Proof("a worker whose cursor runs ahead of its rows goes unnoticed", hasty.kills, int(hasty.lost == 0), 0),
    ]


async def _trial(worker: Sequence[str], *, tenants: int, disturbances: int) -> _Outcome:
    with tempfile.TemporaryDirectory() as folder, servers() as running:
        kek = Path(folder) / "kek.json"
        LocalFile.create(kek, "long")
        await asyncio.to_thread(migrations.upgrade, running.database_url)
        async with AsyncExitStack() as stack:
            twin = await stack.enter_async_context(twin_server())
            world = await stack.enter_async_context(serving(running.database_url, running.redis_url, kek, twin))
            for number in range(tenants):
                await _joined(world, number)
            slow = {"operation": "invoices", "kind": "delay", "count": 10_000, "seconds": _SLOW}
            twin.world.faults.add(read_fault(slow))
            began = time.monotonic()
            kills, idle, flushes = await _disturb(world, running.redis_url, worker, disturbances)
            seconds = time.monotonic() - began
            lost, doubled, receipts = await _compare(world, running.database_url)
    return _Outcome(lost, doubled, receipts, kills, idle, flushes, seconds)


async def _joined(world: World, number: int) -> None:
    pfid = f"member-{number}@example.co.jp"
    world.twin.add_member(pfid, invoices=INVOICES, seed=number)
    tenant = await world.enrol(f"テナント{number}")
    await world.join(tenant, pfid)


async def _disturb(world: World, redis_url: str, words: Sequence[str], disturbances: int) -> tuple[int, int, int]:
    """Kills and flushes until all was read; how many kills, how many of them met nobody at work, how many flushes."""
    dice = random.Random(7)  # noqa: S311 - the same misfortunes every time
    kills = idle = flushes = 0
    workers = [_worker(world, words), _worker(world, words)]
    queue = redis.asyncio.Redis.from_url(redis_url)
    deadline = time.monotonic() + PATIENCE
    try:
        while await _open(world) and time.monotonic() < deadline:
            await asyncio.sleep(dice.uniform(2.0, 6.0))
            if kills < disturbances:
                victim = dice.randrange(len(workers))
                os.killpg(workers[victim].pid, signal.SIGKILL)
                workers[victim].wait()
                workers[victim] = _worker(world, words)
                kills += 1
                idle += await _held(world) == 0
            if flushes < disturbances and dice.random() < 0.7:
                await queue.flushall()
                flushes += 1
    finally:
        for worker in workers:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()
        await queue.aclose()
    return kills, idle, flushes


def _worker(world: World, words: Sequence[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        env={**os.environ, **world.environment, "CONNECTOR_LOG_LEVEL": "ERROR"},
        start_new_session=True,
    )


async def _open(world: World) -> bool:
    """Whether any fetch is still to be ended, whoever holds it and whenever it is due."""
    far = world.clock.now().replace(year=world.clock.now().year + 1)
    return bool(await world.flows.fetching.store.fetches_due(far, most=1))


async def _held(world: World) -> int:
    """How many fetches are under a lease at this moment; the dead reader's are among them."""
    due = world.flows.fetching.store.fetches_due
    now = world.clock.now()
    return len(await due(now.replace(year=now.year + 1), most=1000)) - len(await due(now, most=1000))


async def _compare(world: World, database_url: str) -> tuple[int, int, int]:
    """What the provider holds against what the mirror holds, counted one by one."""
    held: Counter[str] = Counter()
    members = world.twin.world.members
    for member in members.everyone():
        held.update(str(invoice.mng_num) for invoice in members.inbox(member).everything())
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        rows = await connection.execute(sa.text("select key from received_invoices"))
        mirrored = Counter(row.key for row in rows)
        whole = sa.text("select count(*) from receipts where rows = :n")
        receipts = (await connection.execute(whole, {"n": INVOICES})).scalar_one()
    await engine.dispose()
    return sum((held - mirrored).values()), sum((mirrored - held).values()), int(receipts)
