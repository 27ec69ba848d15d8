"""The token journal: an answer is on this machine's disk before anything else is done with it.

A process writes segments of its own and holds their locks. One thread writes them: whoever arrives while it syncs goes
into the next sync together. A segment stays until the database, and the escrow where there is one, has every answer in
it; what a dead process left is taken over by whichever process looks first.
"""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from connector.domain.renewal import Backlog, TokenAnswer
from connector.errors import Misconfigured, Unavailable
from connector.ids import GrantId
from connector.vault.pending import Kept, Waiting, backlog_of, oldest_first
from connector.vault.records import blank, record_of
from connector.vault.segments import Segment, left_in, opened_folder

RESERVE = 16 * 1024 * 1024  # bytes of room for what is under way: a full disk is noticed before a provider is asked
ROTATE_AT = 1024 * 1024  # bytes; what a dead process left is gone through whole, so it is never much
_WORTH_EMPTYING = 64 * 1024
_MEND_EVERY = 1.0  # seconds
_MEASURED = 1000  # appends
_WAIT = timedelta(seconds=5)

_log = structlog.get_logger("connector.journal")


class TokenJournal:
    """Keeps token answers on disk until they are safe elsewhere; all methods may be called from any thread."""

    def __init__(self, folder: Path, current: Segment, *, needs_escrow: bool, reserve: int, rotate_at: int) -> None:
        self.needs_escrow = needs_escrow
        self._folder, self._reserve, self._rotate_at = folder, reserve, rotate_at
        self._wake = threading.Condition()  # guards everything below
        self._current, self._segments = current, [current]
        self._kept: dict[GrantId, Kept] = {}
        self._queue: list[Waiting] = []
        self._unwritten: dict[GrantId, bytes] = {}  # what the disk refused; written as soon as it takes anything
        self._failing = self._mending = self._closing = False
        self._mended_at = 0.0
        self._seconds: deque[float] = deque(maxlen=_MEASURED)
        self._adopting = threading.Lock()
        self._writer = threading.Thread(target=self._run, name="token-journal", daemon=True)
        self._writer.start()

    @classmethod
    def opened(
        cls, folder: Path, *, needs_escrow: bool = False, reserve: int = RESERVE, rotate_at: int = ROTATE_AT
    ) -> "TokenJournal":
        """The journal in `folder`, which is made if need be; raises Misconfigured when nothing can be kept there."""
        try:
            opened_folder(folder)
            current = Segment.create(folder)
        except OSError as cause:
            problem = f"CONNECTOR_JOURNAL: nothing can be kept in {folder} ({cause.strerror})"
            raise Misconfigured(problems=[problem]) from None
        return cls(folder, current, needs_escrow=needs_escrow, reserve=reserve, rotate_at=rotate_at)

    def check(self) -> None:
        """Raises Unavailable when an answer could not be kept now; asked before a provider is."""
        with self._wake:
            self._check_open()
            try:
                room = os.statvfs(self._folder)
                usable = self._current.usable()
            except OSError as cause:
                _log.warning("out of reach", folder=str(self._folder), reason=cause.strerror)
                raise Unavailable(wait=_WAIT) from None
            if room.f_flag & os.ST_RDONLY or room.f_bavail * room.f_frsize < self._reserve:
                raise Unavailable(wait=_WAIT)
            if usable and not self._failing:
                return
            if time.monotonic() - self._mended_at >= _MEND_EVERY:
                self._mending = True
                self._wake.notify()
            raise Unavailable(wait=_WAIT)

    async def append(self, answer: TokenAnswer) -> None:
        """Returns when the answer is on disk; whoever stops waiting has it written all the same.

        Raises Unavailable when the disk refuses it. It is then kept in memory, and written once the disk mends.
        """
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        waiting = Waiting(answer.id, record_of(answer), began, loop, loop.create_future())
        with self._wake:
            self._check_open()
            self._kept[answer.id] = Kept(answer, since=began, escrowed=not self.needs_escrow)
            self._queue.append(waiting)
            self._wake.notify()
        await waiting.on_disk

    def settle(self, answer: GrantId) -> None:
        """The database has it."""
        self._mark(answer, settled=True)

    def escrowed(self, answer: GrantId) -> None:
        """The escrow has it."""
        self._mark(answer, escrowed=True)

    async def unsettled(self, *, older_than: float) -> Sequence[TokenAnswer]:
        """Answers the database has not had for so many seconds, and all that dead processes left; oldest first."""
        await asyncio.to_thread(self._adopt)
        before = time.monotonic() - older_than
        with self._wake:
            left = [each for each in self._kept.values() if not each.settled]
        return oldest_first(each for each in left if each.adopted or each.since <= before)

    def unescrowed(self) -> Sequence[TokenAnswer]:
        """Answers the escrow does not have yet, oldest first; none where there is no escrow."""
        with self._wake:
            found = [each for each in self._kept.values() if not each.escrowed]
        return oldest_first(found)

    def backlog(self) -> Backlog:
        """What the database and the escrow do not have yet."""
        with self._wake:
            return backlog_of(self._kept.values())

    def window_p99(self) -> float:
        """Seconds that 99 of 100 answers at most were in memory only; 0 when none has come yet."""
        with self._wake:
            seconds = sorted(self._seconds)
        return seconds[(len(seconds) * 99 - 1) // 100] if seconds else 0.0

    def close(self) -> None:
        """Writes what is under way, and leaves what is still needed to the next process; returns when that is done."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._writer.join()
        with self._adopting:
            for segment in self._segments:
                if segment.waiting:
                    segment.close()
                else:
                    self._drop(segment)
            self._segments = []

    def _check_open(self) -> None:
        if self._closing or not self._writer.is_alive():
            raise Unavailable(wait=_WAIT)

    def _mark(self, answer: GrantId, *, settled: bool = False, escrowed: bool = False) -> None:
        with self._wake:
            kept = self._kept.get(answer)
            if kept is None:
                return
            kept.settled |= settled
            kept.escrowed |= escrowed
            if kept.settled and kept.escrowed:
                del self._kept[answer]
                self._unwritten.pop(answer, None)
                for segment in self._segments:
                    segment.waiting.discard(answer)
                self._wake.notify()

    # The writer's thread

    def _run(self) -> None:
        closing = False
        while not closing:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._mending or self._closing or self._over())
                batch, self._queue = self._queue, []
                mending, self._mending = self._mending, False
                closing = self._closing
                records = {**self._unwritten, **{each.answer: each.record for each in batch}}
            self._tidy()
            if batch or mending or (closing and records):  # what was refused is not tried again at every turn
                self._put(batch, records)

    def _put(self, batch: Sequence[Waiting], records: dict[GrantId, bytes]) -> None:
        failure: Unavailable | None = Unavailable(wait=_WAIT)
        try:
            self._write(records)
            failure = None
        except OSError as cause:
            _log.error("not written", folder=str(self._folder), answers=len(records), reason=cause.strerror)
        finally:  # whatever happens, nobody waits for ever
            ended = time.monotonic()
            with self._wake:
                mended = self._failing and failure is None
                self._failing, self._mended_at = failure is not None, ended
                self._unwritten = {each: record for each, record in records.items() if failure and each in self._kept}
                self._seconds.extend(ended - each.began for each in batch if failure is None)
            for each in batch:
                each.tell(failure)
        if mended:
            _log.info("mended", folder=str(self._folder))

    def _write(self, records: Mapping[GrantId, bytes]) -> None:
        """Writes into the current segment, or once more into a new one when that one fails; raises OSError."""
        content = b"".join(records.values()) or blank()
        for another in (True, False):
            segment = self._writable()
            with self._wake:
                segment.waiting.update(each for each in records if each in self._kept)
            try:
                segment.write(content)
            except OSError as cause:
                if segment.size == 0:
                    segment.waiting.clear()  # nobody was told that anything is in there
                if not another:
                    raise
                _log.warning("a segment failed", file=str(segment.path), reason=cause.strerror)
            else:
                return

    def _writable(self) -> Segment:
        usable = self._current.usable()
        if usable and self._current.size < self._rotate_at:
            return self._current
        try:
            fresh = Segment.create(self._folder)
        except OSError:
            if usable:
                return self._current  # a long segment is better than none
            raise
        with self._wake:
            self._segments.append(fresh)
            self._current = fresh
        return fresh

    def _over(self) -> list[Segment]:
        """Segments in which nothing is needed any more; the current one only when it is worth emptying."""
        return [
            each
            for each in self._segments
            if not each.waiting and (each is not self._current or (each.size > _WORTH_EMPTYING and not each.broken))
        ]

    def _tidy(self) -> None:
        with self._wake:
            over = self._over()
            self._segments = [each for each in self._segments if each not in over or each is self._current]
        for segment in over:
            if segment is self._current:
                self._empty(segment)
            else:
                self._drop(segment)

    def _empty(self, segment: Segment) -> None:
        try:
            segment.empty()
        except OSError as cause:
            _log.warning("a segment failed", file=str(segment.path), reason=cause.strerror)

    def _drop(self, segment: Segment) -> None:
        try:
            segment.drop()
        except OSError as cause:  # what is in it is done, and doing it again does no harm
            _log.warning("not removed", file=str(segment.path), reason=cause.strerror)

    # What dead processes left

    def _adopt(self) -> None:
        with self._adopting:
            with self._wake:
                own = {each.path for each in self._segments}
            for path in left_in(self._folder):
                if path in own:
                    continue
                try:
                    if (segment := Segment.adopt(path)) is not None:
                        self._take_over(segment)
                except OSError as cause:
                    _log.error("not looked at", file=str(path), reason=cause.strerror)

    def _take_over(self, segment: Segment) -> None:
        try:
            contents = segment.read()
        except OSError:
            segment.close()
            raise
        if contents.torn is not None:
            _log.warning("a last record was never finished", file=str(segment.path), offset=contents.torn)
        for offset in contents.damaged:
            _log.error("a record is damaged", file=str(segment.path), offset=offset)
        segment.damaged = bool(contents.damaged)
        now = time.monotonic()
        with self._wake:
            for answer in (each.answer for each in contents.answers):
                left = Kept(answer, since=now, escrowed=not self.needs_escrow, adopted=True)
                self._kept.setdefault(answer.id, left)
                segment.waiting.add(answer.id)
            self._segments.append(segment)
            self._wake.notify()
        _log.info("taken over", file=str(segment.path), answers=len(contents.answers))
