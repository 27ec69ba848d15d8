"""Keeps a second copy of every token answer, and of the keys that open them, where our database is not.

From these a restored database is brought back to now.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from connector.domain.access import Scope
from connector.domain.renewal import TokenAnswer
from connector.domain.sealing import DataKey
from connector.errors import CannotOpen, ConnectorError, InvalidInput
from connector.flows.renewing import Renewing
from connector.flows.shredding import Shredding
from connector.ids import ConnectionId, DataKeyId, TenantId
from connector.ports import Clock, Escrow, Store, TokenJournal, Vault

RETAINED = timedelta(days=35)  # longer than any refresh token lives [IM-3]
_LATE = timedelta(seconds=60)
_AT_ONCE = 8
_TRIED = 8  # of a connection's newest answers, until one holds a token: a maintenance page answers with 200 as well
_FORGET_EVERY = timedelta(hours=6)
_NOTED_MOST = 50_000  # keys that are not given to the escrow again for as long

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
    keys: int  # data keys that the database had lost
    shredded: int  # tenants whose keys were destroyed again


@dataclass(slots=True)
class Escrowing:
    """Copies answers from the token journal to the escrow, and replays them after a restore."""

    store: Store
    vault: Vault
    renewing: Renewing
    journal: TokenJournal
    escrow: Escrow | None  # None: this installation has none
    shredding: Shredding
    clock: Clock
    _forgotten_at: datetime | None = field(default=None)
    _noted: set[tuple[TenantId, DataKeyId]] = field(default_factory=set)

    async def copy(self) -> None:
        """Gives the escrow what it does not have yet, keys first; lag beyond a minute is an error in the log."""
        if self.escrow is None:
            return
        try:
            if answers := self.journal.unescrowed():
                await self._keep_keys(self.escrow, answers)
                await self.escrow.keep(answers)
                for answer in answers:
                    self.journal.escrowed(answer.id)
            await self._forget()
        except ConnectorError as failure:
            self._noted.clear()  # the next time may meet an escrow made anew
            _log.warning("not copied", failure=str(failure))
        if (lag := self.lag()) > _LATE:
            _log.error("the escrow is behind", seconds=round(lag.total_seconds()))

    def lag(self) -> timedelta:
        """How long the oldest answer has waited for the escrow."""
        since = self.journal.backlog().unescrowed_since
        return timedelta() if since is None else self.clock.now() - since

    async def replay(self, since: datetime, progress: Progress = lambda *_: None) -> Replayed:
        """Puts the newest answer of every connection in use, however far back the database was restored.

        Tenants that were shredded are so again, before anything else, and then the database gets the data keys that it
        has lost. `since` is a moment before the backup was taken. No provider is asked anything; doing it twice changes
        nothing.
        """
        if self.escrow is None:
            return Replayed(0, 0, 0, 0, 0, 0)
        shredded, refused, gone = await self._shred_again(self.escrow)
        keys, strangers = await self._put_back(await self.escrow.keys(), gone)
        newest: defaultdict[ConnectionId, deque[TokenAnswer]] = defaultdict(lambda: deque(maxlen=_TRIED))
        read = 0
        async for answer in self.escrow.entries(since):
            read += 1
            if answer.tenant_id not in gone:
                newest[answer.connection_id].appendleft(answer)
        room, ended = asyncio.Semaphore(_AT_ONCE), Counter[bool | None]()

        async def bring_back(connection: ConnectionId, answers: Iterable[TokenAnswer]) -> None:
            async with room:
                try:
                    advanced = await self._advanced(answers)
                except ConnectorError as failure:
                    _log.error("not replayed", connection=str(connection), failure=str(failure))
                    advanced = False
                ended[advanced] += 1
                progress(ended.total(), len(newest))

        await asyncio.gather(*(bring_back(*each) for each in newest.items()))
        return Replayed(
            answers=read,
            connections=len(newest),
            advanced=ended[True],
            failed=ended[False] + refused + strangers,
            keys=keys,
            shredded=shredded,
        )

    async def _advanced(self, answers: Iterable[TokenAnswer]) -> bool | None:
        """Whether the newest answer that holds a token is in use now; None: nothing newer was there to be put in use.

        No line is followed: an answer in between may hold no token, or may never have reached the escrow.
        """
        newer = None
        for answer in answers:
            async with self.store.within(Scope.of_tenant(answer.tenant_id)) as work:
                in_use = await work.connections.current_grant(answer.connection_id)
                known = await work.connections.grant(answer.id)
            if in_use is None or known is not None or answer.answered_at <= in_use.obtained_at:
                return newer
            newer = False
            # The grants in between were never ours again; the line goes on from the one the backup knew.
            if await self.renewing.settle(replace(answer, parent_id=in_use.id)):
                return True
        return newer

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
                await escrow.destroy_keys(certificate.tenant_id)
        return done, refused, gone

    async def _keep_keys(self, escrow: Escrow, answers: Iterable[TokenAnswer]) -> None:
        """Gives the escrow every data key that the answers need and that it was not given lately."""
        wanted: defaultdict[TenantId, set[DataKeyId]] = defaultdict(set)
        for answer in answers:
            try:
                key = self.vault.key_of(answer.sealed, answer.seat())
            except CannotOpen as failure:  # damaged on its disk: no key opens it
                _log.error("an answer names no key", renewal=str(answer.id), failure=str(failure))
                continue
            if (answer.tenant_id, key) not in self._noted:
                wanted[answer.tenant_id].add(key)
        room = asyncio.Semaphore(_AT_ONCE)

        async def keep(tenant: TenantId, keys: Collection[DataKeyId]) -> None:
            # In one transaction, so that a shredding comes before it, and no key is left, or after it and destroys it.
            async with room, self.store.within(Scope.of_tenant(tenant)) as work:
                await escrow.keep_keys(await work.resting.keys(tenant, keys))

        for ended in await asyncio.gather(*(keep(*each) for each in wanted.items()), return_exceptions=True):
            if ended is not None:
                raise ended
        if len(self._noted) > _NOTED_MOST:
            self._noted.clear()
        self._noted.update((tenant, key) for tenant, keys in wanted.items() for key in keys)

    async def _put_back(self, keys: Iterable[DataKey], gone: Collection[TenantId]) -> tuple[int, int]:
        """Gives the database the keys that it has lost: how many, and how many it could not be given."""
        room, ended = asyncio.Semaphore(_AT_ONCE), Counter[bool | None]()

        async def put_back(key: DataKey) -> None:
            async with room:
                try:
                    ended[await self.vault.put_back(key)] += 1
                except ConnectorError as failure:  # among them what somebody has written into the escrow
                    _log.error("not put back", tenant=str(key.tenant_id), data_key=str(key.id), failure=str(failure))
                    ended[None] += 1

        await asyncio.gather(*(put_back(key) for key in keys if key.tenant_id not in gone))
        return ended[True], ended[None]

    async def _forget(self) -> None:
        now = self.clock.now()
        if self.escrow is not None and (self._forgotten_at is None or now - self._forgotten_at >= _FORGET_EVERY):
            await self.escrow.forget(now - RETAINED)
            self._noted.clear()  # so that an escrow that was emptied behind our back has every key in use again
            self._forgotten_at = now
