"""Reads a provider page by page, pass after pass: rows and cursor move together, and a receipt ends it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from connector.domain.access import Scope
from connector.domain.connection import Connection, Standing
from connector.domain.fetch import (
    LEASE,
    REREAD,
    SCHEDULE,
    SETTLED,
    Age,
    Due,
    Fetch,
    FetchedPage,
    Receipt,
    Window,
    patience,
)
from connector.domain.invoice import ListedInvoice, Side
from connector.errors import (
    CannotOpen,
    ClientRefused,
    ConnectorError,
    Misconfigured,
    NotConnected,
    NotEntitled,
    NotFound,
    Remedy,
    Unavailable,
    Unstable,
)
from connector.flows import contracts, looking
from connector.flows.asking import Asking
from connector.flows.pacing import Pacing
from connector.flows.tallying import MOST_PASSES, Ruling, Tally, Whole
from connector.flows.upkeep import Upkeep
from connector.ids import ConnectionId, FetchId, TenantId, new_id
from connector.ports import Clock, Doorbell, InvoicePage, Provider, Register, Store
from connector.secret import Secret

_MENDED_BY_US = timedelta(minutes=5)  # an operator's fault fails nobody's fetch; it waits until we have mended it
_SWEEP_MOST = 1000
_BEGINS_AGAIN = {Ruling.BEGIN_AGAIN, Ruling.GIVE_UP}

_log = structlog.get_logger("connector.fetching")


class _OvertakenError(Exception):
    """Another reader holds this fetch now; what this one read is thrown away."""


@dataclass(frozen=True, slots=True)
class Fetching:
    """Asks for fetches, and carries them out."""

    store: Store
    register: Register
    upkeep: Upkeep
    doorbell: Doorbell
    pacing: Pacing
    clock: Clock
    lease: timedelta = LEASE

    async def request(self, scope: Scope, tenant: TenantId) -> Sequence[Fetch]:
        """Asks for the recent window of every readable list now; an open fetch of the same window is reused.

        Raises NotConnected without such a list, and NotEntitled when the contract is known to cover none.
        """
        now = self.clock.now()
        asked, refusals = [], []
        async with self.store.within(scope.narrowed(tenant)) as work:
            if await work.directory.tenant(tenant) is None:
                raise NotFound(noun="tenant")
            facts = (await work.entitlements.of_tenants([tenant])).get(tenant, ())
            for connection in (await work.connections.of_tenants([tenant])).get(tenant, ()):
                provider = self.register.provider(connection.provider)
                for side in Side:
                    if connection.standing is not Standing.ACTIVE or not provider.reads(side):
                        continue
                    if refusal := contracts.refusal(provider, side, facts, now):
                        refusals.append(refusal)
                        continue
                    window = Window.recent(provider.day_of(now), side)
                    fetch, _ = await work.fetches.request(tenant, connection.id, window, now)
                    asked.append(fetch)
        if not asked:
            raise refusals[0] if refusals else NotConnected
        for fetch in asked:
            await self.doorbell.ring_fetch(tenant, fetch.id)
        return asked

    async def sweep(self) -> Sequence[tuple[TenantId, FetchId]]:
        """Asks for fetches that are due by schedule, and rings for every open one that nobody holds.

        Gives back those it could not ring for: whoever sweeps reads them, since nobody else will hear of them.
        """
        now = self.clock.now()
        for tenant, connection_id, due in await self.store.windows_due(self._schedule(now), now, most=_SWEEP_MOST):
            try:
                await self._ask_by_schedule(tenant, connection_id, due, now)
            except ConnectorError as failure:  # one connection's trouble must not keep the others waiting
                _log.warning("not asked for", tenant=str(tenant), connection=str(connection_id), failure=str(failure))
        waiting = await self.store.fetches_due(now, most=_SWEEP_MOST)
        for rung, (tenant, fetch) in enumerate(waiting):
            # The first failure speaks for the rest: a queue that does not answer would be waited for each time.
            if not await self.doorbell.ring_fetch(tenant, fetch):
                return waiting[rung:]
        return []

    def _schedule(self, now: datetime) -> Sequence[Due]:
        return [
            Due(
                provider=provider.key,
                side=side,
                age=line.age,
                since=now - line.every,
                failed_since=now - REREAD[Age.RECENT].every,
                settled_by=now if line.age is Age.RECENT else now - SETTLED,
                needs=contracts.needs(provider, side),
            )
            for line in SCHEDULE
            for provider in self.register.everyone()
            for side in Side
            if provider.reads(side)
        ]

    async def _ask_by_schedule(self, tenant: TenantId, connection_id: ConnectionId, due: Due, now: datetime) -> None:
        window = Window.aged(due.age, self.register.provider(due.provider).day_of(now), due.side)
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            await work.fetches.request(tenant, connection_id, window, now)

    async def read(
        self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool] = lambda: False
    ) -> Fetch | None:
        """Carries a fetch on from its cursor; safe to run any number of times, the claim decides which run counts.

        Stops between two pages once there is `enough`, and leaves the rest to whoever comes next. None: there was
        nothing to claim.
        """
        scope, owner, now = Scope.of_tenant(tenant), new_id(), self.clock.now()
        async with self.store.within(scope) as work:
            fetch = await work.fetches.claim(fetch_id, owner, now, now + self.lease)
            connection = None if fetch is None else await work.connections.connection(fetch.connection_id)
        if fetch is None or connection is None:
            return None
        try:
            async with self._held(fetch, owner):
                await self._read_on(fetch, connection, owner, enough)
        except _OvertakenError:
            _log.warning("overtaken", tenant=str(tenant), fetch=str(fetch_id))
        except ConnectorError as failure:
            _log.warning("interrupted", tenant=str(tenant), fetch=str(fetch_id), failure=str(failure))
            await self._leave(fetch, connection, owner, failure)
        async with self.store.within(scope) as work:
            return await work.fetches.fetch(fetch_id)

    async def _read_on(self, fetch: Fetch, connection: Connection, owner: UUID, enough: Callable[[], bool]) -> None:
        provider, side = self.register.provider(connection.provider), fetch.window.side
        if not provider.reads(side):
            raise NotFound(noun=f"{side} side invoices at this provider")
        scope = Scope.of_tenant(fetch.tenant_id)
        async with self.store.within(scope) as work:
            facts = (await work.entitlements.of_tenants([fetch.tenant_id])).get(fetch.tenant_id, ())
            tally = Tally(await work.fetches.pages_read(fetch.id))
        if refusal := contracts.refusal(provider, side, facts, self.clock.now()):
            raise refusal  # a provider known to refuse is asked nothing
        uses_workflow = contracts.uses_workflow(provider, facts)
        in_pass, number = fetch.in_pass, fetch.next_page
        while True:
            page, listed = await self._page(provider, fetch, in_pass, number, uses_workflow=uses_workflow)
            ruling = tally.add(page)
            begins_again = ruling in _BEGINS_AGAIN
            now = self.clock.now()
            async with self.store.within(scope) as work:
                until = now + self.lease
                if not await work.fetches.turn_page(fetch.id, owner, page, until, begins_again=begins_again):
                    raise _OvertakenError
                invoices = await looking.changed(work, connection, side, listed)
                await work.mirror.put(
                    connection, invoices, page.answered_at, asked_at=page.asked_at, window=fetch.window
                )
                if ruling is Ruling.WHOLE and tally.whole is not None:
                    receipt = _receipt(fetch, tally.whole, page, now)
                    if not await work.fetches.complete(receipt, owner):
                        raise _OvertakenError
                    await work.mirror.mark_gone(fetch, receipt)
                    await work.entitlements.record(fetch.tenant_id, contracts.proven(provider, side, now))
                    return
                if ruling is not Ruling.GIVE_UP and enough():
                    await work.fetches.hold(fetch.id, owner, now)  # a lease that ends now is anybody's
                    return
            if ruling is Ruling.GIVE_UP:
                _log.error("no pass is proven", tenant=str(fetch.tenant_id), fetch=str(fetch.id), passes=in_pass)
                raise Unstable(provider=provider.key, passes=MOST_PASSES)
            in_pass, number = (in_pass + 1, 1) if begins_again else (in_pass, number + 1)

    @asynccontextmanager
    async def _held(self, fetch: Fetch, owner: UUID) -> AsyncIterator[None]:
        """Keeps the lease alive while a slow page is awaited, and lets go within one lease when this process dies."""
        heart = asyncio.create_task(self._beat(fetch, owner))
        try:
            yield
        finally:
            heart.cancel()
            await asyncio.wait([heart])

    async def _beat(self, fetch: Fetch, owner: UUID) -> None:
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            try:
                async with self.store.within(Scope.of_tenant(fetch.tenant_id)) as work:
                    await work.fetches.hold(fetch.id, owner, self.clock.now() + self.lease)
            except ConnectorError as failure:
                _log.warning("no heartbeat", fetch=str(fetch.id), failure=str(failure))

    async def _page(
        self, provider: Provider, fetch: Fetch, in_pass: int, number: int, *, uses_workflow: bool
    ) -> tuple[FetchedPage, Sequence[ListedInvoice]]:
        """One page under a token asked for at that moment; a token turned down is renewed once."""
        asked_at, told = await Asking(self.upkeep, self.pacing).read(
            provider,
            fetch.tenant_id,
            fetch.connection_id,
            lambda token: self._ask(provider, token, fetch.window, number, uses_workflow=uses_workflow),
        )
        page = FetchedPage(
            number=number,
            keys=[each.key for each in told.listed],
            last=told.last,
            asked_at=asked_at,
            answered_at=self.clock.now(),
            in_pass=in_pass,
            total=told.total,
        )
        return page, told.listed

    async def _ask(
        self, provider: Provider, token: Secret, window: Window, number: int, *, uses_workflow: bool
    ) -> tuple[datetime, InvoicePage]:
        """When the page was asked for, and what it says."""
        asked_at = self.clock.now()
        if window.side is Side.ISSUER and (issued := provider.issued_invoices) is not None:
            return asked_at, await issued.issued_page(token, window, number)
        if window.side is Side.RECEIVER and (received := provider.received_invoices) is not None:
            return asked_at, await received.received_page(token, window, number, uses_workflow=uses_workflow)
        raise NotFound(noun=f"{window.side} side invoices at this provider")

    async def _leave(self, fetch: Fetch, connection: Connection, owner: UUID, failure: ConnectorError) -> None:
        """Puts an interrupted fetch where its failure's remedy says: later, or to its end."""
        now = self.clock.now()
        async with self.store.within(Scope.of_tenant(fetch.tenant_id)) as work:
            if isinstance(failure, NotEntitled) and failure.since is None:  # new: the provider has just said so
                await work.entitlements.record(fetch.tenant_id, [contracts.refuted(connection.provider, failure, now)])
            if (wait := _wait(failure)) is not None:
                await work.fetches.postpone(fetch.id, owner, failure.code, now + wait)
            elif failure.remedy in {Remedy.TRY_LATER, Remedy.RECONCILE}:
                due_at = now + patience(fetch.stumbles)
                await work.fetches.postpone(fetch.id, owner, failure.code, due_at, stumbled=True)
            else:
                await work.fetches.fail(fetch.id, owner, failure.code, now)


def _wait(failure: ConnectorError) -> timedelta | None:
    """How long the provider put us off, or our operator may take to mend it; None: nobody promised an end."""
    if isinstance(failure, Unavailable):
        return failure.wait
    return _MENDED_BY_US if isinstance(failure, Misconfigured | ClientRefused | CannotOpen) else None


def _receipt(fetch: Fetch, whole: Whole, last: FetchedPage, now: datetime) -> Receipt:
    keys = [key.encode() for key in sorted(whole.keys)]
    return Receipt(
        fetch_id=fetch.id,
        in_pass=whole.in_pass,
        passes=last.in_pass,
        pages=whole.pages,
        rows=len(keys),
        keys_digest=hashlib.sha256(b"".join(len(key).to_bytes(4, "big") + key for key in keys)).digest(),
        as_of=whole.as_of,
        answered_at=whole.answered_at,
        completed_at=now,
    )
