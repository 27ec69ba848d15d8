"""Tells from its pages alone when a list that moves while it is read was read whole; the argument is decision 0013."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto

from connector.domain.fetch import FetchedPage

MOST_PASSES = 5  # in vain, before it is an alarm
MOST_PAGES = 2_000  # a list that goes on for longer repeats itself in a way we do not see
CONFIRMED_WITHIN = timedelta(hours=1)  # the longer it takes, the likelier that a row left and came back meanwhile


class Ruling(Enum):
    """What follows from the pages read so far."""

    READ_ON = auto()  # the next page of this pass
    BEGIN_AGAIN = auto()  # the first page of another pass
    GIVE_UP = auto()  # the passes were many, and none is proven
    WHOLE = auto()  # `Tally.whole` is exactly what the list held at its moment


@dataclass(frozen=True, slots=True)
class Whole:
    """A pass in which as many different rows were seen as the list had when its end was seen."""

    keys: frozenset[str]
    in_pass: int
    pages: int
    as_of: datetime  # its end was asked for
    answered_at: datetime
    in_one_answer: bool  # nothing can move within one answer


@dataclass(slots=True)
class _Pass:
    """One reading of the list from its first page on."""

    number: int
    keys: set[str] = field(default_factory=set)
    pages: int = 0
    end: FetchedPage | None = None  # the first page that was not full
    even: bool = True  # so far, every page was full up to the end, and no row was on two of them

    def add(self, page: FetchedPage) -> bool:
        """Whether the pass ended with this page."""
        new = set(page.keys)
        repeats = bool(new) and new <= self.keys
        follows_the_end = self.end is not None and bool(new)
        if repeats or follows_the_end or len(new) < len(page.keys) or not new.isdisjoint(self.keys):
            self.even = False
        self.keys |= new
        self.pages += 1
        if self.end is None and page.last:
            self.end = page
        return not new or repeats or self.pages >= MOST_PAGES

    def whole(self) -> Whole | None:
        """The pass, if nothing in it shows that the list moved; None: something does."""
        if not self.even or self.end is None or (self.end.total or 0) > len(self.keys):
            return None
        return Whole(
            keys=frozenset(self.keys),
            in_pass=self.number,
            pages=self.end.number,
            as_of=self.end.asked_at,
            answered_at=self.end.answered_at,
            in_one_answer=self.end.number == 1,
        )


class Tally:
    """Follows a window's pages, pass after pass."""

    def __init__(self, pages: Iterable[FetchedPage] = ()) -> None:
        """`pages`: those of the pass under way, and of the one before it."""
        self.whole: Whole | None = None  # the last pass, unless the list was seen to move in it
        self._pass = _Pass(number=0)
        self._unconfirmed: set[str] = set()
        for page in pages:
            self.add(page)

    def add(self, page: FetchedPage) -> Ruling:
        """What follows, now that this page was read as well."""
        if page.in_pass != self._pass.number:
            self._pass = _Pass(page.in_pass)
        ended = self._pass.add(page)
        if self.whole is not None:
            # What the pass before saw and this one sees again was there when that one ended. It saw as many rows as
            # there were, so it saw them all.
            self._unconfirmed -= set(page.keys)
            if not self._unconfirmed and page.answered_at - self.whole.as_of <= CONFIRMED_WITHIN:
                return Ruling.WHOLE
        if not ended:
            return Ruling.READ_ON
        self.whole = self._pass.whole()
        if self.whole is not None and self.whole.in_one_answer:
            return Ruling.WHOLE
        self._unconfirmed = set() if self.whole is None else set(self.whole.keys)
        return Ruling.GIVE_UP if page.in_pass % MOST_PASSES == 0 else Ruling.BEGIN_AGAIN
