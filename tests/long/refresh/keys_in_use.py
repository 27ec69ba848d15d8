"""What processes do with keys while these are rotated: use them a hundred times a second, or rotate them."""

import asyncio
import json
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2

from connector.asgi import create_app
from connector.bootstrap import Installation
from connector.domain.sealing import Seat
from connector.errors import ConnectorError
from connector.flows import holding
from connector.ids import ConnectionId, TenantId, new_id
from connector.secret import Secret
from connector.store import custody
from connector.vault import keyring
from tests.long.refresh import children
from tests.world import served

_AT_ONCE = 4  # requests of one process under way
_KEPT = 2.0  # seconds a key stays in memory here: the fewer, the more often it is unwrapped anew
_BEAT = 0.5  # seconds; shorter than in life, so that the proof waits for nothing
SILENT = 3.0  # seconds, as above

Work = Callable[[UUID, UUID], Awaitable[None]]


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
    for where, what, figure in (
        (keyring, "OPEN_FOR", _KEPT),
        (keyring, "PRIMARY_FOR", _KEPT),
        (holding, "BEAT", timedelta(seconds=_BEAT)),
        (custody, "SILENT", timedelta(seconds=SILENT)),
    ):
        setattr(where, what, figure)


async def _use_keys(
    installation: Installation, whose: Sequence[tuple[str, str]], key: str, rate: float, home: Path
) -> None:
    load, under_way = Load(), set[asyncio.Task[None]]()
    vault, upkeep = installation.flows.upkeep.vault, installation.flows.upkeep
    async with served(create_app(installation)) as url, httpx2.AsyncClient(base_url=url, timeout=60) as http:

        async def ask_graph(_tenant: UUID, _connection: UUID) -> None:
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
            kinds: Sequence[Work] = (ask_graph, seal_and_open, take_token, take_token)
            tenant, connection = random.choice(whose)  # noqa: S311 - which is no secret
            try:
                await random.choice(kinds)(UUID(tenant), UUID(connection))  # noqa: S311 - as above
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
