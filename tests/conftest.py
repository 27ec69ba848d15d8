"""What tests share: real servers, a database of their own, a twin over HTTP, and an installation made of them."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from hypothesis import settings
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from connector.embedded import servers
from connector.vault.kms.local import LocalFile
from tests.world import TwinServer, World, serving, twin_server

# For properties that set nothing of their own; `--hypothesis-profile thorough` looks longer.
settings.register_profile("quick", max_examples=100, deadline=None)
settings.register_profile("thorough", max_examples=5_000, deadline=None)
settings.load_profile("quick")


@dataclass(frozen=True, slots=True)
class Cluster:
    """The servers every test shares, and a migrated database to copy."""

    database_url: str  # the administrator's
    redis_url: str
    template: str


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def administer(database_url: str, *statements: str) -> None:
    """Runs statements as the administrator, each in no transaction."""

    async def run() -> None:
        engine = create_async_engine(database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        async with engine.connect() as connection:
            for statement in statements:
                await connection.execute(sa.text(statement))
        await engine.dispose()

    asyncio.run(run())


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    given = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    template = f"connector_template_{uuid4().hex[:8]}"
    if all(given):
        admin = make_url(given[0] or "").set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        yield _prepared(admin, given[1] or "", template)
        administer(admin, f"drop database {template} with (force)")
        return
    with servers(durable=False) as embedded:
        yield _prepared(embedded.database_url, embedded.redis_url, template)


def _prepared(database_url: str, redis_url: str, template: str) -> Cluster:
    administer(database_url, f"create database {template}")
    migrations.upgrade(in_database(database_url, template))
    return Cluster(database_url, redis_url, template)


def in_database(database_url: str, name: str) -> str:
    """The same server's address of another database."""
    return make_url(database_url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def _fresh_database(cluster: Cluster) -> Iterator[str]:
    name = f"connector_test_{uuid4().hex[:12]}"
    administer(cluster.database_url, f"create database {name} template {cluster.template}")
    yield in_database(cluster.database_url, name)
    administer(cluster.database_url, f"drop database {name} with (force)")


@pytest.fixture
def database_url(cluster: Cluster) -> Iterator[str]:
    """The administrator's address of a fresh, migrated database."""
    with _fresh_database(cluster) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(cluster: Cluster) -> Iterator[str]:
    """The same, for all tests of a module."""
    with _fresh_database(cluster) as url:
        yield url


@pytest.fixture(scope="session")
def kek(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kek") / "kek.json"
    LocalFile.create(path, "test")
    return path


@pytest.fixture
async def twin() -> AsyncIterator[TwinServer]:
    """An Infomart twin on a real socket, in this process so that its clock and ledger are at hand."""
    async with twin_server() as running:
        yield running


@pytest.fixture
async def world(database_url: str, cluster: Cluster, kek: Path, twin: TwinServer) -> AsyncIterator[World]:
    """An installation served over HTTP, with a partner and a key; workers are what each test makes of them."""
    async with serving(database_url, cluster.redis_url, kek, twin) as running:
        yield running
