"""One renewer at a time, a lineage that forgets nothing, and a lease that shows what it covers and no more."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope
from connector.domain.connection import Cause, Standing
from connector.domain.renewal import ANSWER_WITHIN, LEASE, Outcome
from connector.ids import new_id
from connector.store.tables import grants, metadata
from connector.store.work import PostgresStore, confined
from tests.conftest import Cluster
from tests.store.companies import NOW, PROVIDER, a_company
from tests.store.databases import copied, engine_as
from tests.store.renewing import MONTH, WEEK, Due, a_due, a_grant, leased, renewed
from tests.store.rows import OF_NOBODY

LATER = NOW + LEASE


@pytest.fixture
def own_url(cluster: Cluster) -> Iterator[str]:
    """A database of the test's own: what is due is due for everybody."""
    with copied(cluster) as url:
        yield url


@pytest.fixture
async def administrator(own_url: str) -> AsyncIterator[AsyncEngine]:
    async with engine_as(own_url) as engine:
        yield engine


@pytest.fixture
async def store(own_url: str) -> AsyncIterator[PostgresStore]:
    async with engine_as(own_url, "app") as app, engine_as(own_url, "sweeper") as sweeper:
        yield PostgresStore(app, sweeper)


async def lineage(administrator: AsyncEngine, due: Due) -> set[UUID]:
    async with administrator.connect() as connection:
        statement = sa.select(grants.c.id).where(grants.c.connection_id == due.company.connection.id)
        return set((await connection.execute(statement)).scalars())


async def test_of_twenty_renewers_one_takes_the_lease_whichever_way_they_come(store: PostgresStore) -> None:
    due = await a_due(store)

    async def on_demand() -> int:
        async with store.within(due.company.scope) as work:
            return await work.renewals.lease(due.company.connection.id, due.grant.id, new_id(), NOW)

    async def by_sweep() -> int:
        return len(await store.lease_due(PROVIDER, new_id(), NOW, most=100))

    taken = await asyncio.gather(*[way() for way in (on_demand, by_sweep) * 10])
    assert sum(taken) == 1


async def test_renewers_share_what_is_due_and_those_with_the_least_time_left_come_first(store: PostgresStore) -> None:
    for days in (20, 5, 30, 10, 25, 15):
        await a_due(store, ends_at=NOW + timedelta(days=days))
    await a_due(store, due_at=NOW + timedelta(seconds=1), ends_at=NOW)
    await a_due(store, due_at=None, ends_at=NOW)

    first = (await leased(store, most=2))[1]
    assert sorted((one.grant.refresh_ends_at or NOW) - NOW for one in first) == [timedelta(5), timedelta(10)]
    rest = await asyncio.gather(*[leased(store, most=2) for _ in range(4)])
    ids = [one.connection.id for _, held in rest for one in held]
    assert len(ids) == len(set(ids)) == 4
    assert set(ids).isdisjoint(one.connection.id for one in first)


@pytest.mark.parametrize("standing", [each for each in Standing if each is not Standing.ACTIVE])
async def test_on_demand_only_an_active_connection_is_renewed(store: PostgresStore, standing: Standing) -> None:
    due = await a_due(store)
    async with store.within(due.company.scope) as work:
        await work.connections.put(replace(due.company.connection, standing=standing, due_at=NOW))
        assert not await work.renewals.lease(due.company.connection.id, due.grant.id, new_id(), NOW)


async def test_a_lease_shows_its_holder_what_it_covers_and_nothing_else(
    store: PostgresStore, own_url: str, administrator: AsyncEngine
) -> None:
    dues = [await a_due(store) for _ in range(3)]
    async with administrator.begin() as connection:
        told = {"id": new_id(), "kek_id": "k", "wrapped": b"w", "is_primary": True}
        for due in dues:
            row = {**told, "id": new_id(), "tenant_id": due.company.tenant}
            await connection.execute(sa.insert(metadata.tables["data_keys"]).values(row))
    owner, held = await leased(store, most=2)
    seen: dict[str, set[object]] = {}
    async with engine_as(own_url, "app") as app, confined(app, Scope.of_lease(owner)) as connection:
        for table in metadata.sorted_tables:
            rows = (await connection.execute(sa.select(table))).mappings().all()
            if rows and table.name not in OF_NOBODY:
                seen[table.name] = {row["tenant_id"] for row in rows}
    covered = {one.connection.tenant_id for one in held}
    assert len(covered) == 2
    assert seen == {"connections": covered, "grants": covered, "data_keys": covered}


async def test_whoever_lost_the_lease_sees_and_changes_nothing(store: PostgresStore) -> None:
    due = await a_due(store)
    owner, [late] = await leased(store)
    async with store.within(due.company.scope) as work:
        await work.renewals.abandon(late.connection.id, LATER)
    other, [again] = await leased(store, now=NOW + ANSWER_WITHIN)

    async with store.within(Scope.of_lease(owner)) as work:
        assert await work.renewals.held(owner) == []
        assert await work.renewals.commit(owner, [renewed(late)]) == []
    async with store.within(due.company.scope) as work:
        assert not await work.renewals.end(late, Outcome.DEAD, "x", late.connection.lapsed(Cause.TOKEN_DEAD, NOW))
        await work.renewals.give_back(late, NOW)
    async with store.within(Scope.of_lease(other)) as work:
        assert [one.renewal_id for one in await work.renewals.held(other)] == [again.renewal_id]
        assert await work.renewals.commit(other, [renewed(again)]) == [again.renewal_id]


