"""What tests of flows look at: rows as they are, read by the administrator, and a provider's misfortunes."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Connection
from connector.domain.entitlement import Flag
from connector.twins.infomart.faults import Fault, Kind
from tests.world import GRANTED, World


async def rows(world: World, statement: str, **values: object) -> Sequence[Mapping[str, Any]]:
    """What the administrator sees."""
    engine = create_async_engine(world.settings.database_url.reveal(), poolclass=NullPool)
    async with engine.begin() as connection:
        found = await connection.execute(sa.text(statement), values)
        told = [dict(each) for each in found.mappings()] if found.returns_rows else []
    await engine.dispose()
    return told


async def value(world: World, statement: str, **values: object) -> Any:
    """The one value of the one row."""
    [row] = await rows(world, statement, **values)
    [only] = row.values()
    return only


@asynccontextmanager
async def administrator(world: World) -> AsyncIterator[Any]:
    """A connection of the administrator's, each statement on its own."""
    engine = create_async_engine(world.settings.database_url.reveal(), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


async def joined(
    world: World, name: str, *, invoices: int, declared: Mapping[Flag, bool] = GRANTED, **flags: object
) -> Tenant:
    """A tenant that has just joined; its first fetch waits to be read."""
    pfid = f"{name}@example.co.jp"
    world.twin.add_member(pfid, invoices=invoices, **flags)
    tenant = await world.enrol(name, declared=declared)
    page = await world.join(tenant, pfid)
    assert page.code == 200
    return tenant


async def connection_of(world: World, tenant: Tenant) -> Connection:
    """The tenant's one connection."""
    async with world.flows.fetching.store.within(Scope.of_tenant(tenant.id)) as work:
        [connection] = (await work.connections.of_tenants([tenant.id]))[tenant.id]
    return connection


def trouble(world: World, kind: Kind, *, operation: str = "invoices", count: int = 1, skip: int = 0) -> None:
    """The provider's next calls go wrong."""
    world.twin.world.faults.add(Fault(operation, kind, count=count, skip=skip))


def later(world: World, by: timedelta) -> None:
    """Time goes on, for us and for the provider."""
    world.clock.ahead += by
    world.twin.world.clock.advance(by)


def held_by_provider(world: World, name: str) -> Counter[str]:
    """The keys of every invoice in the member's inbox, by the provider's own account."""
    members = world.twin.world.members
    member = members.find(f"{name}@example.co.jp")
    assert member is not None
    return Counter(str(each.mng_num) for each in members.inbox(member).everything())


async def mirrored(world: World, tenant: Tenant) -> Counter[str]:
    """The keys of every invoice in the tenant's mirror."""
    found = await rows(world, "select key from received_invoices where tenant_id = :tenant", tenant=tenant.id)
    return Counter(each["key"] for each in found)


def calls(world: World, *names: str) -> list[int]:
    """The pages the provider was asked for, in order, those it refused included; by these members only, if named."""
    whose = {f"{name}@example.co.jp" for name in names}
    told = world.twin.ledger("api_called")
    return [each.get("page_no", 0) for each in told if not whose or each["pfid"] in whose]
