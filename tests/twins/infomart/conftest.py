from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.applications import Starlette

from connector.twins.infomart.app import create_twin
from connector.twins.infomart.clients import Client
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.world import World
from tests.twins.infomart.issuing import System, system_of
from tests.twins.infomart.served import Served, serve
from tests.twins.infomart.visitor import CALLBACK, CLIENT_ID, CLIENT_SECRET, PASSWORD, PFID, Visitor, visiting


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock(stopped_at=datetime(2026, 11, 20, 3, 0, tzinfo=UTC))


@pytest.fixture
def twin(clock: Clock) -> Starlette:
    return create_twin(
        seed=7,
        clock=clock,
        clients=[Client(CLIENT_ID, CLIENT_SECRET, (CALLBACK,)), Client("other", "other-secret", (CALLBACK,))],
        members=[{"pfid": PFID, "name": "株式会社待合", "password": PASSWORD, "invoices": 12, "spread_days": 10}],
    )


@pytest.fixture
def world(twin: Starlette) -> World:
    found: World = twin.state.world
    return found


@pytest.fixture
async def visitor(twin: Starlette) -> AsyncIterator[Visitor]:
    async with visiting(twin) as arrived:
        yield arrived


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder: Path = tmp_path_factory.mktemp("twin")
    with serve("--ledger", str(folder / "ledger.jsonl")) as running:
        yield running


@pytest.fixture
async def system(visitor: Visitor) -> System:
    return await system_of(visitor)
