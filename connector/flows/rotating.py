"""Brings an installation from one key-encryption key to the next while it works: promote, rewrap, retire."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connector.domain.custody import Laggard, Retirement
from connector.errors import ConnectorError, InvalidInput, NotFound, Unavailable
from connector.failpoints import failpoint
from connector.ids import DataKeyId, TenantId
from connector.ports import Custody, KeyHolder, Rewraps

_BATCH = 500
_AT_A_TIME = 16  # keys under way: a key service is mostly waited for
_LOOK_AGAIN = 0.5  # seconds between looks at who lags behind

_log = structlog.get_logger("connector.rotating")

Waiting = Callable[[Sequence[Laggard]], None]
Progress = Callable[[int, int], None]  # keys that need nothing any more, of so many


@dataclass(frozen=True, slots=True)
class Rotated:
    """How far a rotation has come; running it again goes on from there."""

    kek_id: str
    laggards: Sequence[Laggard]  # living processes that cannot open the key: nothing was promoted
    rewrapped: int = 0
    left: int = 0  # data keys under another key, since they could not be rewrapped now

    @property
    def complete(self) -> bool:
        """Whether everything is under the new key."""
        return not self.laggards and self.left == 0


@dataclass(frozen=True, slots=True)
class Rotating:
    """Rotation of the key-encryption key; the rows say what is left of it."""

    custody: Custody
    holder: KeyHolder
    rewrapper: Rewraps

    async def rotate(self, *, patience: timedelta, waiting: Waiting, told: Progress) -> Rotated:
        """Promotes the key that the settings name, once every process can open it, and rewraps everything under it.

        `waiting` is told who lags behind. Raises InvalidInput for a key that was retired.
        """
        target = await self.holder.foremost()
        keks = {kek.id: kek for kek in await self.custody.keks()}
        if target in keks and keks[target].retired_at is not None:
            raise InvalidInput(path=["key"], reason=f"{target} was retired; add a new key and rotate to that")
        if target not in keks:
            await self.custody.enrol(target, (await self.holder.canary()).blob)
            failpoint("rotation.enrolled")
        if next(iter(keks)) != target:
            if laggards := await self._promoted(target, patience, waiting):
                return Rotated(target, laggards)
            failpoint("rotation.promoted")
            _log.warning("promoted", key=target)
        await self.rewrapper.rewrap_pepper(target)
        rewrapped = 0
        while fresh := await self._rewrapped(target, told):  # whoever was wrapping during the promotion is found, too
            rewrapped += fresh
        await self.custody.note_unused()
        failpoint("rotation.counted")
        return Rotated(target, (), rewrapped, await self.custody.count_by_others(target))

    async def retire(self, kek_id: str, oldest_backup: datetime | None) -> Retirement:
        """Ends a key for good, if nothing needs it: no row, and no backup; `oldest_backup` None: there is none.

        Raises NotFound for a key this installation never had.
        """
        outcome = await self.custody.retire(kek_id, oldest_backup)
        if outcome is None:
            raise NotFound(noun="key")
        if outcome.retired:
            _log.warning("retired", key=kek_id)
        return outcome

    async def _promoted(self, target: str, patience: timedelta, waiting: Waiting) -> Sequence[Laggard]:
        """Nobody, once the key wraps; otherwise those who still cannot open it when patience ends."""
        deadline = time.monotonic() + patience.total_seconds()
        while True:
            try:
                laggards = await self.custody.promote(target)
            except Unavailable:  # a process that was stopped may hold the lock, and PostgreSQL may be away for a moment
                if time.monotonic() >= deadline:
                    raise
            else:
                if not laggards or time.monotonic() >= deadline:
                    return laggards
                waiting(laggards)
            await asyncio.sleep(_LOOK_AGAIN)

    async def _rewrapped(self, target: str, told: Progress) -> int:
        """How many keys were rewrapped; those that could not be are left for the next time."""
        total, seen, done = await self.custody.count_by_others(target), 0, 0
        told(0, total)
        room = asyncio.Semaphore(_AT_A_TIME)
        after: tuple[TenantId, DataKeyId] | None = None
        while batch := await self.custody.wrapped_by_others(target, after, most=_BATCH):
            for rewrapped in asyncio.as_completed([self._rewrap(*each, target, room) for each in batch]):
                done += await rewrapped
                seen += 1
                told(seen, max(total, seen))
            after = batch[-1]
        return done

    async def _rewrap(self, tenant: TenantId, key: DataKeyId, target: str, room: asyncio.Semaphore) -> bool:
        async with room:
            try:
                return await self.rewrapper.rewrap(tenant, key, target)
            except ConnectorError as failure:
                _log.warning("not rewrapped", tenant=str(tenant), data_key=str(key), failure=str(failure))
                return False
            finally:
                failpoint("rotation.rewrapped")
