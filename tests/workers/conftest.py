from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Cluster
from tests.workers.crew import own_redis
from tests.world import World, serving, twin_server


@pytest.fixture(scope="module")
async def shared(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[World]:
    """An installation for all tests of a module; the workers are what each test makes of them."""
    async with twin_server() as twin, serving(shared_database_url, own_redis(cluster), kek, twin) as world:
        yield world
