"""The tables the store speaks of and the tables the migrations make are the same tables."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from connector.store.tables import metadata
from tests.conftest import Cluster
from tests.migrations.portrait import shape
from tests.store.databases import copied, empty


@pytest.fixture(scope="module")
def migrated_url(cluster: Cluster) -> Iterator[str]:
    with copied(cluster) as url:
        yield url


def drift(database_url: str, tables: sa.MetaData) -> list[str]:
    """What alembic would change to make the database what the tables say."""

    def compare(connection: sa.Connection) -> list[str]:
        options = {"compare_type": True, "compare_server_default": True}
        return [repr(each) for each in compare_metadata(MigrationContext.configure(connection, opts=options), tables)]

    return _with(database_url, compare)


def made_from(database_url: str, tables: sa.MetaData) -> None:
    def make(connection: sa.Connection) -> list[str]:
        tables.create_all(connection)
        return []

    _with(database_url, make)


def _with(database_url: str, work: Callable[[sa.Connection], list[str]]) -> list[str]:
    async def run() -> list[str]:
        engine = create_async_engine(database_url, poolclass=NullPool)
        async with engine.begin() as connection:
            told = await connection.run_sync(work)
        await engine.dispose()
        return told

    return asyncio.run(run())


def changed(work: str) -> sa.MetaData:
    """A copy of the tables with one thing about them changed."""
    copy = sa.MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(copy)
    connections, fetches = copy.tables["connections"], copy.tables["fetches"]
    match work:
        case "a column":
            connections.append_column(sa.Column("nickname", sa.Text))
        case "a table":
            sa.Table("credit_notes", copy, sa.Column("id", sa.UUID, primary_key=True))
        case "a type":
            connections.c.provider.type = sa.Integer()
        case "a null":
            connections.c.provider.nullable = True
        case "an index":
            sa.Index("fetches_by_problem", fetches.c.problem)
        case "a default":
            connections.c.attempt.server_default = sa.DefaultClause("7")
        case "a unique":
            connections.append_constraint(sa.UniqueConstraint("grant_id"))
        case "a key":
            fetches.append_constraint(sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]))
        case _:
            raise AssertionError(work)
    return copy


EVERYTHING = ["a column", "a table", "a type", "a null", "an index", "a default", "a unique", "a key"]


def test_alembic_finds_nothing_to_change(migrated_url: str) -> None:
    assert drift(migrated_url, metadata) == []


@pytest.mark.parametrize("work", EVERYTHING)
def test_alembic_would_have_found_it(migrated_url: str, work: str) -> None:
    assert len(drift(migrated_url, changed(work))) >= 1


def test_tables_made_from_the_store_look_the_same_in_the_catalogue(cluster: Cluster, migrated_url: str) -> None:
    with empty(cluster) as url:
        made_from(url, metadata)
        assert shape(url) == shape(migrated_url)


@pytest.mark.parametrize("work", ["a null", "a default", "a unique"])
def test_the_catalogue_would_have_told_it(cluster: Cluster, migrated_url: str, work: str) -> None:
    with empty(cluster) as url:
        made_from(url, changed(work))
        assert shape(url) != shape(migrated_url)
