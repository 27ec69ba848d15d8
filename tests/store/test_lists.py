"""A list has one reader at a time, so what looks saw follows in the order in which they looked."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from connector.domain.fetch import LEASE
from connector.domain.invoice import Side
from connector.store.work import PostgresStore
from tests.store.companies import MARCH, NOW, a_company, a_fetch
from tests.store.fetching import APRIL, EXPIRED, a_page, claim, now_stands, turn


async def test_a_list_has_one_reader_whichever_of_its_windows_are_wanted_and_each_side_is_a_list_of_its_own(
    store: PostgresStore,
) -> None:
    company = await a_company(store)
    march, april = await a_fetch(store, company), await a_fetch(store, company, APRIL)
    issued = await a_fetch(store, company, replace(MARCH, side=Side.ISSUER))

    taken = await asyncio.gather(*[claim(store, company, each, uuid4()) for each in 5 * [march.id, april.id]])

    [reader] = [each.id for each in taken if each is not None]
    other = april.id if reader == march.id else march.id
    assert await claim(store, company, other, uuid4(), EXPIRED - timedelta(microseconds=1)) is None
    assert await claim(store, company, issued.id, uuid4()) is not None
    assert await claim(store, company, other, uuid4(), EXPIRED) is not None


async def test_a_reader_whose_lease_ran_out_writes_nothing_once_another_window_of_its_list_is_read(
    store: PostgresStore,
) -> None:
    """Or what it saw long ago would be told after, and over, what was seen since."""
    company, late, prompt = await a_company(store), uuid4(), uuid4()
    march, april = await a_fetch(store, company), await a_fetch(store, company, APRIL)
    await claim(store, company, march.id, late)
    assert await claim(store, company, april.id, prompt, EXPIRED) is not None

    async with store.within(company.scope) as work:
        await work.fetches.hold(march.id, late, EXPIRED + LEASE)
    assert not await turn(store, company, march.id, late, a_page())
    assert await turn(store, company, april.id, prompt, a_page())


async def test_a_pass_in_vain_is_followed_by_another_from_the_first_page_and_two_passes_are_remembered(
    store: PostgresStore,
) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, owner)
    for in_pass in (1, 2, 3):
        for number, begins_again in ((1, False), (2, True)):
            page = replace(a_page(number), in_pass=in_pass)
            async with store.within(company.scope) as work:
                assert await work.fetches.turn_page(fetch.id, owner, page, NOW + LEASE, begins_again=begins_again)
                assert not await work.fetches.turn_page(fetch.id, owner, page, NOW + LEASE)

    standing = await now_stands(store, company, fetch.id)
    assert (standing.in_pass, standing.next_page, standing.pages, standing.rows) == (4, 1, 2, 2)
    async with store.within(company.scope) as work:
        assert [(page.in_pass, page.number) for page in await work.fetches.pages_read(fetch.id)] == [(3, 1), (3, 2)]
