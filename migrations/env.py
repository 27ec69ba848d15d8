"""How alembic reaches the database: with roles in place, one migrator at a time, and never waiting long for a lock."""

import asyncio

import sqlalchemy as sa
from alembic import context
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from connector.store.tables import metadata
from migrations.roles import ensure_roles

_ONE_AT_A_TIME = 7_401_926  # any number, as long as it is always this one


def _migrate(connection: Connection) -> None:
    # A second migrator waits here; the statements themselves may not wait for the application's locks.
    connection.execute(sa.text("select pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    ensure_roles(connection)
    connection.execute(sa.text("set local role migrator"))
    connection.execute(sa.text("set local lock_timeout = '2s'"))
    connection.execute(sa.text("set local statement_timeout = '60s'"))
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()


async def _connect() -> None:
    address = make_url(context.config.attributes["address"]).set(drivername="postgresql+asyncpg")
    engine = create_async_engine(address, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


asyncio.run(_connect())