async def test_a_commit_puts_every_grant_in_use_whose_lease_still_holds_and_adds_no_other(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    good, robbed = await a_due(store), await a_due(store)
    owner, held = await leased(store)
    async with administrator.begin() as connection:
        statement = sa.text("update connections set renewal_id = gen_random_uuid() where id = :id")
        await connection.execute(statement, {"id": robbed.company.connection.id})

    async with store.within(Scope.of_lease(owner)) as work:
        in_use = await work.renewals.commit(owner, [renewed(one) for one in held])

    [mine] = [one for one in held if one.connection.id == good.company.connection.id]
    assert in_use == [mine.renewal_id]
    assert await good.stands(store) == (Standing.ACTIVE, NOW + WEEK, mine.renewal_id)
    assert await lineage(administrator, good) == {good.grant.id, mine.renewal_id}
    assert await lineage(administrator, robbed) == {robbed.grant.id}
    assert await store.lease_due(PROVIDER, new_id(), NOW, most=9) == []


async def test_a_late_answer_is_adopted_once_however_often_it_comes(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    due = await a_due(store)
    _, [one] = await leased(store)
    told = renewed(one)
    active = one.connection.active(NOW, consent_ends_at=told.grant.refresh_ends_at, due_at=NOW + WEEK)

    async def adopt() -> bool:
        async with store.within(due.company.scope) as work:
            return await work.renewals.adopt(told.answer, told.grant, active)

    assert sum(await asyncio.gather(*[adopt() for _ in range(5)])) == 1
    assert not await adopt()
    assert await due.stands(store) == (Standing.ACTIVE, NOW + WEEK, one.renewal_id)
    assert await lineage(administrator, due) == {due.grant.id, one.renewal_id}


async def test_a_late_answer_revives_what_was_given_up_and_a_fork_stays_in_the_lineage(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    due = await a_due(store)
    _, [one] = await leased(store)
    told, fork = renewed(one), a_grant(due.grant.id)
    active = one.connection.active(NOW, consent_ends_at=NOW + MONTH, due_at=NOW + WEEK)
    async with store.within(due.company.scope) as work:
        assert await work.renewals.end(one, Outcome.DEAD, "x", one.connection.lapsed(Cause.TOKEN_DEAD, NOW))
        assert await work.renewals.adopt(told.answer, told.grant, active)
        assert not await work.renewals.adopt(replace(told.answer, id=fork.id), fork, active)

    assert await due.stands(store) == (Standing.ACTIVE, NOW + WEEK, told.grant.id)
    assert await lineage(administrator, due) == {due.grant.id, told.grant.id, fork.id}


async def test_an_abandoned_renewal_is_a_doubt_until_its_call_can_no_longer_run(store: PostgresStore) -> None:
    due = await a_due(store)
    await leased(store)
    assert await store.renewals_abandoned(LATER - timedelta(microseconds=1), most=9) == []
    assert await store.renewals_abandoned(LATER, most=9) == [(due.company.tenant, due.company.connection.id)]

    for _ in range(2):
        async with store.within(due.company.scope) as work:
            await work.renewals.abandon(due.company.connection.id, LATER)
            assert await work.renewals.outcomes(due.grant.id, Outcome.UNKNOWN) == [LATER]
    assert (await due.stands(store))[:2] == (Standing.UNCERTAIN, NOW + ANSWER_WITHIN)
    assert await store.lease_due(PROVIDER, new_id(), NOW + ANSWER_WITHIN - timedelta(seconds=1), most=9) == []
    assert len(await store.lease_due(PROVIDER, new_id(), NOW + ANSWER_WITHIN, most=9)) == 1


async def test_the_newest_grant_that_was_never_presented_is_the_one_to_try(store: PostgresStore) -> None:
    due = await a_due(store)
    _, [one] = await leased(store)
    old, new = a_grant(due.grant.id), a_grant(due.grant.id, obtained_at=NOW + timedelta(minutes=1))
    unconfirmed = replace(a_grant(None), obtained_at=NOW + WEEK)
    async with store.within(due.company.scope) as work:
        for grant in (old, new, unconfirmed):
            await work.connections.add_grant(due.company.connection.id, grant)
        assert await work.renewals.candidate(one, NOW - WEEK) == new.id
        assert await work.renewals.candidate(one, NOW + WEEK) is None
        await work.connections.add_grant(due.company.connection.id, a_grant(new.id, obtained_at=NOW - MONTH))
        assert await work.renewals.candidate(one, NOW - WEEK) == old.id


async def test_a_provider_that_turns_down_its_own_token_is_believed_once_in_a_while(store: PostgresStore) -> None:
    company = await a_company(store)
    async with store.within(company.scope) as work:
        assert await work.renewals.turn_down(company.connection.id, NOW - WEEK, NOW)
        assert not await work.renewals.turn_down(company.connection.id, NOW - timedelta(seconds=1), NOW)
        assert await work.renewals.turn_down(company.connection.id, NOW, NOW + WEEK)
