"""Reads a provider page by page: rows and cursor move together, and a receipt ends it."""

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
from connector.domain.entitlement import Capability, Entitlement, Flag, Source, Verdict, refused
from connector.domain.fetch import LEASE, Fetch, FetchedPage, Receipt, Window
from connector.errors import (
    AccessExpired,
    CannotOpen,
    ClientRefused,
    ConnectorError,
    Misconfigured,
    NotConnected,
    NotEntitled,
    NotFound,
    Remedy,
    Unavailable,
    Unreadable,
)
from connector.flows.upkeep import Upkeep
from connector.ids import ConnectionId, FetchId, TenantId, new_id
from connector.ports import Clock, Doorbell, InvoicePage, Provider, ReadsReceivedInvoices, Register, Store

REREAD_AFTER = timedelta(hours=6)  # stages and journals change after reception, and nothing tells us
PROVEN_FOR = timedelta(days=40)  # longer than any fetch schedule, so that only a silent month makes it doubtful
_TRY_AGAIN = timedelta(minutes=1)
_MENDED_BY_US = timedelta(minutes=5)  # an operator's fault fails nobody's fetch; it waits until we have mended it
_SWEEP_MOST = 1000

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
    clock: Clock
    lease: timedelta = LEASE

    async def request(self, scope: Scope, tenant: TenantId) -> Sequence[Fetch]:
        """Asks for the recent window of every readable connection now; an open fetch of the same window is reused.

        Raises NotConnected without such a connection, and NotEntitled when the contract is known not to cover it.
        """
        now = self.clock.now()
        asked = []
        async with self.store.within(scope.narrowed(tenant)) as work:
            if await work.directory.tenant(tenant) is None:
                raise NotFound(noun="tenant")
            facts = (await work.entitlements.of_tenants([tenant])).get(tenant, ())
            for connection in (await work.connections.of_tenants([tenant])).get(tenant, ()):
                provider = self.register.provider(connection.provider)
                if connection.standing is Standing.ACTIVE and provider.received_invoices is not None:
                    known = {fact.flag: fact for fact in facts if fact.provider == provider.key}
                    if refusal := refused(provider.needs[Capability.READ_RECEIVED_INVOICES], known, now):
                        raise refusal
                    window = Window.recent(provider.day_of(now))
                    fetch, _ = await work.fetches.request(tenant, connection.id, window, now)
                    asked.append(fetch)
        if not asked:
            raise NotConnected
        for fetch in asked:
            await self.doorbell.ring_fetch(tenant, fetch.id)
        return asked

    async def sweep(self) -> Sequence[tuple[TenantId, FetchId]]:
        """Asks for fetches that are due by schedule, and rings for every open one that nobody holds.

        Gives back those it could not ring for: whoever sweeps reads them, since nobody else will hear of them.
        """
        now = self.clock.now()
        for tenant, connection_id in await self.store.connections_unread(now - REREAD_AFTER, most=_SWEEP_MOST):
            try:
                await self._ask_by_schedule(tenant, connection_id, now)
            except ConnectorError as failure:  # one connection's trouble must not keep the others waiting
                _log.warning("not asked for", tenant=str(tenant), connection=str(connection_id), failure=str(failure))
        due = await self.store.fetches_due(now, most=_SWEEP_MOST)
        for rung, (tenant, fetch) in enumerate(due):
            # The first failure speaks for the rest: a queue that does not answer would be waited for each time.
            if not await self.doorbell.ring_fetch(tenant, fetch):
                return due[rung:]
        return []

    async def _ask_by_schedule(self, tenant: TenantId, connection_id: ConnectionId, now: datetime) -> None:
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            connection = await work.connections.connection(connection_id)
            if connection is None:
                return
            provider = self.register.provider(connection.provider)
            if provider.received_invoices is not None:
                await work.fetches.request(tenant, connection_id, Window.recent(provider.day_of(now)), now)

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
        provider = self.register.provider(connection.provider)
        reader = provider.received_invoices
        if reader is None:
            raise NotFound(noun="received invoices at this provider")
        scope = Scope.of_tenant(fetch.tenant_id)
        async with self.store.within(scope) as work:
            facts = (await work.entitlements.of_tenants([fetch.tenant_id])).get(fetch.tenant_id, ())
            pages = list(await work.fetches.pages_read(fetch.id))
        known = {fact.flag: fact for fact in facts if fact.provider == provider.key}
        if refusal := refused(provider.needs[Capability.READ_RECEIVED_INVOICES], known, self.clock.now()):
            raise refusal  # a provider known to refuse is asked nothing
        workflow = known.get(Flag.RECEIVER_WORKFLOW)
        uses_workflow = workflow is None or workflow.verdict is not Verdict.REFUSED
        number, last = fetch.next_page, False
        while not last:
            told = await self._page(reader, fetch, number, uses_workflow=uses_workflow)
            page = FetchedPage(number=number, keys=[each.key for each in told.invoices], last=told.last)
            _refuse_repeat(provider, page, pages)
            pages.append(page)
            now = self.clock.now()
            async with self.store.within(scope) as work:
                if not await work.fetches.turn_page(fetch.id, owner, page, now + self.lease):
                    raise _OvertakenError
                await work.mirror.put(connection, told.invoices, now)
                if page.last:
                    if not await work.fetches.complete(_receipt(fetch, pages, now), owner):
                        raise _OvertakenError
                    await work.entitlements.record(fetch.tenant_id, _proven(provider, now))
                elif enough():
                    await work.fetches.hold(fetch.id, owner, now)  # a lease that ends now is anybody's
                    return
            number, last = number + 1, page.last

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
        self, reader: ReadsReceivedInvoices, fetch: Fetch, number: int, *, uses_workflow: bool
    ) -> InvoicePage:
        """One page under a token asked for at that moment; a token turned down is renewed once."""
        token = await self.upkeep.access_token(fetch.tenant_id, fetch.connection_id)
        try:
            return await reader.received_page(token.text, fetch.window, number, uses_workflow=uses_workflow)
        except AccessExpired:
            token = await self.upkeep.access_token(fetch.tenant_id, fetch.connection_id, refused=token.grant_id)
            return await reader.received_page(token.text, fetch.window, number, uses_workflow=uses_workflow)

    async def _leave(self, fetch: Fetch, connection: Connection, owner: UUID, failure: ConnectorError) -> None:
        """Puts an interrupted fetch where its failure's remedy says: later, or to its end."""
        now = self.clock.now()
        async with self.store.within(Scope.of_tenant(fetch.tenant_id)) as work:
            if isinstance(failure, NotEntitled) and failure.since is None:  # new: the provider has just said so
                fact = Entitlement(
                    provider=connection.provider,
                    flag=Flag(failure.flag),
                    verdict=Verdict.REFUSED,
                    source=Source.REFUTED,
                    observed_at=now,
                    expires_at=now + timedelta(days=1),  # the contract may be mended; ask again tomorrow
                )
                await work.entitlements.record(fetch.tenant_id, [fact])
            if (wait := _wait(failure)) is not None:
                await work.fetches.postpone(fetch.id, owner, failure.code, now + wait)
            else:
                await work.fetches.fail(fetch.id, owner, failure.code, now)


