"""One reading of a provider: a window, a cursor, and the receipt that says it was read whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from connector.ids import ConnectionId, FetchId, TenantId

LEASE = timedelta(seconds=30)  # renewed while a reader lives, so a dead one is replaced within it
RECENT = timedelta(days=62)  # two closing months: stages and journals change after reception


class Reading(StrEnum):
    """How a fetch is getting on."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Window:
    """The days of reception to read, both ends included, in Japanese calendar dates."""

    first_day: date
    last_day: date

    @classmethod
    def recent(cls, today: date) -> "Window":
        """The days whose invoices may still change."""
        return cls(first_day=today - RECENT, last_day=today)


@dataclass(frozen=True, slots=True)
class Fetch:
    """A wish to read one window through one connection, and how far it has come."""

    tenant_id: TenantId
    id: FetchId
    connection_id: ConnectionId
    window: Window
    reading: Reading
    next_page: int
    pages: int
    rows: int
    problem: str | None  # the code of the last failure; None: nothing failed
    requested_at: datetime
    due_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class FetchedPage:
    """One page as read: the keys it listed, and whether it is the last."""

    number: int
    keys: Sequence[str]
    last: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a window was read to its end: how many pages, how many rows, and which."""

    fetch_id: FetchId
    pages: int
    rows: int
    keys_digest: bytes
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class Completeness:
    """How fresh a list is; `complete_through` is the last day read whole, None when no window ever was."""

    as_of: datetime | None
    complete_through: date | None
    next_fetch_at: datetime | None
    stale_because: str | None  # the code of what stands in the way; None: nothing does
