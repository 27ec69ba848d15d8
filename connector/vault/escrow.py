"""An escrow in a folder of another failure domain: answers by day and process, and a file for each data key."""

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import structlog

from connector.domain.certificate import Certificate
from connector.domain.renewal import TokenAnswer
from connector.domain.sealing import DataKey
from connector.errors import Misconfigured, Unavailable
from connector.ids import GrantId, TenantId
from connector.vault.certificates import certificates_in, keep_certificate
from connector.vault.data_keys import destroy_keys, keep_keys, keys_in
from connector.vault.records import read_records, record_of
from connector.vault.segments import SUFFIX, Segment, opened_folder

_DAYS_OPEN = 2  # today's file, and yesterday's for what comes late
_AT_ONCE = 200  # answers in memory while they are read back
_WAIT = timedelta(seconds=30)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)

_log = structlog.get_logger("connector.escrow")


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where an answer's record is."""

    answered_at: datetime
    id: GrantId
    path: Path
    offset: int
    length: int


class FileEscrow:
    """Keeps sealed answers in files that are named for the day (UTC) on which they were given."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = Lock()
        self._open: dict[str, Segment] = {}

    @classmethod
    def opened(cls, folder: Path) -> "FileEscrow":
        """The escrow in `folder`, which is made if need be; raises Misconfigured when it cannot be."""
        try:
            opened_folder(folder)
        except OSError as cause:
            raise Misconfigured(
                problems=[f"CONNECTOR_ESCROW: nothing can be kept in {folder} ({cause.strerror})"]
            ) from None
        return cls(folder)

    async def keep(self, answers: Sequence[TokenAnswer]) -> None:
        """Returns when the answers are on its disk; raises Unavailable when it does not take them."""
        await asyncio.to_thread(self._keep, answers)

    async def entries(self, since: datetime) -> AsyncIterator[TokenAnswer]:
        """Every answer given since then, once each, oldest first; raises Unavailable when it cannot be read."""
        for day in await asyncio.to_thread(self._days):
            if day < _day(since):
                continue
            places = await asyncio.to_thread(self._places, day, since)
            for start in range(0, len(places), _AT_ONCE):
                for answer in await asyncio.to_thread(_answers_at, places[start : start + _AT_ONCE]):
                    yield answer

    async def forget(self, before: datetime) -> None:
        """Removes the days that ended before `before`; raises Unavailable when it cannot."""
        await asyncio.to_thread(self._forget, before)

    async def count(self, tenant: TenantId) -> int:
        """How many answers of the tenant are in it; raises Unavailable when it cannot be read."""
        found = 0
        async for answer in self.entries(_BEGINNING):
            found += answer.tenant_id == tenant
        return found

    async def keep_keys(self, keys: Sequence[DataKey]) -> None:
        """Keeps wrapped keys until they are destroyed; the last wrapping of each stands. Raises Unavailable."""
        await asyncio.to_thread(keep_keys, self._folder, keys)

    async def keys(self) -> Sequence[DataKey]:
        """Every wrapped key; raises Unavailable when they cannot be read."""
        return await asyncio.to_thread(keys_in, self._folder)

    async def destroy_keys(self, tenant: TenantId) -> None:
        """Destroys every wrapped key of the tenant; raises Unavailable when it cannot."""
        await asyncio.to_thread(destroy_keys, self._folder, tenant)

    async def keep_certificate(self, certificate: Certificate) -> None:
        """Keeps a certificate for ever; the first of a tenant stands. Raises Unavailable when it is not taken."""
        await asyncio.to_thread(keep_certificate, self._folder, certificate)

    async def certificates(self) -> Sequence[Certificate]:
        """Every certificate; raises Unavailable when they cannot be read."""
        return await asyncio.to_thread(certificates_in, self._folder)

    async def close(self) -> None:
        """Closes its files."""
        with self._turn:
            for segment in self._open.values():
                segment.close()
            self._open.clear()

    def _keep(self, answers: Sequence[TokenAnswer]) -> None:
        by_day: defaultdict[str, list[bytes]] = defaultdict(list)
        for answer in answers:
            by_day[_day(answer.answered_at)].append(record_of(answer))
        try:
            with self._turn:
                for day, records in by_day.items():
                    self._segment(day).write(b"".join(records))
                for day in sorted(self._open)[:-_DAYS_OPEN]:
                    self._open.pop(day).close()
        except OSError as cause:
            _log.error("not kept", folder=str(self._folder), answers=len(answers), reason=cause.strerror)
            raise Unavailable(wait=_WAIT) from None

    def _segment(self, day: str) -> Segment:
        segment = self._open.get(day)
        if segment is None or not segment.usable():
            if segment is not None:
                self._open.pop(day).close()
            segment = self._open[day] = Segment.create(self._folder, f"{day}.")
        return segment

    def _days(self) -> Sequence[str]:
        return sorted({path.name.partition(".")[0] for path in self._folder.glob(f"[0-9]*{SUFFIX}")})

    def _places(self, day: str, since: datetime) -> Sequence[_Place]:
        """Where the day's answers are, in the order in which they were given."""
        found: dict[GrantId, _Place] = {}
        for path in sorted(self._folder.glob(f"{day}.*{SUFFIX}")):
            contents = read_records(_bytes_of(path))
            for offset in contents.damaged:
                _log.error("a record is damaged", file=str(path), offset=offset)
            if contents.torn is not None:
                _log.info("a last record is not finished", file=str(path), offset=contents.torn)
            for each in contents.answers:
                if each.answer.answered_at >= since:
                    place = _Place(each.answer.answered_at, each.answer.id, path, each.offset, each.end - each.offset)
                    found.setdefault(each.answer.id, place)
        return sorted(found.values())

    def _forget(self, before: datetime) -> None:
        try:
            for day in self._days():
                if day < _day(before):
                    with self._turn:
                        if (segment := self._open.pop(day, None)) is not None:
                            segment.close()
                    for path in self._folder.glob(f"{day}.*{SUFFIX}"):
                        path.unlink(missing_ok=True)
        except OSError as cause:
            _log.warning("not forgotten", folder=str(self._folder), reason=cause.strerror)
            raise Unavailable(wait=_WAIT) from None


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _bytes_of(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        _log.error("not read", file=str(path), reason=cause.strerror)
        raise Unavailable(wait=_WAIT) from None


def _answers_at(places: Sequence[_Place]) -> Sequence[TokenAnswer]:
    answers: list[TokenAnswer] = []
    handles: dict[Path, int] = {}
    try:
        for place in places:
            if place.path not in handles:
                handles[place.path] = os.open(place.path, os.O_RDONLY | os.O_CLOEXEC)
            content = os.pread(handles[place.path], place.length, place.offset)
            answers += [each.answer for each in read_records(content).answers]
    except OSError as cause:
        _log.error("not read", reason=cause.strerror)
        raise Unavailable(wait=_WAIT) from None
    finally:
        for handle in handles.values():
            os.close(handle)
    return answers
