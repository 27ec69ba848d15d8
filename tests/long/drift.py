"""A thousand readings of lists that move between their pages, judged row by row; and some with one pass only."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import migrations
from connector.domain.invoice import Side
from connector.embedded import servers
from connector.flows import fetching
from connector.vault.kms.local import LocalFile
from tests.connector.flows.drifting import Court, Verdicts
from tests.connector.flows.test_drift import OnePass
from tests.long.proof import Proof
from tests.world import World, serving, twin_server

RUNS = 500  # of three readings each, two of them while the list drifts
_PLANTED = 20


async def run(_: str | None) -> list[Proof]:
    """Rows come, go and change places between pages; the list itself is the judge."""
    async with _world() as world:
        true = [await _trial(world, side, RUNS // 2) for side in Side]
        with patch.object(fetching, "Tally", OnePass):
            planted = await _trial(world, Side.RECEIVER, _PLANTED)
    found = {name: sum(getattr(each, name) for each in true) for name in Verdicts.__dataclass_fields__}
    return [
        Proof("rows that a proven window misses", found["kept"], found["missed"], 0),
        Proof("rows marked as gone that were there", found["marked"], found["falsely"], 0),
        Proof("rows that left a proven window unmarked", found["marked"], found["overlooked"], 0),
        Proof("receipts for what the list was not", found["receipts"], found["wrong"], 0),
        Proof("readings without a receipt or a reason", found["readings"], found["silent"], 0),
        Proof("readings refused as unstable, of all", found["readings"], found["refused"], found["readings"] / 2),
        Proof("a list that never rests is never refused", found["readings"], int(found["refused"] == 0), 0),
        Proof("one pass only goes unnoticed", planted.readings, int(not (planted.missed and planted.falsely)), 0),
    ]


@asynccontextmanager
async def _world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder, servers(durable=False) as running:
        kek = Path(folder) / "kek.json"
        LocalFile.create(kek, "long")
        await asyncio.to_thread(migrations.upgrade, running.database_url)
        async with (
            twin_server() as twin,
            serving(running.database_url, running.redis_url, kek, twin) as world,
        ):
            yield world


async def _trial(world: World, side: Side, runs: int) -> Verdicts:
    tenant = await world.connected(f"{side}-{runs}", invoices=0, issued=0)
    async with Court.of(world, tenant, seed=runs, side=side) as court:
        for number in range(runs):
            await court.run(number)
    return court.found
