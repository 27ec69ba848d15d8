"""One database for each module: tests keep apart by making companies of their own."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.store.work import PostgresStore
from tests.conftest import Cluster
from tests.store.databases import copied, engine_as, store_in


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
