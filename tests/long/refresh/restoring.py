"""The database comes back from a backup that is fifty rotations old; the escrow brings every token back to now.

Meanwhile every tenant got another data key, one answer never reached the escrow, and one newest answer holds no token.
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.vault.journal import TokenJournal
from tests.conftest import administer
from tests.long.refresh.fleet import Fleet, fleet, twin_process
from tests.long.refresh.mutants import planted
from tests.world import INFOMART

_FAST = {"CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000", "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "16"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore cost."""

    dead_before: int  # tokens that no longer worked when the backup was put back: the proof that there was a danger
    dead_after: int
    renewed: int  # at the first try
    refused: int
    window_p99: float  # seconds between an answer's arrival and the disk, under this load


async def restored(
    *,
    number: int,
    rotations: int,
    folder: Path,
    database_url: str,
    redis_url: str,
    replay: bool = True,
    mistake: str | None = None,
) -> Restored:
    """A backup, so many rotations of everything, the backup put back, and the escrow replayed over it."""
    with twin_process(folder) as twin:
        told = {**_FAST, "CONNECTOR_ESCROW": f"file:{folder / 'escrow'}"}
        async with fleet(number, database_url, redis_url, twin, **told) as ours:
            name = ours.database_url.rpartition("/")[2].partition("?")[0]
            began = datetime.now(UTC) - timedelta(minutes=1)
            await _copy(ours, name, f"{name}_backup")
            with planted(mistake):
                window_p99 = await _went_on(ours, rotations)
            await asyncio.to_thread(administer, ours.database_url_of("postgres"), f"drop database {name} with (force)")
            await _copy(ours, f"{name}_backup", name)
            dead_before = len(await ours.dead())
            async with ours.installation() as installation:
                if replay:
                    await installation.flows.escrowing.replay(began)
            dead_after = len(await ours.dead())
            before = twin.ask("counts")["calls"]
            await ours.make_due(ours.members)
            async with ours.installation() as installation:
                keeping = installation.flows.keeping
                await keeping.renew_due(keeping.register.provider(INFOMART))
            standings = await ours.standings()
            calls = twin.ask("counts")["calls"] - before
            await asyncio.to_thread(
                administer, ours.database_url_of("postgres"), f"drop database {name}_backup with (force)"
            )
            return Restored(dead_before, dead_after, standings["active"], calls - standings["active"], window_p99)


async def _went_on(ours: Fleet, rotations: int) -> float:
    """So many rotations, with their misfortunes; the 99th percentile of the journal's window."""
    async with ours.installation() as installation:
        flows, keeping = installation.flows, installation.flows.keeping
        for turn in range(rotations):
            if turn == rotations // 2:
                resealing = replace(flows.resealing, noticed_after=timedelta())
                done = await resealing.rotate(await resealing.everyone(), leaked=False, told=lambda *_: None)
                assert (done.tenants, done.failed) == (len(ours.members), 0)
            if turn == rotations - 1:
                ours.twin.ask("faults", {"operation": "token", "kind": "html_200", "count": 1})
            await ours.make_due(ours.members)
            await keeping.renew_due(keeping.register.provider(INFOMART))
            if turn == 0:
                keeping.journal.escrowed(keeping.journal.unescrowed()[0].id)
            await keeping.escrowing.copy()
        assert isinstance(keeping.journal, TokenJournal)
        return keeping.journal.window_p99()


async def _copy(ours: Fleet, source: str, target: str) -> None:
    # Copied as a whole, as a backup is: nobody may be connected to what is copied.
    await asyncio.to_thread(
        administer,
        ours.database_url_of("postgres"),
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'",  # noqa: S608 - ours
        f"create database {target} template {source}",
    )
