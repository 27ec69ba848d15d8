"""Keeps a second copy of every token answer where our database is not, and brings a restored database back to now."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from connector.domain.access import Scope
from connector.domain.renewal import TokenAnswer
from connector.errors import ConnectorError, InvalidInput
from connector.flows.renewing import Renewing
from connector.flows.shredding import Shredding
from connector.ids import ConnectionId, GrantId, TenantId
from connector.ports import Clock, Escrow, Store, TokenJournal

RETAINED = timedelta(days=35)  # longer than any refresh token lives [IM-3]
_LATE = timedelta(seconds=60)
_AT_ONCE = 8
_FORGET_EVERY = timedelta(hours=6)

_log = structlog.get_logger("connector.escrowing")


class Progress(Protocol):
    """Hears of each connection that has been looked at."""

    def __call__(self, done: int, total: int, /) -> None:
        """So many of so many."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found and did."""

    answers: int
    connections: int
    advanced: int  # connections whose grant in use is newer now
    failed: int
    shredded: int  # tenants whose keys were destroyed again


@dataclass(slots=True)
class Escrowing:
    """Copies answers from the token journal to the escrow, and replays them after a restore."""

    store: Store
    renewing: Renewing
    journal: TokenJournal
    escrow: Escrow | None  # None: this installation has none
    shredding: Shredding
    clock: Clock
    _forgotten_at: datetime | None = field(default=None)

    async def copy(self) -> None:
        """Gives the escrow what it does not have yet; lag beyond a minute is an error in the log."""
        if self.escrow is None:
            return
        try:
            if answers := self.journal.unescrowed():
                await self.escrow.keep(answers)
                for answer in answers:
                    self.journal.escrowed(answer.id)
            await self._forget()
        except ConnectorError as failure:
            _log.warning("not copied", failure=str(failure))
        if (lag := self.lag()) > _LATE:
            _log.error("the escrow is behind", seconds=round(lag.total_seconds()))

    def lag(self) -> timedelta:
        """How long the oldest answer has waited for the escrow."""
        since = self.journal.backlog().unescrowed_since
        return timedelta() if since is None else self.clock.now() - since

    async def replay(self, since: datetime, progress: Progress = lambda *_: None) -> Replayed:
        """Puts the newest answer of every connection in use, however far back the database was restored.

        Tenants that were shredded are so again, before anything else. `since` is a moment before the backup was taken.
        No provider is asked anything; doing it twice changes nothing.
        """
        if self.escrow is None:
            return Replayed(0, 0, 0, 0, 0)
        shredded, refused, gone = await self._shred_again(self.escrow)
        newest: dict[ConnectionId, tuple[GrantId, TokenAnswer | None]] = {}
        read = 0
        async for answer in self.escrow.entries(since):
            read += 1
            if answer.tenant_id in gone:
                continue
            if answer.connection_id not in newest:
                newest[answer.connection_id] = (await self._in_use(answer), None)
            last, _ = newest[answer.connection_id]
            if answer.parent_id == last:
                newest[answer.connection_id] = (answer.id, answer)
        tips = [answer for _, answer in newest.values() if answer is not None]
        room, done, advanced = asyncio.Semaphore(_AT_ONCE), 0, 0

        async def settle(answer: TokenAnswer) -> None:
            nonlocal done, advanced
            async with room:
                try:
                    # The grants in between were never ours again; the chain goes on from the one the backup knew.
                    # Added only once it is known: a sum begun before the wait would lose what others add meanwhile.
                    settled = await self.renewing.settle(replace(answer, parent_id=await self._in_use(answer)))
                    advanced += settled
                except ConnectorError as failure:
                    _log.error("not replayed", connection=str(answer.connection_id), failure=str(failure))
                done += 1
                progress(done, len(tips))

        await asyncio.gather(*(settle(answer) for answer in tips))
        return Replayed(
            answers=read,
            connections=len(newest),
            advanced=advanced,
            failed=len(tips) - advanced + refused,
            shredded=shredded,
        )

    async def _shred_again(self, escrow: Escrow) -> tuple[int, int, set[TenantId]]:
        """Destroys keys a restore brought back: how many tenants', how many certificates are not ours, and whose."""
        done, refused, gone = 0, 0, set[TenantId]()
        for certificate in await escrow.certificates():
            try:
                done += await self.shredding.again(certificate)
            except InvalidInput as failure:  # an escrow that somebody has written into destroys nothing
                _log.error("not shredded again", failure=str(failure))
                refused += 1
            else:
                gone.add(certificate.tenant_id)
        return done, refused, gone

    async def _in_use(self, answer: TokenAnswer) -> GrantId:
        async with self.store.within(Scope.of_tenant(answer.tenant_id)) as work:
            grant = await work.connections.current_grant(answer.connection_id)
        return answer.id if grant is None else grant.id

    async def _forget(self) -> None:
        now = self.clock.now()
        if self.escrow is not None and (self._forgotten_at is None or now - self._forgotten_at >= _FORGET_EVERY):
            await self.escrow.forget(now - RETAINED)
            self._forgotten_at = now
