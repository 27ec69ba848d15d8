"""One reading of a provider: a window, a cursor, and the receipt that says it was read whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from connector.domain.entitlement import Flag
from connector.domain.invoice import Side
from connector.ids import ConnectionId, FetchId, ProviderKey, TenantId

LEASE = timedelta(seconds=30)  # renewed while a reader lives, so a dead one is replaced within it
FIRST_PATIENCE = timedelta(minutes=1)
LONGEST_PATIENCE = timedelta(hours=6)
SETTLED = timedelta(hours=1)  # a new connection is read for its recent days first, and for older ones after this


class Age(StrEnum):
    """How long ago the days of a window lie, which says how often they are read again."""

    RECENT = "recent"
    OLDER = "older"
    OLD = "old"


@dataclass(frozen=True, slots=True)
class Reread:
    """One line of the schedule: the days between `newest` and `oldest` days ago are read again `every` so often."""

    age: Age
    newest: int
    oldest: int
    every: timedelta


# Stages and journals change after reception, and nothing tells us; the older the days, the more rarely. Together they
# are a year, and no line is longer than a provider may refuse [IM-52].
SCHEDULE = (
    Reread(Age.RECENT, newest=0, oldest=62, every=timedelta(hours=6)),  # two closing months
    Reread(Age.OLDER, newest=63, oldest=182, every=timedelta(days=7)),
    Reread(Age.OLD, newest=183, oldest=365, every=timedelta(days=30)),
)
REREAD = {line.age: line for line in SCHEDULE}

# An invoice may be scheduled to be issued on a day to come [IM-87], and its issuer's list goes by that day [IM-106].
# With the days behind, a window stays within what a provider may refuse [IM-52].
AHEAD = 300


@dataclass(frozen=True, slots=True)
class Due:
    """What the schedule asks for: a side and an age at a provider, unless they were asked for since or are refused."""

    provider: ProviderKey
    side: Side
    age: Age
    since: datetime
    failed_since: datetime  # one that failed is asked for again sooner
    settled_by: datetime  # a connection that came to stand as it does after this is left for later
    needs: Sequence[Flag] = ()  # of the contract; where one is known to be refused, nothing is asked for


def patience(stumbles: int) -> timedelta:
    """How long a fetch waits after so many failures that nobody promised an end of: a minute, doubling, six hours."""
    return min(FIRST_PATIENCE * (1 << min(stumbles, 16)), LONGEST_PATIENCE)


class Reading(StrEnum):
    """How a fetch is getting on."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Window:
    """The days to read, both ends included, in Japanese calendar dates, and the side the tenant is on."""

    first_day: date
    last_day: date
    side: Side = Side.RECEIVER
    age: Age = Age.RECENT

    @classmethod
    def recent(cls, today: date, side: Side = Side.RECEIVER) -> "Window":
        """The days whose invoices may still change."""
        return cls.aged(Age.RECENT, today, side)

    @classmethod
    def aged(cls, age: Age, today: date, side: Side) -> "Window":
        """The days of this age; an issuer's recent days reach ahead to what is scheduled."""
        line = REREAD[age]
        newest = -AHEAD if side is Side.ISSUER and age is Age.RECENT else line.newest
        first, last = today - timedelta(days=line.oldest), today - timedelta(days=newest)
        return cls(first_day=first, last_day=last, side=side, age=age)


@dataclass(frozen=True, slots=True)
class Fetch:
    """A wish to read one window through one connection, and how far it has come."""

    tenant_id: TenantId
    id: FetchId
    connection_id: ConnectionId
    window: Window
    reading: Reading
    in_pass: int  # which reading from the first page on this is
    next_page: int
    pages: int  # of the pass that came furthest; in the end, of the one that is proven
    rows: int  # likewise
    problem: str | None  # the code of the last failure; None: nothing failed, or what did was overcome
    stumbles: int  # failures so far that nobody promised an end of
    requested_at: datetime
    due_at: datetime
    finished_at: datetime | None
    as_of: datetime | None  # the moment for which its receipt speaks; None: it has none


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One page as read: the keys it listed, and when it was asked for and answered."""

    number: int
    keys: Sequence[str]
    last: bool  # it was not full, so nothing should follow
    asked_at: datetime
    answered_at: datetime
    in_pass: int = 1
    total: int | None = None  # how many rows the provider says the list has; None: it does not say


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof of what the window held at one moment: how many pages, how many rows, and which."""

    fetch_id: FetchId
    in_pass: int  # the pass that is proven
    passes: int  # how many it took
    pages: int  # of the proven pass
    rows: int
    keys_digest: bytes
    as_of: datetime  # the moment: when the page that ended the list was asked for
    answered_at: datetime  # and when it was answered
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class Completeness:
    """How fresh a list is; `complete_through` is the last day read whole, None when no window ever was."""

    as_of: datetime | None
    complete_through: date | None
    next_fetch_at: datetime | None
    stale_because: str | None  # the code of what stands in the way; None: nothing does
