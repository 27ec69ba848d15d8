"""A link is spent once and an attempt moves on once, however many try at the same time."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.consent import Attempt, Link, Progress
from connector.ids import AttemptId, ConnectionId, LinkId, new_id
from connector.store.work import PostgresStore
from tests.store.companies import NOW, PROVIDER, Company, a_company


async def a_link(store: PostgresStore, company: Company) -> Link:
    link = Link(
        tenant_id=company.tenant,
        id=LinkId(new_id()),
        partner_id=company.partner,
        provider=PROVIDER,
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
        used_at=None,
        withdrawn_at=None,
    )
    async with store.within(company.scope) as work:
        await work.consents.add_link(link, uuid4().bytes)
    return link


async def an_attempt(store: PostgresStore, company: Company, progress: Progress = Progress.STARTED) -> Attempt:
    attempt = Attempt(
        tenant_id=company.tenant,
        id=AttemptId(new_id()),
        link_id=(await a_link(store, company)).id,
        provider=PROVIDER,
        browser_digest=b"browser",
        verifier_sealed=b"sealed",
        progress=progress,
        connection_id=None,
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    async with store.within(company.scope) as work:
        await work.consents.add_attempt(attempt, uuid4().bytes)
    return attempt


async def test_a_link_and_an_attempt_come_back_as_they_were_written(store: PostgresStore) -> None:
    company = await a_company(store)
    link, attempt = await a_link(store, company), await an_attempt(store, company)

    async with store.within(company.scope) as work:
        assert await work.consents.link(link.id) == link
        assert await work.consents.attempt(attempt.id) == attempt


async def test_of_twenty_who_use_a_link_at_once_one_does(store: PostgresStore) -> None:
    company = await a_company(store)
    link = await a_link(store, company)

    async def use(second: int) -> bool:
        async with store.within(company.scope) as work:
            return await work.consents.use_link(link.id, NOW + timedelta(seconds=second))

    spent = await asyncio.gather(*[use(second) for second in range(20)])

    assert sum(spent) == 1
    async with store.within(company.scope) as work:
        used = await work.consents.link(link.id)
    assert used is not None
    assert used.used_at == NOW + timedelta(seconds=spent.index(True))


async def test_of_twenty_who_move_an_attempt_on_at_once_one_does(store: PostgresStore) -> None:
    company = await a_company(store)
    attempt = await an_attempt(store, company)

    async def move() -> bool:
        async with store.within(company.scope) as work:
            return await work.consents.advance(attempt.id, Progress.STARTED, Progress.REDEEMING)

    assert sum(await asyncio.gather(*[move() for _ in range(20)])) == 1


@pytest.mark.parametrize("stands", list(Progress))
async def test_an_attempt_moves_on_only_from_where_it_stands(store: PostgresStore, stands: Progress) -> None:
    company = await a_company(store)
    attempt = await an_attempt(store, company, stands)
    moved = {}
    for before in Progress:
        if before is not stands:
            async with store.within(company.scope) as work:
                moved[before] = await work.consents.advance(attempt.id, before, Progress.CONFIRMED)

    assert set(moved.values()) == {False}
    async with store.within(company.scope) as work:
        assert await work.consents.attempt(attempt.id) == attempt


async def test_the_connection_an_attempt_led_to_stays_with_it(store: PostgresStore) -> None:
    company = await a_company(store)
    attempt = await an_attempt(store, company)

    async with store.within(company.scope) as work:
        await work.consents.advance(attempt.id, Progress.STARTED, Progress.REDEEMED, company.connection.id)
        await work.consents.advance(attempt.id, Progress.REDEEMED, Progress.CONFIRMED)
        stands = await work.consents.attempt(attempt.id)

    assert stands is not None
    assert (stands.progress, stands.connection_id) == (Progress.CONFIRMED, ConnectionId(company.connection.id))


async def test_another_tenant_can_neither_see_nor_spend_a_link_or_an_attempt(store: PostgresStore) -> None:
    company, other = await a_company(store), await a_company(store)
    link, attempt = await a_link(store, company), await an_attempt(store, company)

    async with store.within(other.scope) as work:
        assert await work.consents.link(link.id) is None
        assert await work.consents.attempt(attempt.id) is None
        assert not await work.consents.use_link(link.id, NOW)
        assert not await work.consents.advance(attempt.id, Progress.STARTED, Progress.FAILED)
