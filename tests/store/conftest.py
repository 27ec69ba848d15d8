"""One database for each module: tests keep apart by making companies of their own."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.connection import Standing
from connector.store.work import PostgresStore
from tests.conftest import Cluster
from tests.store.databases import copied, engine_as, store_in
from tests.store.rows import MOMENT, Row, a_row_everywhere, keep


@pytest.fixture(scope="module")
def shared_database_url(cluster: Cluster) -> Iterator[str]:
    with copied(cluster) as url:
        yield url


@pytest.fixture(scope="module")
async def store(shared_database_url: str) -> AsyncIterator[PostgresStore]:
    async with store_in(shared_database_url, size=20) as opened:
        yield opened


@pytest.fixture(scope="module")
async def administrator(shared_database_url: str) -> AsyncIterator[AsyncEngine]:
    """Past every row policy, to see what is really there."""
    async with engine_as(shared_database_url) as engine:
        yield engine


@pytest.fixture
async def company(administrator: AsyncEngine) -> dict[str, Row]:
    """One company with a row in every table, its connection active and its fetch waiting and due."""
    waiting = {"reading": "waiting", "lease_until": None, "lease_owner": None, "due_at": MOMENT, "requested_at": MOMENT}
    rows = a_row_everywhere(uuid4().hex, {"connections": {"standing": Standing.ACTIVE}, "fetches": waiting})
    async with administrator.begin() as connection:
        await keep(connection, rows)
    return rows
