"""A fetch is one wish, one reader at a time, and rows that move together with its cursor."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.fetch import LEASE, Fetch, Reading, Window
from connector.domain.invoice import InvoiceFilter, Side
from connector.ids import FetchId
from connector.store.tables import receipts
from connector.store.work import PostgresStore
from tests.conftest import administer
from tests.store.companies import MARCH, NOW, a_company, a_fetch, an_invoice
from tests.store.fetching import APRIL, EXPIRED, a_page, a_receipt, claim, now_stands, turn


async def test_asking_twice_for_the_same_days_gives_the_fetch_that_is_open_and_other_days_another(
    store: PostgresStore,
) -> None:
    company = await a_company(store)
    async with store.within(company.scope) as work:
        first, made = await work.fetches.request(company.tenant, company.connection.id, MARCH, NOW)
        again, made_again = await work.fetches.request(
            company.tenant, company.connection.id, MARCH, NOW + timedelta(hours=1)
        )
        other, made_other = await work.fetches.request(company.tenant, company.connection.id, APRIL, NOW)

    assert (made, made_again, made_other) == (True, False, True)
    assert again == first
    assert other.id != first.id
    assert (first.reading, first.next_page, first.pages, first.rows, first.due_at) == (Reading.WAITING, 1, 0, 0, NOW)


async def test_of_twenty_who_ask_at_once_one_makes_the_fetch_and_all_are_given_it(store: PostgresStore) -> None:
    company = await a_company(store)

    async def ask() -> tuple[Fetch, bool]:
        async with store.within(company.scope) as work:
            return await work.fetches.request(company.tenant, company.connection.id, MARCH, NOW)

    told = await asyncio.gather(*[ask() for _ in range(20)])

    assert len({fetch.id for fetch, _ in told}) == 1
    assert sum(made for _, made in told) == 1


async def test_a_fetch_that_ends_while_it_is_asked_for_is_followed_by_a_new_one(
    store: PostgresStore, shared_database_url: str
) -> None:
    """It stands in the way when the wish is written, and is over when it is read: there is room for another then."""
    company = await a_company(store)
    old = await a_fetch(store, company)

    with just_after("INSERT INTO fetches", lambda: ended(shared_database_url, old.id)):
        new = await a_fetch(store, company)

    assert new.id != old.id
    assert new.reading is Reading.WAITING


@contextmanager
def just_after(beginning: str, happens: Callable[[], None]) -> Iterator[None]:
    """Lets something happen elsewhere right after the first statement that begins so."""
    waiting = [happens]

    def watch(_: object, __: object, statement: str, *___: object) -> None:
        if waiting and statement.startswith(beginning):
            waiting.pop()()

    sa.event.listen(sa.Engine, "after_cursor_execute", watch)
    try:
        yield
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", watch)
    assert waiting == []


def ended(database_url: str, fetch: FetchId) -> None:
    end = f"update fetches set reading = 'complete' where id = '{fetch}'"  # noqa: S608 - an id of ours
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(administer, database_url, end).result()


async def test_a_fetch_that_ended_leaves_room_for_the_next_of_the_same_days(store: PostgresStore) -> None:
    company, owner = await a_company(store), uuid4()
    first = await a_fetch(store, company)
    await claim(store, company, first.id, owner)
    async with store.within(company.scope) as work:
        await work.fetches.fail(first.id, owner, "NOT_ENTITLED", NOW)

    second = await a_fetch(store, company)

    assert second.id != first.id
    ended = await now_stands(store, company, first.id)
    assert (ended.reading, ended.problem, ended.finished_at) == (Reading.FAILED, "NOT_ENTITLED", NOW)


async def test_of_twenty_readers_one_takes_the_fetch(store: PostgresStore) -> None:
    company = await a_company(store)
    fetch = await a_fetch(store, company)

    taken = await asyncio.gather(*[claim(store, company, fetch.id, uuid4()) for _ in range(20)])

    assert [each.reading for each in taken if each is not None] == [Reading.RUNNING]


@pytest.mark.parametrize(
    ("passed", "taken"), [(timedelta(), False), (LEASE - timedelta(microseconds=1), False), (LEASE, True)]
)
async def test_a_held_fetch_is_taken_over_when_its_lease_has_run_out_and_not_a_moment_before(
    store: PostgresStore, passed: timedelta, *, taken: bool
) -> None:
    company = await a_company(store)
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, uuid4())

    assert (await claim(store, company, fetch.id, uuid4(), NOW + passed) is not None) is taken


async def test_a_reader_that_shows_life_keeps_its_fetch_and_nobody_else_can_do_it_for_him(
    store: PostgresStore,
) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, owner)

    async with store.within(company.scope) as work:
        await work.fetches.hold(fetch.id, owner, EXPIRED + LEASE)
    assert await claim(store, company, fetch.id, uuid4(), EXPIRED) is None

    async with store.within(company.scope) as work:
        await work.fetches.hold(fetch.id, uuid4(), EXPIRED + 9 * LEASE)
    assert await claim(store, company, fetch.id, uuid4(), EXPIRED + LEASE) is not None


async def test_a_fetch_is_not_taken_before_it_is_due_or_after_it_ended(store: PostgresStore) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    assert await claim(store, company, fetch.id, owner, NOW - timedelta(microseconds=1)) is None

    await claim(store, company, fetch.id, owner)
    async with store.within(company.scope) as work:
        await work.fetches.postpone(fetch.id, owner, "UNAVAILABLE", NOW + timedelta(hours=1))
    postponed = await now_stands(store, company, fetch.id)
    assert (postponed.reading, postponed.problem) == (Reading.WAITING, "UNAVAILABLE")
    assert await claim(store, company, fetch.id, owner, NOW + timedelta(minutes=59)) is None
    assert await claim(store, company, fetch.id, owner, NOW + timedelta(hours=1)) is not None

    async with store.within(company.scope) as work:
        assert await work.fetches.complete(a_receipt(fetch.id), owner)
    assert await claim(store, company, fetch.id, owner, NOW + timedelta(days=1)) is None


async def test_pages_move_the_cursor_and_are_counted(store: PostgresStore) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, owner)
    pages = [a_page(1, "a", "b"), a_page(2, "c"), replace(a_page(3, last=True), keys=())]

    for page in pages:
        assert await turn(store, company, fetch.id, owner, page)

    standing = await now_stands(store, company, fetch.id)
    assert (standing.next_page, standing.pages, standing.rows) == (4, 3, 3)
    async with store.within(company.scope) as work:
        read = await work.fetches.pages_read(fetch.id)
    assert [(page.number, tuple(page.keys), page.last) for page in read] == [
        (page.number, tuple(page.keys), page.last) for page in pages
    ]


@pytest.mark.parametrize("number", [0, 2, 3])
async def test_a_page_that_is_not_the_next_one_is_not_turned(store: PostgresStore, number: int) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, owner)

    assert not await turn(store, company, fetch.id, owner, a_page(number))
    assert (await now_stands(store, company, fetch.id)).next_page == 1


async def test_a_reader_that_was_overtaken_turns_no_page_and_what_it_read_is_undone(store: PostgresStore) -> None:
    """The rows of its page go with its refused turn: cursor and rows are one transaction."""
    company, late, prompt = await a_company(store), uuid4(), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, late)
    assert await claim(store, company, fetch.id, prompt, EXPIRED) is not None

    class OvertakenError(Exception):
        pass

    async def go_on() -> None:
        async with store.within(company.scope) as work:
            await work.mirror.put(company.connection, [an_invoice("late")], NOW)
            if not await work.fetches.turn_page(fetch.id, late, a_page(1, "late"), NOW + LEASE):
                raise OvertakenError

    with pytest.raises(OvertakenError):
        await go_on()

    async with store.within(company.scope) as work:
        assert not await work.fetches.complete(a_receipt(fetch.id), late)
        await work.fetches.postpone(fetch.id, late, "LATE", NOW + timedelta(days=9))
        await work.fetches.fail(fetch.id, late, "LATE", NOW)
        assert await work.mirror.count(Side.RECEIVER, company.tenant, InvoiceFilter()) == 0
        assert await work.fetches.pages_read(fetch.id) == []
    standing = await now_stands(store, company, fetch.id)
    assert (standing.reading, standing.next_page, standing.problem) == (Reading.RUNNING, 1, None)
    assert await turn(store, company, fetch.id, prompt, a_page())


async def test_a_fetch_read_to_its_end_has_one_receipt_and_no_problem(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company, owner = await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    await claim(store, company, fetch.id, owner)
    async with store.within(company.scope) as work:
        await work.fetches.postpone(fetch.id, owner, "UNAVAILABLE", NOW)
    await claim(store, company, fetch.id, owner)
    await turn(store, company, fetch.id, owner, a_page(last=True))

    async with store.within(company.scope) as work:
        assert await work.fetches.complete(a_receipt(fetch.id), owner)
        assert not await work.fetches.complete(a_receipt(fetch.id), owner)

    standing = await now_stands(store, company, fetch.id)
    assert (standing.reading, standing.problem, standing.finished_at) == (Reading.COMPLETE, None, NOW)
    async with administrator.connect() as connection:
        kept = (await connection.execute(sa.select(receipts).where(receipts.c.fetch_id == fetch.id))).one()
    assert (kept.tenant_id, kept.passes, kept.pages, kept.rows, kept.keys_digest, kept.as_of) == (
        company.tenant,
        2,
        1,
        1,
        b"digest",
        NOW - LEASE,
    )
    assert standing.as_of == NOW - LEASE


async def test_a_tenants_latest_fetches_come_first_and_no_more_than_asked_for(store: PostgresStore) -> None:
    company, other = await a_company(store), await a_company(store)
    await a_fetch(store, other)
    asked = []
    for day in range(1, 5):
        async with store.within(company.scope) as work:
            window = Window(first_day=date(2026, 3, day), last_day=date(2026, 3, day))
            moment = NOW + timedelta(minutes=day)
            asked.append((await work.fetches.request(company.tenant, company.connection.id, window, moment))[0].id)

    async with store.within(company.scope) as work:
        latest = await work.fetches.of_tenant(company.tenant, most=3)

    assert [fetch.id for fetch in latest] == [asked[3], asked[2], asked[1]]


async def test_another_tenant_can_neither_see_claim_nor_end_a_fetch(store: PostgresStore) -> None:
    company, other, owner = await a_company(store), await a_company(store), uuid4()
    fetch = await a_fetch(store, company)
    assert await claim(store, other, fetch.id, owner) is None
    await claim(store, company, fetch.id, owner)

    async with store.within(other.scope) as work:
        assert await work.fetches.fetch(fetch.id) is None
        assert await work.fetches.of_tenant(company.tenant, most=10) == []
        assert not await work.fetches.turn_page(fetch.id, owner, a_page(), EXPIRED)
        assert not await work.fetches.complete(a_receipt(fetch.id), owner)
        await work.fetches.fail(fetch.id, owner, "FOREIGN", NOW)

    assert (await now_stands(store, company, fetch.id)).reading is Reading.RUNNING
