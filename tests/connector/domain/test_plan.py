"""A plan saves as many consents as can be saved, and says which cannot."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.plan import ALARMING, WORRYING, Ending, Fate, plan

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def ending(ends: float, due: float | None = 0, what: float | None = None) -> Ending[float]:
    due_at = None if due is None else NOW + timedelta(seconds=due)
    return Ending(what=ends if what is None else what, ends_at=NOW + timedelta(seconds=ends), due_at=due_at)


def endings(*seconds: float) -> list[Ending[float]]:
    return [ending(each) for each in seconds]


def saved_in_this_order(order: tuple[float, ...]) -> int:
    """How many are in time when one is renewed each second, whoever is too late being passed over."""
    turn = saved = 0
    for each in order:
        if turn + 1 <= each:
            turn, saved = turn + 1, saved + 1
    return saved


def swept(consents: list[tuple[int, int]]) -> set[int]:
    """Who is saved by a sweep that takes, each second, the soonest end of what is due and can be in time."""
    waiting, saved = dict(enumerate(consents)), set()
    for second in range(60):
        able = [(ends, place) for place, (due, ends) in waiting.items() if due <= second and second + 1 <= ends]
        if able:
            place = min(able)[1]
            saved.add(place)
            del waiting[place]
    return saved


def test_what_has_ended_is_past_help_and_what_is_in_time_is_saved() -> None:
    told = plan(endings(-1, 0, 1, 2, 2.5, 100), NOW, per_second=1)
    assert [each.what for each in told.of(Fate.ENDED)] == [-1, 0]
    assert [each.what for each in told.of(Fate.LOST)] == [2.5]
    assert [each.what for each in told.of(Fate.SAVED)] == [1, 2, 100]
    assert (told.due, told.done_at) == (3, NOW + timedelta(seconds=3))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=6))
def test_no_other_order_saves_more(seconds: list[int]) -> None:
    best = max(saved_in_this_order(order) for order in permutations(map(float, seconds)))
    assert len(plan(endings(*seconds), NOW, per_second=1).of(Fate.SAVED)) == best


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30)), min_size=1, max_size=20))
def test_the_plan_foretells_what_a_sweep_does_second_by_second(consents: list[tuple[int, int]]) -> None:
    given_ = [ending(ends, due, what=place) for place, (due, ends) in enumerate(consents)]
    told = plan(given_, NOW, per_second=1)
    assert {each.what for each in told.of(Fate.SAVED)} == swept(consents)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=50))
def test_at_the_needed_rate_nothing_is_lost_and_a_little_slower_something_is(seconds: list[int]) -> None:
    needed = plan(endings(*seconds), NOW, per_second=1.0).needed_per_second
    assert plan(endings(*seconds), NOW, per_second=needed * 1.001).of(Fate.LOST) == []
    assert plan(endings(*seconds), NOW, per_second=needed * 0.98).of(Fate.LOST) != []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.none() | st.integers(-5, 9), st.integers(-3, 9)), max_size=20))
def test_every_consent_has_one_fate_and_the_soonest_end_is_told_first(consents: list[tuple[int | None, int]]) -> None:
    told = plan([ending(ends, due) for due, ends in consents], NOW, per_second=1)
    assert [each.what for each, _ in told.fates] == sorted(ends for _, ends in consents)
    for each, fate in told.fates:
        assert (fate is Fate.ENDED) == (each.ends_at <= NOW)
        assert (fate is Fate.STUCK) == (each.ends_at > NOW and each.due_at is None)
    assert sum(told.days_left().values()) == len(told.of(Fate.LOST, Fate.STUCK, Fate.SAVED))


@pytest.mark.parametrize("ends", [[], [-5.0]])
def test_nothing_to_save_needs_no_rate(ends: list[float]) -> None:
    told = plan(endings(*ends), NOW, per_second=1)
    assert (told.of(Fate.SAVED), told.of(Fate.LOST), told.needed_per_second) == ([], [], 0.0)
    assert (told.due, told.done_at) == (0, NOW)


def test_what_is_not_due_yet_is_renewed_later_and_does_not_make_the_work_of_this_moment_longer() -> None:
    month, week = 31 * DAY.total_seconds(), 7 * DAY.total_seconds()
    told = plan([ending(month, week), ending(month - 1, -1)], NOW, per_second=0.5)
    assert (told.due, told.done_at) == (1, NOW + timedelta(seconds=2))
    assert len(told.of(Fate.SAVED)) == 2


def test_what_waits_for_a_person_is_no_matter_of_the_rate() -> None:
    told = plan([ending(5, due=None), ending(10)], NOW, per_second=0.2)
    assert [each.what for each in told.of(Fate.STUCK)] == [5]
    assert [each.what for each in told.of(Fate.SAVED)] == [10]
    assert told.needed_per_second == 0.1
    assert [(each.what, fate) for each, fate in told.at_risk()] == [(5, Fate.STUCK), (10, Fate.SAVED)]


def test_less_than_fourteen_days_are_worrying_and_less_than_seven_alarming() -> None:
    seconds = DAY.total_seconds()
    told = plan(endings(*(days * seconds for days in (-1, 6.9, 7, 13.9, 14, 30))), NOW, per_second=1)
    assert (told.with_less_than(ALARMING), told.with_less_than(WORRYING)) == (1, 3)
    assert [each.what / seconds for each, _ in told.at_risk()] == [6.9, 7, 13.9]
    assert told.days_left() == {6: 1, 7: 1, 13: 1, 14: 1, 30: 1}
