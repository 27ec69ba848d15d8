"""A plan saves as many consents as can be saved, and says which cannot."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.plan import Ending, plan

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def endings(*seconds: float) -> list[Ending[float]]:
    return [Ending(what=each, ends_at=NOW + timedelta(seconds=each)) for each in seconds]


def saved_in_this_order(order: tuple[float, ...]) -> int:
    """How many are in time when one is renewed each second, whoever is too late being passed over."""
    turn = saved = 0
    for each in order:
        if turn + 1 <= each:
            turn, saved = turn + 1, saved + 1
    return saved


def test_what_has_ended_is_lost_and_what_is_in_time_is_saved() -> None:
    told = plan(endings(-1, 0, 1, 2, 2.5, 100), NOW, per_second=1)
    assert [each.what for each in told.ended] == [-1, 0]
    assert [each.what for each in told.lost] == [2.5]
    assert (told.saved, told.done_at) == (3, NOW + timedelta(seconds=3))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 8), min_size=1, max_size=6))
def test_no_other_order_saves_more(seconds: list[int]) -> None:
    best = max(saved_in_this_order(order) for order in permutations(map(float, seconds)))
    assert plan(endings(*seconds), NOW, per_second=1).saved == best


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=50))
def test_at_the_needed_rate_nothing_is_lost_and_a_little_slower_something_is(seconds: list[int]) -> None:
    needed = plan(endings(*seconds), NOW, per_second=1.0).needed_per_second
    assert plan(endings(*seconds), NOW, per_second=needed * 1.001).lost == []
    assert plan(endings(*seconds), NOW, per_second=needed * 0.98).lost != []


@pytest.mark.parametrize("ends", [[], [-5.0]])
def test_nothing_to_save_needs_no_rate(ends: list[float]) -> None:
    told = plan(endings(*ends), NOW, per_second=1)
    assert (told.saved, list(told.lost), told.needed_per_second, told.done_at) == (0, [], 0.0, NOW)
