"""The database comes back from a backup that is fifty rotations old; the escrow brings every token back to now."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.vault.journal import TokenJournal
from tests.conftest import administer
from tests.long.refresh.fleet import Fleet, fleet, twin_process
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
    *, number: int, rotations: int, folder: Path, database_url: str, redis_url: str, replay: bool = True
) -> Restored:
    """A backup, so many rotations of everything, the backup put back, and the escrow replayed over it."""
    with twin_process(folder) as twin:
        told = {**_FAST, "CONNECTOR_ESCROW": f"file:{folder / 'escrow'}"}
        async with fleet(number, database_url, redis_url, twin, **told) as ours:
            name = ours.database_url.rpartition("/")[2].partition("?")[0]
            began = datetime.now(UTC) - timedelta(minutes=1)
            await _copy(ours, name, f"{name}_backup")
            async with ours.installation() as installation:
                keeping = installation.flows.keeping
                for _ in range(rotations):
                    await ours.make_due(ours.members)
                    await keeping.renew_due(keeping.register.provider(INFOMART))
                    await keeping.escrowing.copy()
                assert isinstance(keeping.journal, TokenJournal)
                window_p99 = keeping.journal.window_p99()
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


async def _copy(ours: Fleet, source: str, target: str) -> None:
    # Copied as a whole, as a backup is: nobody may be connected to what is copied.
    await asyncio.to_thread(
        administer,
        ours.database_url_of("postgres"),
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'",  # noqa: S608 - ours
        f"create database {target} template {source}",
    )
