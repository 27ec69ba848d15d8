"""What tests of shredding do to an installation, and what they count in its database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connector.bootstrap import Installation, opened
from connector.domain.access import Tenant
from connector.domain.certificate import Certificate, Order
from connector.domain.connection import Connection, access_seat, refresh_seat
from connector.errors import CannotOpen
from connector.ids import GrantId
from connector.settings import read_settings
from tests.connector.flows.bench import rows, value
from tests.world import World

ORDER = Order(reason="契約終了", by="operator", without_invoices=False)
TABLES = ("data_keys", "grants", "received_invoices", "fetches", "certificates", "connections", "consent_attempts")


@asynccontextmanager
async def another(world: World, **told: str) -> AsyncIterator[Installation]:
    """A process's worth of the installation with nothing in memory, its settings changed as told."""
    async with opened(read_settings({**world.environment, **told}), clock=world.clock) as installation:
        yield installation


async def shred(world: World, tenant: Tenant, order: Order = ORDER) -> Certificate:
    return await world.flows.shredding.shred(tenant.id, order, confirm=tenant.name)


async def everything(world: World) -> dict[str, list[dict[str, object]]]:
    """Every row that a shredding could touch."""
    return {
        table: [dict(each) for each in await rows(world, f"select * from {table} order by 1, 2")]  # noqa: S608 - ours
        for table in TABLES
    }


async def counted(world: World, table: str, tenant: Tenant) -> int:
    statement = f"select count(*) from {table} where tenant_id = :t"  # noqa: S608 - a table of ours
    found = await value(world, statement, t=tenant.id)
    assert isinstance(found, int)
    return found


async def openable(world: World, installation: Installation, connection: Connection) -> tuple[int, int]:
    """How many of the connection's ciphertexts in the world's database open there, and how many there are."""
    vault, done, tried = installation.flows.shredding.vault, 0, 0
    for each in await rows(world, "select * from grants where connection_id = :c", c=connection.id):
        own = GrantId(each["id"])
        for sealed, seat in (
            (each["access_sealed"], access_seat(connection, own)),
            (each["refresh_sealed"], refresh_seat(connection, own)),
        ):
            tried += 1
            try:
                await vault.open(bytes(sealed), seat)
            except CannotOpen:
                continue
            done += 1
    return done, tried
