"""A window is read to its end, page by page, whatever happens in between; the provider's own count is the judge."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError

from connector.domain.access import Scope
from connector.domain.fetch import Reading
from connector.flows.tallying import MOST_PASSES
from connector.ports import InvoicePage
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.flows.bench import calls, held_by_provider, joined, later, mirrored, rows, trouble, value
from tests.connector.flows.readers import reading_through
from tests.connector.flows.readings import all_pages, open_fetch, read, receipts
from tests.connector.flows.shared import anew
from tests.listing import invoices_on, listed
from tests.world import World

Ask = Callable[[int], Awaitable[InvoicePage]]
DAY = timedelta(days=1)


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
def name() -> str:
    return f"tenant-{uuid4()}"


@pytest.mark.parametrize(("invoices", "pages"), [(0, [1]), (99, [1]), (200, [1, 2, 3]), (250, [1, 2, 3])])
async def test_every_invoice_is_read_once_and_the_receipt_says_which(
    world: World, name: str, invoices: int, pages: list[int]
) -> None:
    tenant = await joined(world, name, invoices=invoices)
    fetch = await read(world, tenant)

    held = held_by_provider(world, name)
    assert (fetch.reading, fetch.rows, fetch.pages, fetch.problem) == (Reading.COMPLETE, invoices, len(pages), None)
    assert calls(world) == all_pages(invoices)
    assert held.total() == invoices
    assert await mirrored(world, tenant) == held
    parts = [len(key).to_bytes(4, "big") + key.encode() for key in sorted(held)]
    [receipt] = await receipts(world, tenant)
    assert bytes(receipt["keys_digest"]) == hashlib.sha256(b"".join(parts)).digest()
    assert (receipt["rows"], receipt["pages"], receipt["fetch_id"]) == (invoices, len(pages), fetch.id)


async def test_a_finished_fetch_is_not_read_again_however_often_it_is_rung_for(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=3)
    fetch = await read(world, tenant)
    assert [await world.flows.fetching.read(tenant.id, fetch.id) for _ in range(3)] == [None] * 3
    assert calls(world) == all_pages(3)


async def test_of_ten_readers_at_once_one_reads(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=150)
    fetch = await open_fetch(world, tenant)
    done = await asyncio.gather(*[world.flows.fetching.read(tenant.id, fetch) for _ in range(10)])
    assert sum(each is not None for each in done) == 1
    assert calls(world) == all_pages(150)


TROUBLES = {
    Kind.HTTP_500: (1, "UNAVAILABLE", 60),
    Kind.HTTP_503: (1, "UNAVAILABLE", 120),
    Kind.HTML_200: (1, "UNREADABLE_ANSWER", 60),
    Kind.TRUNCATE: (1, "UNAVAILABLE", 30),
    Kind.DROP_AFTER: (2, "UNAVAILABLE", 30),  # twice, because a read whose line closes is asked once more
}


@pytest.mark.parametrize("kind", TROUBLES)
async def test_a_page_that_fails_is_read_again_later_and_those_before_it_are_not(
    world: World, name: str, kind: Kind
) -> None:
    count, problem, wait = TROUBLES[kind]
    tenant = await joined(world, name, invoices=201)
    held = held_by_provider(world, name)
    for page in (1, 2, 3):
        await rows(world, "delete from received_invoices where tenant_id = :tenant", tenant=tenant.id)
        trouble(world, kind, count=count, skip=page - 1)
        before = len(await receipts(world, tenant))
        fetch = await read(world, tenant)
        assert (fetch.reading, fetch.next_page, fetch.problem) == (Reading.WAITING, page, problem)
        assert (await mirrored(world, tenant)) == Counter(sorted(held)[: 100 * (page - 1)])
        assert len(await receipts(world, tenant)) == before

        asked = len(calls(world))
        later(world, timedelta(seconds=wait - 5))
        assert await world.flows.fetching.read(tenant.id, fetch.id) is None  # not before it is due
        later(world, timedelta(seconds=6))
        again = await world.flows.fetching.read(tenant.id, fetch.id)
        assert again is not None
        assert (again.reading, again.rows, again.pages, again.problem) == (Reading.COMPLETE, 201, 3, None)
        assert calls(world)[asked:] == all_pages(201)[page - 1 :]
        assert await mirrored(world, tenant) == held
        proofs = await receipts(world, tenant)
        assert len(proofs) == before + 1
        assert (proofs[-1]["fetch_id"], proofs[-1]["rows"], proofs[-1]["pages"]) == (fetch.id, 201, 3)


async def test_a_page_that_repeats_an_earlier_one_gets_no_receipt(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=250)

    async def first_page_twice(number: int, ask: Ask) -> InvoicePage:
        return await ask(1 if number == 2 else number)

    fetching = reading_through(world, first_page_twice)
    fetch = await fetching.read(tenant.id, await open_fetch(world, tenant))
    assert fetch is not None
    assert (fetch.reading, fetch.next_page, fetch.problem) == (Reading.WAITING, 1, "UNSTABLE_LIST")
    assert calls(world) == [1, 1] * MOST_PASSES
    assert await receipts(world, tenant) == []
    assert (await mirrored(world, tenant)).total() == 100


async def test_rows_and_cursor_move_together_or_not_at_all(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=250)

    async def unstorable(number: int, ask: Ask) -> InvoicePage:
        page = await ask(number)
        if number == 2:
            *others, last = invoices_on(page)
            page = replace(page, listed=listed([*others, replace(last, number="\0")]))
        return page

    open_ = await open_fetch(world, tenant)
    with pytest.raises(DBAPIError):
        await reading_through(world, unstorable).read(tenant.id, open_)
    assert (await mirrored(world, tenant)).total() == 100
    assert await value(world, "select next_page from fetches where id = :id", id=open_) == 2
    assert await value(world, "select count(*) from fetched_pages where fetch_id = :id", id=open_) == 1

    later(world, timedelta(seconds=31))  # the reader is gone, and its lease with it
    fetch = await world.flows.fetching.read(tenant.id, open_)
    assert fetch is not None
    assert fetch.reading is Reading.COMPLETE
    assert await mirrored(world, tenant) == held_by_provider(world, name)


async def test_im_9_shuffled_answers_with_unknown_fields_are_read_all_the_same(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=120)
    world.twin.world.extra_keys = True
    try:
        fetch = await read(world, tenant)
    finally:
        world.twin.world.extra_keys = False
    assert fetch.reading is Reading.COMPLETE
    assert await mirrored(world, tenant) == held_by_provider(world, name)


async def test_asking_ten_times_at_once_makes_one_fetch_and_asking_after_its_end_makes_another(
    world: World, name: str
) -> None:
    tenant = await joined(world, name, invoices=1)
    scope = Scope.of_tenant(tenant.id)
    asked = await asyncio.gather(*[world.flows.fetching.request(scope, tenant.id) for _ in range(10)])
    assert len({fetch.id for [fetch] in asked}) == 1
    first = await read(world, tenant)
    assert await open_fetch(world, tenant) != first.id
    assert await value(world, "select count(*) from fetches where tenant_id = :tenant", tenant=tenant.id) == 2


async def test_a_slow_page_keeps_its_lease_alive_and_nobody_else_begins(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=5)
    quick = replace(world.flows.fetching, lease=timedelta(seconds=0.45))
    world.twin.world.faults.add(Fault("invoices", Kind.DELAY, seconds=1.2))
    open_ = await open_fetch(world, tenant)
    reading = asyncio.create_task(quick.read(tenant.id, open_))
    await asyncio.sleep(0.9)  # two leases later
    assert not reading.done()
    assert await quick.read(tenant.id, open_) is None
    fetch = await reading
    assert fetch is not None
    assert fetch.reading is Reading.COMPLETE
    assert calls(world) == all_pages(5)


async def test_a_reader_that_was_overtaken_writes_nothing(world: World, name: str) -> None:
    tenant = await joined(world, name, invoices=250)
    open_ = await open_fetch(world, tenant)

    async def overtaken(number: int, ask: Ask) -> InvoicePage:
        page = await ask(number)
        if number == 2:
            await rows(world, "update fetches set lease_until = now() - interval '1 hour' where id = :id", id=open_)
            other = await world.flows.fetching.read(tenant.id, open_)
            assert other is not None
            assert other.reading is Reading.COMPLETE
            late = [replace(each, subject="too late", exact=None) for each in invoices_on(page)]
            page = replace(page, listed=listed(late))
        return page

    fetch = await reading_through(world, overtaken).read(tenant.id, open_)
    assert fetch is not None
    assert (fetch.reading, fetch.rows, fetch.problem) == (Reading.COMPLETE, 250, None)
    assert await value(world, "select count(*) from received_invoices where subject = 'too late'") == 0
    assert await mirrored(world, tenant) == held_by_provider(world, name)
    assert len(await receipts(world, tenant)) == 1


async def test_a_reader_told_that_it_is_enough_finishes_its_page_and_leaves_the_rest_to_the_next(
    world: World, name: str
) -> None:
    tenant = await joined(world, name, invoices=250)
    open_ = await open_fetch(world, tenant)
    left = await world.flows.fetching.read(tenant.id, open_, enough=lambda: True)
    assert left is not None
    assert (left.reading, left.next_page, left.rows, left.problem) == (Reading.RUNNING, 2, 100, None)

    done = await world.flows.fetching.read(tenant.id, open_)  # at once: nobody holds it
    assert done is not None
    assert (done.reading, done.rows) == (Reading.COMPLETE, 250)
    assert calls(world) == all_pages(250)
