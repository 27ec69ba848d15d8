"""Plans upkeep after an outage: which consents can still be saved, at which rate, and which cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ending(Generic[T]):
    """Something that ends unless it is renewed before."""

    what: T
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What renewing those that end soonest first comes to, from one moment and at one rate."""

    ended: Sequence[Ending[T]]  # nothing can be done any more
    lost: Sequence[Ending[T]]  # they will end before their turn comes
    saved: int
    per_second: float  # the rate it was made for
    done_at: datetime  # when the last of them will have been renewed
    needed_per_second: float  # the rate at which none of those that have not ended would be lost


def plan(endings: Sequence[Ending[T]], now: datetime, *, per_second: float) -> Plan[T]:
    """What becomes of the endings when `per_second` of them are renewed, from `now` on, the soonest first.

    No order saves more: whatever is renewed in time in any order is in time in this one, and what cannot be saved is
    left out, so that it costs the others nothing.
    """
    in_order = sorted(endings, key=lambda each: each.ends_at)
    apart = timedelta(seconds=1 / per_second)
    ended = [each for each in in_order if each.ends_at <= now]
    lost: list[Ending[T]] = []
    needed, turn = 0.0, now
    for place, each in enumerate(in_order[len(ended) :], start=1):
        needed = max(needed, place / (each.ends_at - now).total_seconds())
        if turn + apart > each.ends_at:
            lost.append(each)
        else:
            turn += apart
    saved = len(in_order) - len(ended) - len(lost)
    return Plan(ended=ended, lost=lost, saved=saved, per_second=per_second, done_at=turn, needed_per_second=needed)
