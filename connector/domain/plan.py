"""Plans upkeep after an outage: which consents can still be saved, at which rate, and which cannot."""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")

WORRYING = timedelta(days=14)  # a consent is renewed about weekly, so one with less time left was missed twice
ALARMING = timedelta(days=7)


class Fate(StrEnum):
    """What will become of a consent."""

    ENDED = "ended"  # nothing can be done any more
    LOST = "lost"  # it will end before its turn comes
    STUCK = "stuck"  # it will end unless a person acts, at whatever rate
    SAVED = "saved"


@dataclass(frozen=True, slots=True)
class Ending(Generic[T]):
    """Something that ends unless it is renewed before."""

    what: T
    ends_at: datetime
    due_at: datetime | None  # from when on upkeep renews it; None: a person must act first


@dataclass(frozen=True, slots=True)
class Plan(Generic[T]):
    """What renewing those that end soonest first comes to, from one moment and at one rate."""

    now: datetime
    fates: Sequence[tuple[Ending[T], Fate]]  # the soonest end first
    due: int  # those that wait to be renewed at this moment and will be in time
    done_at: datetime  # when the last of these will have been renewed
    needed_per_second: float  # the rate at which none that upkeep can still save would be lost

    def of(self, *fates: Fate) -> Sequence[Ending[T]]:
        """Those with one of these fates, the soonest end first."""
        return [ending for ending, fate in self.fates if fate in fates]

    def with_less_than(self, left: timedelta) -> int:
        """How many have not ended and have less time left than this."""
        return sum(1 for ending, fate in self.fates if fate is not Fate.ENDED and ending.ends_at < self.now + left)

    def days_left(self) -> Mapping[int, int]:
        """How many of those that have not ended have so many whole days left."""
        whole = [(ending.ends_at - self.now).days for ending, fate in self.fates if fate is not Fate.ENDED]
        return dict(sorted(Counter(whole).items()))

    def at_risk(self) -> Sequence[tuple[Ending[T], Fate]]:
        """Those that will be lost, those that wait for a person, and those with a worrying time left."""
        near = self.now + WORRYING
        return [
            (ending, fate)
            for ending, fate in self.fates
            if fate in {Fate.LOST, Fate.STUCK} or (fate is Fate.SAVED and ending.ends_at < near)
        ]


def plan(endings: Sequence[Ending[T]], now: datetime, *, per_second: float) -> Plan[T]:
    """What becomes of the endings when `per_second` of them are renewed, from `now` on, the soonest first.

    Of what is due, no order saves more: whatever is renewed in time in any order is in time in this one, and what
    cannot be saved is left out, so that it costs the others nothing. Nothing is renewed before it is due.
    """
    in_order = sorted(endings, key=lambda each: each.ends_at)
    apart = timedelta(seconds=1 / per_second)
    fates = [
        Fate.ENDED if each.ends_at <= now else Fate.STUCK if each.due_at is None else Fate.LOST for each in in_order
    ]
    coming = [
        (max(each.due_at, now), place)
        for place, each in enumerate(in_order)
        if fates[place] is Fate.LOST and each.due_at is not None
    ]
    needed = max(
        (nth / (in_order[place].ends_at - now).total_seconds() for nth, (_, place) in enumerate(coming, start=1)),
        default=0.0,
    )
    heapq.heapify(coming)
    ready: list[int] = []  # places, so that the smallest is the soonest end
    turn = done_at = now
    due = 0
    while coming or ready:
        if not ready:
            turn = max(turn, coming[0][0])
        while coming and coming[0][0] <= turn:
            heapq.heappush(ready, heapq.heappop(coming)[1])
        place = heapq.heappop(ready)
        each = in_order[place]
        if turn + apart > each.ends_at:
            continue
        turn += apart
        fates[place] = Fate.SAVED
        if each.due_at is not None and each.due_at <= now:
            due, done_at = due + 1, turn
    return Plan(
        now=now,
        fates=list(zip(in_order, fates, strict=True)),
        due=due,
        done_at=done_at,
        needed_per_second=needed,
    )