def _wait(failure: ConnectorError) -> timedelta | None:
    """After how long an interrupted fetch is carried on; None: never, somebody else must act first."""
    if isinstance(failure, Unavailable):
        return failure.wait
    if isinstance(failure, Misconfigured | ClientRefused | CannotOpen):
        return _MENDED_BY_US
    return _TRY_AGAIN if failure.remedy in {Remedy.TRY_LATER, Remedy.RECONCILE} else None


def _refuse_repeat(provider: Provider, page: FetchedPage, before: Sequence[FetchedPage]) -> None:
    """A page that lists what an earlier one listed means the pages moved, or never moved at all."""
    if page.keys and any(set(page.keys) == set(each.keys) for each in before):
        raise Unreadable(provider=provider.key, reason=f"page {page.number} repeats an earlier page")


def _receipt(fetch: Fetch, pages: Sequence[FetchedPage], now: datetime) -> Receipt:
    keys = sorted({key for page in pages for key in page.keys})
    digest = hashlib.sha256(b"".join(len(key.encode()).to_bytes(4, "big") + key.encode() for key in keys)).digest()
    return Receipt(fetch_id=fetch.id, pages=len(pages), rows=len(keys), keys_digest=digest, completed_at=now)


def _proven(provider: Provider, now: datetime) -> list[Entitlement]:
    """A call that worked proves every flag it needed."""
    return [
        Entitlement(
            provider=provider.key,
            flag=flag,
            verdict=Verdict.GRANTED,
            source=Source.PROVEN,
            observed_at=now,
            expires_at=now + PROVEN_FOR,
        )
        for flag in provider.needs[Capability.READ_RECEIVED_INVOICES]
    ]
