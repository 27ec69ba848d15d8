"""Opens PostgreSQL as one of three roles; the role decides what a connection can ever see."""

import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connector.errors import Misconfigured


def open_engine(address: str, role: str, *, size: int = 10) -> AsyncEngine:
    """An engine whose every connection acts as `role`; connects on first use."""
    try:
        url = make_url(address).set(drivername="postgresql+asyncpg")
    except sa.exc.ArgumentError:
        raise Misconfigured(problems=[f"the database address for role {role} is not a URL"]) from None
    # A login of another name takes the role on at once, before its first statement. A login of the role's own name
    # sends no such parameter: poolers refuse parameters they do not know.
    settings = {} if url.username == role else {"role": role}
    return create_async_engine(
        url,
        pool_size=size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text may be logged; what was bound to the statement may not
        connect_args={"server_settings": {**settings, "application_name": f"connector-{role}"}},
        json_deserializer=str,  # documents are read by whoever knows their shape, never by the driver
    )


async def check_roles(engine: AsyncEngine) -> None:
    """Raises Misconfigured when the login behind `engine` could step around row policies."""
    statement = sa.text("select rolsuper or rolbypassrls from pg_roles where rolname = session_user")
    async with engine.connect() as connection:
        unbound = (await connection.execute(statement)).scalar_one()
    if unbound:
        raise Misconfigured(
            problems=["DATABASE_URL: this login bypasses row policies (superuser or BYPASSRLS); log in as role app"]
        )
