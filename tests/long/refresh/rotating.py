"""Every key is rotated while a hundred requests a second use them; one process lags behind, another is stopped."""

import asyncio
import json
import os
import random
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from connector.domain.access import Permission
from connector.errors import Unavailable
from connector.vault.kms.local import LocalFile
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, fleet, twin_process
from tests.long.refresh.keys_in_use import SILENT, rotate_data_keys, rotate_keys, use_keys

_PER_SECOND = 100
_WORKERS = 3  # besides the one that lags and the one that is stopped
_DIES_AT = 12  # the place at which the first rotation is killed: in the middle of rewrapping
_FAST = {"CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000", "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "16"}


@dataclass(slots=True)
class Rotated:
    """What came of it."""

    requests: int = 0
    failures: int = 0
    renewed: int = 0
    stopped_requests: int = 0  # of the process that was stopped through it all
    stopped_hard: int = 0  # its failures that were not a wait
    not_alive: int = 0
    left: int = 0
    not_resealed: int = 0
    references: int = 0
    retired_early: bool = False
    retired: bool = False
    seconds: float = 0.0


async def rotated(
    *, number: int, seconds: float, folder: Path, database_url: str, redis_url: str, mistake: str | None = None
) -> Rotated:
    """A whole rotation, that lasts at least so long: added, killed, gone on with, promoted, rewrapped, retired."""
    came = Rotated()
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_FAST) as ours:
            before = twin.ask("counts")["calls"]
            async with _at_work(ours) as crew:
                await _rotated(ours, crew, came, seconds, mistake)
            _add_up(came, crew)
            came.renewed = twin.ask("counts")["calls"] - before
            standings = await ours.standings()
            came.not_alive = sum(standings.values()) - standings["active"] + len(await ours.dead())
    return came


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes at work, and the key files they read."""

    home: Path
    kek: Path
    lagging: Path  # the key file of the process that is held back
    stale: Path  # the key file of the process that is stopped
    stopped: BaseProcess


@asynccontextmanager
async def _at_work(ours: Fleet) -> AsyncIterator[Crew]:
    home = ours.folder / "crew"
    home.mkdir()
    kek = ours.folder / "kek.json"
    files = [kek] * _WORKERS + [ours.folder / "lagging.json", ours.folder / "stale.json"]
    whose = [(str(each.tenant_id), str(each.connection_id)) for each in ours.members]
    async with ours.installation() as installation:
        access, enrolling = installation.flows.access, installation.flows.enrolling
        partner = await enrolling.add_partner("株式会社サンプルソフト")
        _, key = await access.issue(partner.id, name="load", permissions=list(Permission))
    crew = []
    for place, file in enumerate(files):
        if file != kek:
            shutil.copy(kek, file)
        told = {
            **ours.environment,
            "CONNECTOR_KEK": f"file:{file}",
            "CONNECTOR_JOURNAL": str(ours.folder / f"journal-{place}"),
        }
        crew.append(children.start(use_keys, told, whose, key.reveal(), _PER_SECOND / len(files), home))
    try:
        await _until(lambda: len(list(home.glob("*.ready"))) == len(files))
        yield Crew(home, kek, files[-2], files[-1], crew[-1])
    finally:
        (home / "stop").touch()
        os.kill(crew[-1].pid or 0, signal.SIGCONT)
        for child in crew:
            assert await children.ended(child) == 0


async def _rotated(ours: Fleet, crew: Crew, came: Rotated, seconds: float, mistake: str | None) -> None:
    """The walk; while it lasts, tokens go on ending, so that they are renewed under whatever key there is."""
    ends = asyncio.create_task(_tokens_end(ours))
    os.kill(crew.stopped.pid or 0, signal.SIGSTOP)
    LocalFile.add(crew.kek, "next")
    told = ours.folder / "rotated.json"
    dying = children.start(
        rotate_keys, {**ours.environment, "CONNECTOR_FAIL": f"kill@{_DIES_AT}"}, told, mistake=mistake
    )
    await asyncio.sleep(SILENT + seconds / 4)  # held back: whatever is promoted now is promoted too early
    came.failures += int(mistake is None and await _wraps(ours) == "next")
    shutil.copy(crew.kek, crew.lagging)
    assert await children.ended(dying) == -signal.SIGKILL
    early = await _retired(ours, "fleet")
    came.references, came.retired_early = early.references.get("data_keys", 0), early.retired

    again = children.start(rotate_keys, dict(ours.environment), told, mistake=mistake)
    assert await children.ended(again) == 0
    facts = json.loads(told.read_text())
    came.left, came.seconds = facts["left"], facts["seconds"]
    came.retired = (await _retired(ours, "fleet")).retired
    _only_the_newest(crew.kek)
    os.kill(crew.stopped.pid or 0, signal.SIGCONT)  # with what it held before: it may wait, and do no harm
    await asyncio.sleep(1 + seconds / 4)
    shutil.copy(crew.kek, crew.stale)

    assert await children.ended(children.start(rotate_data_keys, dict(ours.environment))) == 0
    await asyncio.sleep(seconds / 2)
    ends.cancel()
    await asyncio.wait([ends])
    rows = await ours.administer(
        "select count(*) as n from connections c join grants g on g.tenant_id = c.tenant_id and g.id = c.grant_id"
        " join data_keys k on k.tenant_id = c.tenant_id and k.is_primary"
        " where substr(g.refresh_sealed, 3, 16) <> uuid_send(k.id) or substr(g.access_sealed, 3, 16) <> uuid_send(k.id)"
    )
    came.not_resealed = rows[0]["n"]


async def _tokens_end(ours: Fleet) -> None:
    while True:
        some = random.sample(ours.members, min(20, len(ours.members)))
        await ours.administer(
            "update grants g set access_ends_at = now() from connections c"
            " where c.tenant_id = g.tenant_id and c.grant_id = g.id and c.id = any(:ids)",
            ids=[each.connection_id for each in some],
        )
        await asyncio.sleep(1)


async def _wraps(ours: Fleet) -> str:
    rows = await ours.administer("select id from key_encryption_keys order by promoted_at desc nulls last limit 1")
    return str(rows[0]["id"])


async def _retired(ours: Fleet, kek_id: str) -> Any:
    async with ours.installation() as installation:
        return await installation.flows.rotating.retire(kek_id, datetime.now(UTC) + timedelta(seconds=1))


def _only_the_newest(path: Path) -> None:
    """The key file as an operator leaves it after a rotation: without the key that was retired."""
    newest = json.loads(path.read_text())["keys"][-1]
    beside = path.with_suffix(".new")
    beside.write_text(json.dumps({"keys": [newest]}))
    beside.replace(path)


def _add_up(came: Rotated, crew: Crew) -> None:
    for file in crew.home.glob("*.json"):
        told = json.loads(file.read_text())
        if file.stem == str(crew.stopped.pid):
            came.stopped_requests = told["requests"]
            came.stopped_hard = sum(n for code, n in told["failures"].items() if code != Unavailable.code)
        else:
            came.requests += told["requests"]
            came.failures += sum(told["failures"].values())
        if told["failures"]:
            print(file.stem, told["failures"])  # noqa: T201 - shown by pytest when the proof fails


async def _until(holds: Any) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the crew did not start")
