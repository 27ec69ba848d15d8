"""A connection has one grant in use, one renewer at a time, and a lineage that forgets nothing."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.connection import SealedGrant, Standing
from connector.ids import GrantId, ProviderKey, new_id
from connector.store.tables import grants
from connector.store.work import PostgresStore
from tests.store.companies import NOW, PROVIDER, Company, a_company

LEASE = timedelta(seconds=60)


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


async def obtained(store: PostgresStore, company: Company, grant: SealedGrant) -> bool:
    """Whether the grant, once in the lineage, came into use."""
    async with store.within(company.scope) as work:
        await work.connections.add_grant(company.connection.id, grant)
        return await work.connections.make_current(company.connection.id, grant)


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


async def test_the_first_grant_comes_into_use_and_its_child_after_it(store: PostgresStore) -> None:
    company = await a_company(store)
    assert await in_use(store, company) is None
    first = a_grant()
    second = a_grant(first, ends_at=None)

    assert await obtained(store, company, first)
    assert await in_use(store, company) == first
    assert await obtained(store, company, second)
    assert await in_use(store, company) == second
    async with store.within(company.scope) as work:
        connection = await work.connections.connection(company.connection.id)
    assert connection is not None
    assert connection.consent_ends_at is None


async def test_a_grant_whose_parent_is_no_longer_in_use_stays_in_the_lineage_and_out_of_use(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company = await a_company(store)
    first = a_grant()
    prompt, late, orphan = a_grant(first), a_grant(first), a_grant()
    assert await obtained(store, company, first)

    assert await obtained(store, company, prompt)
    assert not await obtained(store, company, late)
    assert not await obtained(store, company, orphan)

    assert await in_use(store, company) == prompt
    assert await lineage(administrator, company) == {first.id, prompt.id, late.id, orphan.id}


async def test_of_twenty_children_of_one_grant_one_comes_into_use_and_none_is_lost(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company, first = await a_company(store), a_grant()
    await obtained(store, company, first)
    children = [a_grant(first) for _ in range(20)]

    used = await asyncio.gather(*[obtained(store, company, child) for child in children])

    assert sum(used) == 1
    assert await in_use(store, company) == children[used.index(True)]
    assert await lineage(administrator, company) == {first.id, *(child.id for child in children)}


async def test_a_grant_written_twice_is_never_overwritten(store: PostgresStore) -> None:
    company, first = await a_company(store), a_grant()
    await obtained(store, company, first)

    async with store.within(company.scope) as work:
        await work.connections.add_grant(company.connection.id, replace(first, refresh_sealed=b"another"))

    assert await in_use(store, company) == first


async def test_a_new_line_comes_into_use_whatever_was_before_and_frees_the_lease(store: PostgresStore) -> None:
    company, first, renewed = await a_company(store), a_grant(), a_grant(ends_at=NOW + timedelta(days=99))
    await obtained(store, company, first)
    async with store.within(company.scope) as work:
        assert await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)
        await work.connections.add_grant(company.connection.id, renewed)
        assert await work.connections.start_line(company.connection.id, renewed.id) == NOW + timedelta(days=99)

    assert await in_use(store, company) == renewed
    async with store.within(company.scope) as work:
        assert await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)


async def test_of_twenty_renewers_one_takes_the_lease(store: PostgresStore) -> None:
    company = await a_company(store)

    async def lease() -> bool:
        async with store.within(company.scope) as work:
            return await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)

    assert sum(await asyncio.gather(*[lease() for _ in range(20)])) == 1


@pytest.mark.parametrize(
    ("passed", "taken"), [(timedelta(), False), (LEASE - timedelta(microseconds=1), False), (LEASE, True)]
)
async def test_a_lease_is_taken_over_when_it_has_run_out_and_not_before(
    store: PostgresStore, passed: timedelta, *, taken: bool
) -> None:
    company = await a_company(store)
    async with store.within(company.scope) as work:
        await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)
        moment = NOW + passed
        assert await work.connections.lease(company.connection.id, uuid4(), moment, moment + LEASE) is taken


async def test_a_lease_is_given_back_by_its_owner_only(store: PostgresStore) -> None:
    company, owner = await a_company(store), uuid4()
    async with store.within(company.scope) as work:
        await work.connections.lease(company.connection.id, owner, NOW, NOW + LEASE)
        await work.connections.release(company.connection.id, uuid4())
        assert not await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)
        await work.connections.release(company.connection.id, owner)
        assert await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)


async def test_another_tenant_can_neither_see_nor_touch_a_connection(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company, other, grant = await a_company(store), await a_company(store), a_grant()
    await obtained(store, company, grant)
    async with store.within(other.scope) as work:
        assert await work.connections.connection(company.connection.id) is None
        assert await work.connections.of_tenants([company.tenant]) == {}
        assert await work.connections.current_grant(company.connection.id) is None
        assert not await work.connections.lease(company.connection.id, uuid4(), NOW, NOW + LEASE)
        assert not await work.connections.make_current(company.connection.id, a_grant(grant))
        await work.connections.add_grant(company.connection.id, a_grant(grant))
        await work.connections.put(replace(company.connection, standing=Standing.DISCONNECTED))

    assert await lineage(administrator, company) == {grant.id}
    async with store.within(company.scope) as work:
        standing = await work.connections.connection(company.connection.id)
    assert standing is not None
    assert standing.standing is Standing.AWAITING_CONSENT
