"""Every key is rotated while a hundred requests a second use them; one process lags behind, another is stopped."""

import asyncio
import json
import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2

from connector.asgi import create_app
from connector.bootstrap import Installation
from connector.domain.access import Permission
from connector.domain.sealing import Seat
from connector.errors import ConnectorError, Unavailable
from connector.flows import holding
from connector.ids import ConnectionId, TenantId, new_id
from connector.secret import Secret
from connector.store import custody
from connector.vault import keyring
from connector.vault.kms.local import LocalFile
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, fleet, twin_process
from tests.world import served

_PER_SECOND = 100
_WORKERS = 3  # besides the one that lags and the one that is stopped
_AT_ONCE = 4  # requests of one process under way
_KEPT = 2.0  # seconds a key stays in memory here: the fewer, the more often it is unwrapped anew
_BEAT, _SILENT = 0.5, 3.0  # seconds; shorter than in life, so that the proof waits for nothing
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


@dataclass(slots=True)
class Load:
    """What one process did until it was told to stop."""

    requests: int = 0
    failures: Counter[str] = field(default_factory=Counter)


def use_keys(
    environment: Mapping[str, str], whose: Sequence[tuple[str, str]], key: str, rate: float, home: Path
) -> None:
    """Seals, opens, renews and asks the graph until `home/stop` is there; writes `home/PID.json`."""
    _hastened()
    children.opened_for(environment, 0.0, lambda installation: _use_keys(installation, whose, key, rate, home))


def rotate_keys(environment: Mapping[str, str], told: Path) -> None:
    """`connector keys rotate`, without its words."""
    _hastened()

    async def job(installation: Installation) -> None:
        began = time.monotonic()
        started: list[float] = []
        done = await installation.flows.rotating.rotate(
            patience=timedelta(minutes=5), waiting=lambda _: None, told=lambda *_: started.append(time.monotonic())
        )
        took = time.monotonic() - (started[0] if started else began)
        await asyncio.to_thread(told.write_text, json.dumps({"left": done.left, "seconds": took}))

    children.opened_for(environment, 0.0, job)


def rotate_data_keys(environment: Mapping[str, str]) -> None:
    """`connector keys rotate --all-tenants`, without its words."""
    _hastened()

    async def job(installation: Installation) -> None:
        flow = replace(installation.flows.resealing, noticed_after=timedelta(seconds=_KEPT + 1))
        done = await flow.rotate(await flow.everyone(), leaked=False, told=lambda *_: None)
        assert done.failed == 0

    children.opened_for(environment, 0.0, job)


def _hastened() -> None:
    keyring.OPEN_FOR = keyring.PRIMARY_FOR = _KEPT
    holding.BEAT, custody.SILENT = timedelta(seconds=_BEAT), timedelta(seconds=_SILENT)


async def _use_keys(
    installation: Installation, whose: Sequence[tuple[str, str]], key: str, rate: float, home: Path
) -> None:
    load, under_way = Load(), set[asyncio.Task[None]]()
    vault, upkeep = installation.flows.upkeep.vault, installation.flows.upkeep
    async with served(create_app(installation)) as url, httpx2.AsyncClient(base_url=url, timeout=60) as http:

        async def ask_graph(*_: UUID) -> None:
            told = await http.post(
                "/graphql", json={"query": "{ viewer { keyId } }"}, headers={"Authorization": f"Bearer {key}"}
            )
            assert "errors" not in told.json(), told.text

        async def seal_and_open(tenant: UUID, connection: UUID) -> None:
            seat = Seat(TenantId(tenant), "proof", "infomart", connection, "nowhere", new_id())
            assert await vault.open(await vault.seal(Secret("proof"), seat), seat) == Secret("proof")

        async def take_token(tenant: UUID, connection: UUID) -> None:
            await upkeep.access_token(TenantId(tenant), ConnectionId(connection))

        async def once() -> None:
            work = random.choice([ask_graph, seal_and_open, take_token, take_token])  # noqa: S311 - which is no secret
            try:
                await work(*(UUID(each) for each in random.choice(whose)))  # noqa: S311 - as above
            except ConnectorError as failure:
                load.failures[failure.code] += 1
            except Exception as failure:  # noqa: BLE001 - whatever fails is counted
                load.failures[repr(failure)[:300]] += 1
            load.requests += 1

        (home / f"{os.getpid()}.ready").touch()
        while not (home / "stop").exists():
            task = asyncio.create_task(once())
            under_way.add(task)
            task.add_done_callback(under_way.discard)
            await asyncio.sleep(1 / rate)
            while len(under_way) >= _AT_ONCE:  # a machine that is too slow for the rate is not buried under it
                await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
        if under_way:
            await asyncio.wait(under_way)
    (home / f"{os.getpid()}.json").write_text(json.dumps({"requests": load.requests, "failures": load.failures}))


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
    await asyncio.sleep(_SILENT + seconds / 4)  # held back: whatever is promoted now is promoted too early
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
