"""The list of received invoices: its order, its pages and its filters."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.invoice import Counterparty, FetchedInvoice, Invoice, InvoiceFilter, Place, Side, Stage
from connector.store.work import PostgresStore
from tests.conftest import Cluster, administer
from tests.store.companies import NOW, Company, a_company, an_invoice
from tests.store.databases import copied, store_in

DAYS = st.one_of(st.none(), st.dates(min_value=date(2026, 3, 1), max_value=date(2026, 3, 4)))


async def page_after(
    store: PostgresStore, company: Company, last: Invoice | None, *, first: int, wanted: InvoiceFilter
) -> tuple[Sequence[Invoice], bool]:
    place = None if last is None else Place(issue_date=last.issue_date or date.min, id=last.id)
    async with store.within(company.scope) as work:
        page = await work.mirror.invoices(Side.RECEIVER, company.tenant, wanted, first=first, after=place)
    assert page.more_before is (last is not None)
    return page.items, page.more_after


async def add(store: PostgresStore, company: Company, invoices: Sequence[FetchedInvoice]) -> None:
    async with store.within(company.scope) as work:
        await work.mirror.put(company.connection, invoices, NOW)


@settings(max_examples=40, deadline=None)
@given(
    days=st.lists(DAYS, max_size=30),
    arriving=st.lists(st.lists(DAYS, max_size=4), max_size=8),
    first=st.integers(min_value=1, max_value=7),
)
async def test_walking_the_pages_neither_repeats_nor_skips_an_invoice_while_others_arrive(
    store: PostgresStore, days: list[date | None], arriving: list[list[date | None]], first: int
) -> None:
    company = await a_company(store)
    await add(store, company, [an_invoice(f"there {number}", issue_date=day) for number, day in enumerate(days)])
    walked: list[Invoice] = []
    more, turn = True, 0
    while more:
        items, more = await page_after(
            store, company, walked[-1] if walked else None, first=first, wanted=InvoiceFilter()
        )
        assert len(items) == first or not more
        walked += items
        newcomers = arriving[turn] if turn < len(arriving) else []
        await add(store, company, [an_invoice(f"new {turn} {i}", issue_date=day) for i, day in enumerate(newcomers)])
        turn += 1

    assert len({invoice.id for invoice in walked}) == len(walked)
    assert {invoice.key for invoice in walked} >= {f"there {number}" for number in range(len(days))}
    order = [(invoice.issue_date or date.min, invoice.id.bytes) for invoice in walked]
    assert order == sorted(order, reverse=True)


async def test_the_order_of_invoices_of_one_day_is_the_lists_own_and_hangs_on_no_index(cluster: Cluster) -> None:
    with copied(cluster) as url:
        await asyncio.to_thread(administer, url, "drop index received_invoices_in_order")
        async with store_in(url) as store:
            company = await a_company(store)
            await add(store, company, [an_invoice(str(number)) for number in range(100)])
            walked: list[Invoice] = []
            while len(walked) < 100:
                last = walked[-1] if walked else None
                items, more = await page_after(store, company, last, first=7, wanted=InvoiceFilter())
                walked += items
                assert more is (len(walked) < 100)

    assert {invoice.key for invoice in walked} == {str(number) for number in range(100)}


async def test_an_invoice_without_an_issue_date_is_listed_last_and_the_end_is_said_exactly(
    store: PostgresStore,
) -> None:
    company = await a_company(store)
    days = [None, date(2026, 3, 1), None, date(2026, 3, 2)]
    await add(store, company, [an_invoice(str(number), issue_date=day) for number, day in enumerate(days)])

    items, more = await page_after(store, company, None, first=4, wanted=InvoiceFilter())
    assert ([invoice.key for invoice in items[:2]], {invoice.key for invoice in items[2:]}) == (["3", "1"], {"0", "2"})
    assert more is False
    items, more = await page_after(store, company, items[2], first=4, wanted=InvoiceFilter())
    assert (len(items), more) == (1, False)  # the other one without a date
    assert await page_after(store, company, items[0], first=4, wanted=InvoiceFilter()) == ([], False)


# A condition, and an invoice that is the plain one but for the field it looks at: first let through, then kept out.
CONDITIONS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"stages": [Stage.RETURNED, Stage.APPROVED]}, {"stage": Stage.APPROVED}, {"stage": Stage.PROCESSED}),
    ({"issued_from": date(2026, 3, 31)}, {"issue_date": date(2026, 3, 31)}, {"issue_date": date(2026, 3, 30)}),
    ({"issued_to": date(2026, 3, 31)}, {"issue_date": date(2026, 3, 31)}, {"issue_date": date(2026, 4, 1)}),
    ({"due_from": date(2026, 4, 30)}, {"due_date": date(2026, 4, 30)}, {"due_date": date(2026, 4, 29)}),
    ({"due_to": date(2026, 4, 30)}, {"due_date": date(2026, 4, 30)}, {"due_date": date(2026, 5, 1)}),
    ({"total_from": Decimal(1100)}, {"total": Decimal(1100)}, {"total": Decimal("1099.99")}),
    ({"total_to": Decimal(1100)}, {"total": Decimal(1100)}, {"total": Decimal("1100.01")}),
    ({"number": "A-1"}, {"number": "A-1"}, {"number": "A-10"}),
    (
        {"counterparty": "青空"},
        {"counterparty": Counterparty(None, "株式会社青空", None)},
        {"counterparty": Counterparty("青空-1", "株式会社青木", "青空2")},
    ),
]
NAMES = [next(iter(condition)) for condition, _, _ in CONDITIONS]


@pytest.fixture(scope="module")
async def shelf(store: PostgresStore) -> Company:
    """One invoice that passes every condition, one that fails each, and one that says nothing at all."""
    company = await a_company(store)
    passing = {name: value for _, passes, _ in CONDITIONS for name, value in passes.items()}
    invoices = [an_invoice("passes", **passing)]
    invoices += [
        an_invoice(name, **{**passing, **fails}) for name, (_, _, fails) in zip(NAMES, CONDITIONS, strict=True)
    ]
    silent = dict.fromkeys(("number", "issue_date", "due_date", "total"))
    nobody = Counterparty(None, None, None)
    invoices.append(an_invoice("silent", **silent, counterparty=nobody, stage=Stage.UNRECOGNISED))
    await add(store, company, invoices)
    return company


async def keys(store: PostgresStore, company: Company, wanted: InvoiceFilter) -> set[str]:
    """The keys let through, which the count must agree with."""
    items, _ = await page_after(store, company, None, first=100, wanted=wanted)
    async with store.within(company.scope) as work:
        assert await work.mirror.count(Side.RECEIVER, company.tenant, wanted) == len(items)
    return {invoice.key for invoice in items}


@pytest.mark.parametrize("place", range(len(CONDITIONS)), ids=NAMES)
async def test_a_condition_keeps_out_what_does_not_meet_it_and_what_does_not_say(
    store: PostgresStore, shelf: Company, place: int
) -> None:
    wanted = InvoiceFilter(**CONDITIONS[place][0])

    assert await keys(store, shelf, wanted) == {"passes", *NAMES} - {NAMES[place]}


@pytest.mark.parametrize("pair", list(combinations(range(len(CONDITIONS)), 2)), ids=lambda pair: NAMES[pair[0]])
async def test_two_conditions_together_keep_out_what_fails_either(
    store: PostgresStore, shelf: Company, pair: tuple[int, int]
) -> None:
    wanted = InvoiceFilter(**{**CONDITIONS[pair[0]][0], **CONDITIONS[pair[1]][0]})

    assert await keys(store, shelf, wanted) == {"passes", *NAMES} - {NAMES[place] for place in pair}


async def test_every_condition_at_once_leaves_the_one_that_meets_them_all(store: PostgresStore, shelf: Company) -> None:
    everything = {name: value for condition, _, _ in CONDITIONS for name, value in condition.items()}
    assert {*everything, "gone"} == set(InvoiceFilter.__dataclass_fields__), (
        "a new condition needs a line in CONDITIONS"
    )

    assert await keys(store, shelf, InvoiceFilter(**everything)) == {"passes"}
    assert await keys(store, shelf, InvoiceFilter()) == {"passes", "silent", *NAMES}


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("%", {"percent"}),
        ("_", {"underscore"}),
        ("\\", {"backslash"}),
        ("50%_\\", set()),
        ("/", {"slash"}),
        ("acme", {"latin"}),
        ("ACME", {"latin"}),
        ("C-07", {"code"}),
        ("C-0", set()),
        ("T7777777777777", {"registered"}),
        ("T777", set()),
        ("'; drop table tenants; --", set()),
    ],
)
async def test_a_counterparty_is_sought_by_part_of_its_name_letter_for_letter_or_by_its_whole_code(
    store: PostgresStore, sought: str, found: set[str]
) -> None:
    company = await a_company(store)
    named = {"percent": "A%B", "underscore": "A_B", "backslash": "A\\B", "slash": "A/B", "plain": "AB", "latin": "Acme"}
    invoices = [an_invoice(key, counterparty=Counterparty("C-01", name, None)) for key, name in named.items()]
    invoices.append(an_invoice("code", counterparty=Counterparty("C-07", "ほか", None)))
    invoices.append(an_invoice("registered", counterparty=Counterparty("C-01", "ほか", "T7777777777777")))
    await add(store, company, invoices)

    assert await keys(store, company, InvoiceFilter(counterparty=sought)) == found


async def test_a_filter_and_a_cursor_work_together(store: PostgresStore) -> None:
    company = await a_company(store)
    plain = an_invoice(stage=Stage.APPROVED)
    days = [date(2026, 3, 1) + timedelta(days=number) for number in range(10)]
    await add(
        store,
        company,
        [
            replace(plain, key=str(number), issue_date=day, stage=Stage.RETURNED if number % 2 else Stage.APPROVED)
            for number, day in enumerate(days)
        ],
    )
    wanted = InvoiceFilter(stages=[Stage.RETURNED])

    items, more = await page_after(store, company, None, first=3, wanted=wanted)
    rest, end = await page_after(store, company, items[-1], first=3, wanted=wanted)

    assert [invoice.key for invoice in [*items, *rest]] == ["9", "7", "5", "3", "1"]
    assert (more, end) == (True, False)
