"""A connection has one grant in use, one renewer at a time, and a lineage that forgets nothing."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.connection import SealedGrant, Standing
from connector.ids import GrantId, ProviderKey, new_id
from connector.store.tables import grants
from connector.store.work import PostgresStore
from tests.store.companies import NOW, PROVIDER, Company, a_company


def a_grant(parent: SealedGrant | None = None, *, ends_at: datetime | None = NOW + timedelta(days=31)) -> SealedGrant:
    return SealedGrant(
        id=GrantId(new_id()),
        parent_id=None if parent is None else parent.id,
        access_sealed=uuid4().bytes,
        refresh_sealed=uuid4().bytes,
        access_ends_at=NOW + timedelta(minutes=5),
        refresh_ends_at=ends_at,
        obtained_at=NOW,
    )


async def begun(store: PostgresStore, company: Company, grant: SealedGrant) -> None:
    """A line begins with the grant."""
    async with store.within(company.scope) as work:
        await work.connections.add_grant(company.connection.id, grant)
        await work.connections.start_line(company.connection.id, grant.id)


async def in_use(store: PostgresStore, company: Company) -> SealedGrant | None:
    async with store.within(company.scope) as work:
        return await work.connections.current_grant(company.connection.id)


async def lineage(administrator: AsyncEngine, company: Company) -> set[UUID]:
    async with administrator.connect() as connection:
        statement = sa.select(grants.c.id).where(grants.c.connection_id == company.connection.id)
        return set((await connection.execute(statement)).scalars())


async def test_a_tenant_has_one_connection_at_a_provider_however_many_ask_for_it_at_once(
    store: PostgresStore,
) -> None:
    company = await a_company(store)

    async def prepare(provider: str) -> UUID:
        async with store.within(company.scope) as work:
            return (await work.connections.prepare(company.tenant, ProviderKey(provider), NOW)).id

    made = set(await asyncio.gather(*[prepare("another") for _ in range(20)]))

    assert len(made) == 1
    assert await prepare("another") in made
    assert await prepare(PROVIDER) == company.connection.id
    assert company.connection.id not in made


async def test_a_connection_stands_where_it_was_last_put(store: PostgresStore) -> None:
    company = await a_company(store)
    assert company.connection.standing is Standing.AWAITING_CONSENT
    active = replace(
        company.connection,
        standing=Standing.ACTIVE,
        consent_ends_at=NOW + timedelta(days=31),
        changed_at=NOW + timedelta(minutes=1),
    )

    async with store.within(company.scope) as work:
        await work.connections.put(active)
        assert await work.connections.connection(active.id) == active
        assert await work.connections.of_tenants([company.tenant]) == {company.tenant: [active]}


async def test_the_first_grant_of_a_line_comes_into_use(store: PostgresStore) -> None:
    company, first = await a_company(store), a_grant(ends_at=None)
    assert await in_use(store, company) is None

    await begun(store, company, first)

    assert await in_use(store, company) == first
    async with store.within(company.scope) as work:
        connection = await work.connections.connection(company.connection.id)
        assert await work.connections.grant(first.id) == first
        assert await work.connections.grant(GrantId(new_id())) is None
    assert connection is not None
    assert connection.consent_ends_at is None


async def test_a_grant_written_twice_is_never_overwritten(store: PostgresStore) -> None:
    company, first = await a_company(store), a_grant()
    await begun(store, company, first)

    async with store.within(company.scope) as work:
        await work.connections.add_grant(company.connection.id, replace(first, refresh_sealed=b"another"))

    assert await in_use(store, company) == first


async def test_a_new_line_comes_into_use_whatever_was_before_and_frees_the_lease(store: PostgresStore) -> None:
    company, first, renewed = await a_company(store), a_grant(), a_grant(ends_at=NOW + timedelta(days=99))
    await begun(store, company, first)
    async with store.within(company.scope) as work:
        await work.connections.put(replace(company.connection, standing=Standing.ACTIVE))
        assert await work.renewals.lease(company.connection.id, first.id, uuid4(), NOW)
        await work.connections.add_grant(company.connection.id, renewed)
        assert await work.connections.start_line(company.connection.id, renewed.id) == NOW + timedelta(days=99)

    assert await in_use(store, company) == renewed
    async with store.within(company.scope) as work:
        assert await work.renewals.lease(company.connection.id, renewed.id, uuid4(), NOW)


async def test_another_tenant_can_neither_see_nor_touch_a_connection(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company, other, grant = await a_company(store), await a_company(store), a_grant()
    await begun(store, company, grant)
    async with store.within(other.scope) as work:
        assert await work.connections.connection(company.connection.id) is None
        assert await work.connections.of_tenants([company.tenant]) == {}
        assert await work.connections.current_grant(company.connection.id) is None
        assert not await work.renewals.lease(company.connection.id, grant.id, uuid4(), NOW)
        await work.connections.add_grant(company.connection.id, a_grant(grant))
        await work.connections.put(replace(company.connection, standing=Standing.DISCONNECTED))

    assert await lineage(administrator, company) == {grant.id}
    async with store.within(company.scope) as work:
        standing = await work.connections.connection(company.connection.id)
    assert standing is not None
    assert standing.standing is Standing.AWAITING_CONSENT
