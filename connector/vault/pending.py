"""What the token journal remembers of an answer: who waits for it to be on disk, and where it is still missing."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from connector.domain.renewal import Backlog, TokenAnswer
from connector.errors import Unavailable
from connector.ids import GrantId

_log = structlog.get_logger("connector.journal")


@dataclass(slots=True)
class Kept:
    """An answer that is still needed."""

    answer: TokenAnswer
    since: float  # monotonic
    escrowed: bool
    adopted: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """Somebody who waits for a record to be on disk."""

    answer: GrantId
    record: bytes
    began: float  # monotonic
    loop: asyncio.AbstractEventLoop
    on_disk: "asyncio.Future[None]"

    def tell(self, failure: Unavailable | None) -> None:
        """Ends the wait; called from another thread than the one that waits."""
        try:
            self.loop.call_soon_threadsafe(self._end, failure)
        except RuntimeError:  # the loop is closed: nobody waits any more
            _log.info("nobody waits any more", renewal=str(self.answer), written=failure is None)

    def _end(self, failure: Unavailable | None) -> None:
        if self.on_disk.done():
            return  # cancelled
        if failure is None:
            self.on_disk.set_result(None)
        else:
            self.on_disk.set_exception(failure)


def oldest_first(kept: Iterable[Kept]) -> Sequence[TokenAnswer]:
    """The answers in the order in which they were given."""
    return sorted((each.answer for each in kept), key=lambda answer: answer.answered_at)


def backlog_of(kept: Iterable[Kept]) -> Backlog:
    """How much is kept, and since when."""
    unsettled, unescrowed = [], []
    for each in kept:
        if not each.settled:
            unsettled.append(each.answer.answered_at)
        if not each.escrowed:
            unescrowed.append(each.answer.answered_at)
    return Backlog(
        unsettled=len(unsettled),
        unsettled_since=min(unsettled, default=None),
        unescrowed_since=min(unescrowed, default=None),
    )
