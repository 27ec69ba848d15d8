"""Copies of the migrated database, and engines that act as one role in them."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from connector.domain.access import Scope
from connector.store.engines import open_engine
from connector.store.work import PostgresStore
from tests.conftest import Cluster, administer, in_database


@contextmanager
def copied(cluster: Cluster) -> Iterator[str]:
    """The administrator's address of a fresh, migrated database, gone afterwards."""
    name = f"connector_test_{uuid4().hex[:12]}"
    _aside(cluster.database_url, f"create database {name} template {cluster.template}")
    try:
        yield in_database(cluster.database_url, name)
    finally:
        _aside(cluster.database_url, f"drop database {name} with (force)")


@contextmanager
def empty(cluster: Cluster, *, owner: str | None = None) -> Iterator[str]:
    """The administrator's address of a database in which nothing was ever done."""
    name = f"connector_test_{uuid4().hex[:12]}"
    _aside(cluster.database_url, f"create database {name}" + (f" owner {owner}" if owner else ""))
    try:
        yield in_database(cluster.database_url, name)
    finally:
        _aside(cluster.database_url, f"drop database {name} with (force)")


@contextmanager
def a_login(database_url: str, options: str = "") -> Iterator[tuple[str, str]]:
    """A login made for one test, its name and its address of this database; its password is the administrator's."""
    name, url = f"login_{uuid4().hex[:12]}", make_url(database_url)
    password = f" password '{url.password}'" if url.password else ""
    _aside(database_url, f"create role {name} login {options}{password}")
    try:
        yield name, url.set(username=name).render_as_string(hide_password=False)
    finally:
        _aside(database_url, f"drop role {name}")


def _aside(database_url: str, *statements: str) -> None:
    """Administers from a thread of its own: a test may be running in an event loop already."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(administer, database_url, *statements).result()


@asynccontextmanager
async def engine_as(database_url: str, role: str | None = None) -> AsyncIterator[AsyncEngine]:
    """An engine of one role; None: the administrator, whom no policy binds."""
    engine = create_async_engine(database_url) if role is None else open_engine(database_url, role)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def store_in(database_url: str, *, size: int = 10) -> AsyncIterator[PostgresStore]:
    """The real store, under the real roles."""
    store = PostgresStore(open_engine(database_url, "app", size=size), open_engine(database_url, "sweeper", size=2))
    try:
        yield store
    finally:
        await store.close()


async def become(connection: AsyncConnection, role: str, scope: Scope) -> None:
    """Lets the rest of an administrator's transaction be the role's, under the scope."""
    await connection.execute(sa.text(f"set local role {role}"))
    await connection.execute(
        sa.text(
            "select set_config('connector.partner_id', :partner, true),"
            " set_config('connector.tenant_id', :tenant, true)"
        ),
        {"partner": str(scope.partner_id or ""), "tenant": str(scope.tenant_id or "")},
    )
