"""Who may migrate, what they are told when they may not, and that no migrator waits long or works beside another."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from connector.embedded import servers
from migrations.roles import RolesMissing
from tests.conftest import Cluster, administer, in_database
from tests.migrations.portrait import asked, portrait
from tests.store.databases import a_login, empty

EVERYTHING = (
    "create role migrator",
    "create role app",
    "create role sweeper",
    "grant migrator to {login}",
    "grant usage, create on schema public to migrator",
    "grant usage on schema public to app",
    "grant usage on schema public to sweeper",
)

WAITING = """
    select count(*) from pg_locks l join pg_database d on d.oid = l.database
    where l.locktype = 'advisory' and not l.granted and d.datname = current_database()
"""


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    with empty(cluster) as url:
        yield url


@pytest.fixture
def untouched() -> Iterator[str]:
    """The administrator's address of servers in which none of the three roles was ever made."""
    with servers(durable=False) as embedded:
        yield embedded.database_url


def named_in(refusal: RolesMissing) -> list[str]:
    return [line.removesuffix(";") for line in str(refusal).splitlines()[1:]]


def tables(database_url: str) -> list[str]:
    return asked(database_url, "select tablename from pg_tables where schemaname = 'public'")


def test_three_migrators_at_once_wait_for_each_other_and_make_one_schema(cluster: Cluster, empty_url: str) -> None:
    """The fourth stands here: it holds the lock that every version of the product must ask for by this number."""
    migrate = [sys.executable, "-c", f"import migrations; migrations.upgrade({empty_url!r})"]

    async def hold_up() -> list[int]:
        engine = create_async_engine(empty_url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.execute(sa.text("select pg_advisory_xact_lock(7401926)"))
            at_once = [subprocess.Popen(migrate, cwd=Path(migrations.__file__).parents[1]) for _ in range(3)]  # noqa: ASYNC220
            while (await connection.execute(sa.text(WAITING))).scalar_one() < len(at_once):
                assert [process.poll() for process in at_once] == [None] * 3, "none may go on or give up"
                await asyncio.sleep(0.02)
            assert await asyncio.to_thread(tables, empty_url) == []
        codes = [await asyncio.to_thread(process.wait) for process in at_once]
        await engine.dispose()
        return codes

    assert asyncio.run(hold_up()) == [0, 0, 0]
    assert portrait(empty_url) == portrait(in_database(cluster.database_url, cluster.template))


def test_where_nothing_is_prepared_a_login_is_told_every_statement_and_with_them_it_migrates(untouched: str) -> None:
    with a_login(untouched) as (login, address):
        administer(untouched, "revoke usage on schema public from public")
        with pytest.raises(RolesMissing) as refusal:
            migrations.upgrade(address)
        assert named_in(refusal.value) == [statement.format(login=login) for statement in EVERYTHING]
        assert tables(untouched) == []

        administer(untouched, *named_in(refusal.value))
        migrations.upgrade(address)
        assert len(tables(untouched)) > 10


def test_a_login_that_may_make_roles_and_owns_its_database_migrates_alone_and_twice(untouched: str) -> None:
    with a_login(untouched, "createrole") as (login, address):
        administer(untouched, f"create database its_own owner {login}")
        migrations.upgrade(in_database(address, "its_own"))
        before = portrait(in_database(untouched, "its_own"))
        migrations.upgrade(in_database(address, "its_own"))

        assert portrait(in_database(untouched, "its_own")) == before
        assert asked(untouched, "select rolname from pg_roles where rolname in ('migrator', 'app', 'sweeper')") == [
            "app",
            "migrator",
            "sweeper",
        ]
        administer(untouched, "drop database its_own")
        administer(untouched, "drop role migrator, app, sweeper")


def test_a_login_is_told_only_what_is_still_lacking(empty_url: str) -> None:
    with a_login(empty_url) as (login, address):
        with pytest.raises(RolesMissing) as refusal:
            migrations.upgrade(address)
        assert named_in(refusal.value) == [EVERYTHING[3].format(login=login), EVERYTHING[4]]

        administer(empty_url, *named_in(refusal.value))
        migrations.upgrade(address)
        migrations.upgrade(address)
        assert len(tables(empty_url)) > 10


def test_a_migrator_does_not_wait_long_behind_the_application_and_leaves_all_as_it_was(database_url: str) -> None:
    before = portrait(database_url)

    async def go_down_behind_a_reader() -> str:
        engine = create_async_engine(database_url, poolclass=NullPool)
        async with engine.begin() as connection:
            await connection.execute(sa.text("select * from receipts"))
            with pytest.raises(DBAPIError) as refusal:
                await asyncio.wait_for(asyncio.to_thread(migrations.downgrade, database_url, "base"), timeout=10)
        await engine.dispose()
        return str(refusal.value.orig)

    assert "lock timeout" in asyncio.run(go_down_behind_a_reader())
    assert portrait(database_url) == before
