from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Cluster, administer, in_database
from tests.workers.crew import own_redis
from tests.world import World, serving, twin_server


@pytest.fixture(scope="module")
def shared_database(cluster: Cluster) -> Iterator[str]:
    """A migrated database for all tests of a module."""
    name = f"connector_test_{uuid4().hex[:12]}"
    administer(cluster.database_url, f"create database {name} template {cluster.template}")
    yield in_database(cluster.database_url, name)
    administer(cluster.database_url, f"drop database {name} with (force)")


@pytest.fixture(scope="module")
async def shared(shared_database: str, cluster: Cluster, kek: Path) -> AsyncIterator[World]:
    """An installation for all tests of a module; each of them brings its own tenants."""
    async with twin_server() as twin, serving(shared_database, own_redis(cluster), kek, twin) as world:
        yield world
