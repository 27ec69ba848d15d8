"""Keeps connections alive that nobody uses, and finds what a dead process left behind."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from connector.domain.access import Scope
from connector.domain.renewal import Leased
from connector.errors import ConnectorError, Unavailable
from connector.failpoints import failpoint
from connector.flows.escrowing import Escrowing
from connector.flows.guarding import Guarding
from connector.flows.renewing import Renewing
from connector.ids import new_id
from connector.ports import Clock, Provider, Register, Store, TokenJournal, Watch

_BATCH = 100  # leases a statement
_AT_A_TIME = 3  # batches of one provider under way, so that one is written while the next is asked
_SWEEP_MOST = 1000
_OLD_ENOUGH = 5.0  # seconds an answer may wait for the database before somebody else brings it in

_log = structlog.get_logger("connector.keeping")


@dataclass(slots=True)
class Keeping:
    """Sweeps: answers on disk are brought in, abandoned renewals become doubts, and what is due is renewed."""

    store: Store
    register: Register
    renewing: Renewing
    guarding: Guarding
    journal: TokenJournal
    escrowing: Escrowing
    watch: Watch
    clock: Clock
    _rounds: dict[str, "asyncio.Task[int]"] = field(default_factory=dict)

    async def sweep(self) -> bool:
        """One round, none of whose parts keeps another from its turn; False: something unforeseen stopped one.

        Renewals that take longer than a round go on beside the next.
        """
        sound = True
        for part in (self.bring_in, self.escrowing.copy, self.find_abandoned):
            try:
                await part()
            except ConnectorError as failure:
                _log.warning("stopped", part=part.__name__, failure=str(failure))
            except Exception:  # noqa: BLE001 - logged whole, and told to whoever beats for this process
                _log.exception("stopped", part=part.__name__)
                sound = False
        for provider in self.register.everyone():
            running = self._rounds.get(provider.key)
            if running is None or running.done():
                self._rounds[provider.key] = asyncio.create_task(self._renew_quietly(provider))
        return sound

    async def close(self) -> None:
        """Begins nothing more, and waits for what has begun."""
        self.renewing.draining = True
        if running := [task for task in self._rounds.values() if not task.done()]:
            await asyncio.wait(running)

    async def bring_in(self, *, older_than: float = _OLD_ENOUGH) -> int:
        """Answers that reached a disk and not the database; how many of them held a token."""
        brought = 0
        for answer in await self.journal.unsettled(older_than=older_than):
            try:
                brought += await self.renewing.settle(answer)
                self.journal.settle(answer.id)
            except ConnectorError as failure:  # it stays on disk, and the next round tries again
                _log.warning("not brought in", renewal=str(answer.id), failure=str(failure))
                if isinstance(failure, Unavailable):
                    break
                continue
            except Exception:  # noqa: BLE001 - it stays on disk as well, and the others are none the worse for it
                _log.exception("not brought in", renewal=str(answer.id))
                continue
            failpoint("keeping.brought_in")
        return brought

    async def find_abandoned(self) -> None:
        """Renewals whose process let the lease end become doubts, each settled by asking again later."""
        now = self.clock.now()
        for tenant, connection in await self.store.renewals_abandoned(now, most=_SWEEP_MOST):
            try:
                async with self.store.within(Scope.of_tenant(tenant)) as work:
                    abandoned = await work.renewals.abandon(connection, now)
            except ConnectorError:
                raise
            except Exception:  # noqa: BLE001 - found again by the next round; the others need not wait for it
                _log.exception("not abandoned", connection=str(connection))
                continue
            if abandoned is not None:
                self.watch.renewal_abandoned(abandoned.provider)
                _log.warning("abandoned", connection=str(connection))

    async def renew_due(self, provider: Provider) -> int:
        """Renews everything at the provider that is due; how many renewals gave a grant or an answer."""
        done = 0
        under_way: set[asyncio.Task[int]] = set()
        more = True
        try:
            while more or under_way:
                while more and len(under_way) < _AT_A_TIME and not self.renewing.draining:
                    since = time.monotonic()
                    batch, more = await self._leased(provider)
                    if batch:
                        under_way.add(asyncio.create_task(self._carry_out(batch, since)))
                more = more and not self.renewing.draining
                if under_way:
                    ended, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                    done += sum(task.result() for task in ended)
        finally:
            if under_way:
                await asyncio.wait(under_way)
        return done

    async def _leased(self, provider: Provider) -> tuple[Sequence[Leased], bool]:
        """The next batch, and whether there may be more after it."""
        owner, now = new_id(), self.clock.now()
        async with self.store.within(Scope.of_lease(owner)) as work:
            most = _BATCH if await self.guarding.admit(work, provider.key) else 1
        leased = await self.store.lease_due(provider.key, owner, now, most=most)
        failpoint("keeping.leased")
        if not leased:
            await self.guarding.not_tried(provider.key)
            return (), False
        async with self.store.within(Scope.of_lease(owner)) as work:
            return await work.renewals.held(owner), most == _BATCH and len(leased) == most

    async def _carry_out(self, batch: Sequence[Leased], since: float) -> int:
        ended = await self.renewing.carry_out(batch, since=since)
        return sum(1 for each in ended.values() if not isinstance(each, Unavailable))

    async def _renew_quietly(self, provider: Provider) -> int:
        try:
            return await self.renew_due(provider)
        except ConnectorError as failure:
            _log.info("not renewed now", provider=provider.key, failure=str(failure))
        except Exception:  # noqa: BLE001 - nobody waits for this task, so it is logged here; the next round begins anew
            _log.exception("not renewed now", provider=provider.key)
        return 0
