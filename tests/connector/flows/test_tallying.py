"""When a list that moves while it is read was read whole: its pages are the only witness, and no order is relied on."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.fetch import FetchedPage
from connector.flows.tallying import CONFIRMED_WITHIN, MOST_PAGES, MOST_PASSES, Ruling, Tally, Whole

SIZE = 5  # rows a page: the argument knows of no size, only of pages that are full
START = datetime(2026, 4, 1, tzinfo=UTC)
Lists = Callable[[int], Sequence[str]]  # the list as it is when the nth call is answered


def rows(count: int, start: int = 0) -> list[str]:
    return [f"row {number:03}" for number in range(start, start + count)]


def read(lists: Lists, tally: Tally | None = None, *, apart: timedelta = timedelta(seconds=1)) -> Iterator[Ruling]:
    """Reads as a fetch does, and tells each ruling; ends with the first that ends a reading."""
    tally = tally or Tally()
    call, in_pass, number = 0, 1, 1
    while True:
        told = lists(call)
        keys = told[(number - 1) * SIZE : number * SIZE]
        at = START + call * apart
        ruling = tally.add(FetchedPage(number, keys, len(keys) < SIZE, at, at + apart / 2, in_pass))
        yield ruling
        if ruling in {Ruling.WHOLE, Ruling.GIVE_UP}:
            return
        in_pass, number = (in_pass + 1, 1) if ruling is Ruling.BEGIN_AGAIN else (in_pass, number + 1)
        call += 1


def outcome(lists: Lists) -> tuple[Ruling, Whole | None, int]:
    """How a reading ended, what it proved, and how many calls it took."""
    tally = Tally()
    rulings = list(read(lists, tally))
    return rulings[-1], tally.whole, len(rulings)


@pytest.mark.parametrize(
    ("count", "calls", "pages"), [(0, 1, 1), (1, 2, 1), (4, 2, 1), (5, 3, 2), (6, 5, 2), (10, 5, 3), (12, 7, 3)]
)
def test_a_list_that_rests_is_proven_by_its_first_pass_once_a_second_has_seen_it_all(
    count: int, calls: int, pages: int
) -> None:
    ruling, whole, asked = outcome(lambda _: rows(count))
    assert ruling is Ruling.WHOLE
    assert whole is not None
    assert (whole.keys, whole.in_pass, whole.pages, asked) == (frozenset(rows(count)), 1, pages, calls)
    assert whole.as_of == START + timedelta(seconds=pages - 1)


def test_a_row_that_slips_between_two_pages_when_another_leaves_costs_a_pass_and_is_found() -> None:
    """A row of page one leaves before page two is asked for: the first of page two is on neither."""
    before, after = rows(12), rows(11, start=1)
    ruling, whole, _ = outcome(lambda call: before if call == 0 else after)
    assert ruling is Ruling.WHOLE
    assert whole is not None
    assert (whole.keys, whole.in_pass) == (frozenset(after), 2)


def test_rows_that_arrive_while_a_list_is_read_do_not_keep_it_from_being_proven() -> None:
    ruling, whole, _ = outcome(lambda call: rows(12 + call))
    assert ruling is Ruling.WHOLE
    assert whole is not None
    assert whole.keys == frozenset(rows(12 + whole.pages - 1))  # exactly those of the moment its end was seen


def shorted(keys: Sequence[str], number: int) -> list[str]:
    """A provider that leaves a row out of its second page, though more follow."""
    page = list(keys[(number - 1) * SIZE : number * SIZE])
    return page[:-1] if number == 2 else page


def rulings_of(pages: Callable[[int], Sequence[str]], *, total: int | None = None) -> list[Ruling]:
    """The rulings about a provider that answers each page number in a way of its own, until the reading ends."""
    tally, in_pass, number = Tally(), 1, 1
    found: list[Ruling] = []
    while not found or found[-1] not in {Ruling.WHOLE, Ruling.GIVE_UP}:
        keys = pages(number)
        at = START + timedelta(seconds=len(found))
        found.append(tally.add(FetchedPage(number, keys, len(keys) < SIZE, at, at, in_pass, total)))
        in_pass, number = (in_pass + 1, 1) if found[-1] is Ruling.BEGIN_AGAIN else (in_pass, number + 1)
    return found


@pytest.mark.parametrize(
    ("pages", "total", "calls"),
    [
        (lambda _: rows(5), None, 2),  # no page numbers there: every page is the first
        (lambda number: shorted(rows(17), number), None, 5),  # a short page in the middle
        (lambda number: rows(5, start=5 * min(number - 1, 2)), None, 4),  # a ceiling: the last page it has, for ever
        (lambda number: rows({1: 5, 2: 5, 3: 3}.get(number, 0), start=4 * number), None, 4),  # pages that overlap
        (lambda number: rows(12)[5 * number - 5 : 5 * number], 13, 4),  # fewer rows than the provider says there are
    ],
)
def test_what_a_provider_may_not_do_is_another_pass_and_then_an_alarm(
    pages: Callable[[int], Sequence[str]], total: int | None, calls: int
) -> None:
    found = rulings_of(pages, total=total)
    assert len(found) == calls * MOST_PASSES
    assert found.count(Ruling.BEGIN_AGAIN) == MOST_PASSES - 1
    assert found[-1] is Ruling.GIVE_UP


def test_a_list_without_an_end_is_given_up() -> None:
    found = rulings_of(lambda number: rows(5, start=5 * number))
    assert (len(found), found[-1]) == (MOST_PASSES * MOST_PAGES, Ruling.GIVE_UP)


def test_a_list_that_loses_a_row_before_every_page_is_given_up_and_after_that_a_pass_can_still_be_proven() -> None:
    ruling, _, calls = outcome(lambda call: rows(60, start=call))
    assert ruling is Ruling.GIVE_UP
    ruling, whole, _ = outcome(lambda call: rows(60, start=min(call, calls // 2)))
    assert ruling is Ruling.WHOLE
    assert whole is not None
    assert whole.keys == frozenset(rows(60, start=calls // 2))


@pytest.mark.parametrize(("late", "proven"), [(timedelta(), True), (timedelta(seconds=1), False)])
def test_a_pass_is_confirmed_within_the_hour_or_not_at_all(late: timedelta, *, proven: bool) -> None:
    tally = Tally()
    for number, keys in enumerate([rows(5), rows(1, start=5), []], start=1):
        tally.add(FetchedPage(number, keys, len(keys) < SIZE, START, START))
    again = START + CONFIRMED_WITHIN + late
    tally.add(FetchedPage(1, rows(5), last=False, asked_at=again, answered_at=again, in_pass=2))
    ruling = tally.add(FetchedPage(2, rows(1, start=5), last=True, asked_at=again, answered_at=again, in_pass=2))
    assert (ruling is Ruling.WHOLE) is proven


moves = st.lists(
    st.tuples(st.sampled_from(["arrive", "leave", "swap"]), st.integers(0, 40), st.integers(0, 40)), max_size=4
)


@settings(max_examples=600, deadline=None)
@given(count=st.integers(0, 23), drift=st.lists(moves, max_size=60))
def test_whatever_arrives_leaves_or_changes_places_what_is_proven_is_what_the_list_held(
    count: int, drift: list[list[tuple[str, int, int]]]
) -> None:
    """The list as it stood when the proven end was seen, row for row; and it is proven or given up, never dropped."""
    now = rows(count)
    seen: list[list[str]] = []

    def lists(call: int) -> Sequence[str]:
        for what, here, there in drift[call] if call < len(drift) else ():
            if what == "arrive":
                now.insert(here % (len(now) + 1), f"new {call} {len(seen)} {here} {there} {len(now)}")
            elif now and what == "leave":
                now.pop(here % len(now))
            elif now:
                now.insert(there % len(now), now.pop(here % len(now)))
        seen.append(list(now))
        return seen[-1]

    ruling, whole, _ = outcome(lists)
    assert ruling in {Ruling.WHOLE, Ruling.GIVE_UP}
    if ruling is Ruling.WHOLE:
        assert whole is not None
        at = int((whole.as_of - START).total_seconds())
        assert whole.keys == frozenset(seen[at])


@settings(max_examples=100, deadline=None)
@given(count=st.integers(6, 23), cut=st.integers(1, 20))
def test_a_tally_begun_again_from_its_last_two_passes_rules_as_if_nothing_had_happened(count: int, cut: int) -> None:
    whole, tally, pages = Tally(), Tally(), []
    for page in pages_of(count):
        pages.append(page)
        ruling = whole.add(page)
        assert tally.add(page) is ruling
        if len(pages) == cut:
            under_way = page.in_pass + (ruling is Ruling.BEGIN_AGAIN)
            tally = Tally(each for each in pages if each.in_pass >= under_way - 1)
    assert tally.whole == whole.whole is not None


def pages_of(count: int) -> Iterator[FetchedPage]:
    """Of a list that loses three rows early on, every page up to its proof."""
    tally, in_pass, number, ruling = Tally(), 1, 1, Ruling.READ_ON
    for call in range(1000):
        keys = rows(count, start=min(call, 3))[(number - 1) * SIZE : number * SIZE]
        at = START + timedelta(seconds=call)
        page = FetchedPage(number, keys, len(keys) < SIZE, at, at, in_pass)
        yield page
        ruling = tally.add(page)
        if ruling is Ruling.WHOLE:
            return
        in_pass, number = (in_pass + 1, 1) if ruling is Ruling.BEGIN_AGAIN else (in_pass, number + 1)
