from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.conftest import Cluster
from tests.store.databases import empty
from tests.workers.crew import own_redis
from tests.world import World, serving, twin_server


@pytest.fixture(scope="module")
async def shared(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[World]:
    """An installation for all tests of a module; each of them brings its own tenants."""
    async with twin_server() as twin, serving(shared_database_url, own_redis(cluster), kek, twin) as world:
        yield world


@pytest.fixture(params=["file", "database"])
def escrow(request: pytest.FixtureRequest, cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """The address of an escrow, of either kind."""
    if request.param == "file":
        yield f"file:{tmp_path / 'escrow'}"
        return
    with empty(cluster) as url:
        yield make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
