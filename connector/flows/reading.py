"""Answers from the mirror, never from a provider, and says how fresh the answer is."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile

from connector.domain.ability import Ability, ability
from connector.domain.access import Scope, Tenant
from connector.domain.breaker import Breaker
from connector.domain.connection import Connection, Standing
from connector.domain.entitlement import READS, Capability, Entitlement, Needs, missing
from connector.domain.fetch import REREAD, Age, Completeness, Fetch
from connector.domain.fetch import Reading as FetchReading
from connector.domain.history import Change
from connector.domain.inbox import Arrival, InboxCompleteness
from connector.domain.invoice import Invoice, InvoiceFilter, Place, Side
from connector.domain.paging import Page
from connector.errors import CannotOpen, ConsentEnded, NotConnected, NotFound, Unavailable
from connector.ids import ConnectionId, FetchId, InvoiceId, ProviderKey, TenantId
from connector.ports import Clock, Register, Store

# Why nothing is read, where several connections differ: what mends itself first.
_HELD_UP = (
    (Standing.UNCERTAIN, Unavailable.code),
    (Standing.SUSPECT, Unavailable.code),
    (Standing.UNREADABLE, CannotOpen.code),
    (Standing.LAPSED, ConsentEnded.code),
    (Standing.AWAITING_CONSENT, ConsentEnded.code),
    (Standing.DISCONNECTED, ConsentEnded.code),
)
_RECENT_FETCHES = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads what a scope may see."""

    store: Store
    register: Register
    clock: Clock

    async def tenant(self, scope: Scope, tenant: TenantId) -> Tenant | None:
        """The tenant; None: outside the scope."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.directory.tenant(tenant)

    async def tenants(
        self, scope: Scope, *, first: int, after: tuple[datetime, TenantId] | None, name: str | None
    ) -> Page[Tenant]:
        """Tenants of the scope, oldest first."""
        async with self.store.within(scope) as work:
            return await work.directory.tenants(first=first, after=after, name=name)

    async def connections(self, scope: Scope, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Connection]]:
        """Each tenant's connections."""
        async with self.store.within(scope) as work:
            return await work.connections.of_tenants(tenants)

    async def connection(self, scope: Scope, tenant: TenantId, connection: ConnectionId) -> Connection | None:
        """One connection; None: outside the scope."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.connections.connection(connection)

    async def entitlements(self, scope: Scope, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Entitlement]]:
        """What is known about each tenant's contracts."""
        async with self.store.within(scope) as work:
            return await work.entitlements.of_tenants(tenants)

    def require(self, capability: Capability, facts: Sequence[Entitlement]) -> None:
        """Raises NotEntitled, naming the first missing flag, unless some provider may do it given these facts."""
        now = self.clock.now()
        refusals = []
        for provider in self.register.offering(capability):
            known = {fact.flag: fact for fact in facts if fact.provider == provider.key}
            refusal = missing(provider.needs[capability], known, provider.key, now)
            if refusal is None:
                return
            refusals.append(refusal)
        raise refusals[0] if refusals else NotFound(noun=capability.value)

    def abilities(
        self,
        facts: Sequence[Entitlement],
        connections: Sequence[Connection],
        breakers: Mapping[ProviderKey, Breaker | None],
    ) -> Sequence[Ability]:
        """Every capability at every provider, for a tenant of which this is known."""
        now, of = self.clock.now(), {each.provider: each for each in connections}
        return [
            ability(each.key, capability, each.needs, facts, of.get(each.key), breakers.get(each.key), now)
            for each in self.register.everyone()
            for capability in Capability
        ]

    async def invoices(
        self, scope: Scope, side: Side, tenant: TenantId, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Invoice]:
        """The tenant's invoices of a side, newest issue date first."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.mirror.invoices(side, tenant, wanted, first=first, after=after)

    async def count(self, scope: Scope, side: Side, tenant: TenantId, wanted: InvoiceFilter) -> int:
        """How many of the tenant's invoices of a side are wanted."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.mirror.count(side, tenant, wanted)

    async def invoice(self, scope: Scope, side: Side, tenant: TenantId, invoice: InvoiceId) -> Invoice | None:
        """One invoice; None: outside the scope, or not of this side."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.mirror.invoice(side, tenant, invoice)

    async def raws(self, scope: Scope, side: Side, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, bytes]:
        """The provider's own JSON of each invoice of a side."""
        async with self.store.within(scope) as work:
            return await work.mirror.raws(side, invoices)

    async def changes(
        self, scope: Scope, side: Side, invoices: Iterable[InvoiceId]
    ) -> Mapping[InvoiceId, Sequence[Change]]:
        """What looks saw change about each invoice; one without any is absent."""
        async with self.store.within(scope) as work:
            return await work.mirror.changes(side, invoices)

    async def inbox(
        self, scope: Scope, side: Side, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Arrival]:
        """Invoices of a side of every tenant in the scope whose contract covers them, newest issue date first."""
        async with self.store.within(scope) as work:
            return await work.inbox.page(side, self._needs(side), self.clock.now(), wanted, first=first, after=after)

    async def count_inbox(self, scope: Scope, side: Side, wanted: InvoiceFilter) -> int:
        """How many of them are wanted."""
        async with self.store.within(scope) as work:
            return await work.inbox.count(side, self._needs(side), self.clock.now(), wanted)

    async def inbox_completeness(self, scope: Scope, side: Side) -> InboxCompleteness:
        """How fresh all of them are together."""
        async with self.store.within(scope) as work:
            return await work.inbox.completeness(side, self._needs(side), self.clock.now())

    def _needs(self, side: Side) -> Needs:
        """What reading this side takes of a contract, at each provider where it can be read."""
        return {each.key: each.needs[READS[side]] for each in self.register.offering(READS[side])}

    async def breakers(self) -> Mapping[ProviderKey, Breaker]:
        """The breakers that are open."""
        async with self.store.within(Scope(partner_id=None, tenant_id=None)) as work:
            found = [await work.breakers.breaker(provider.key) for provider in self.register.everyone()]
        return {breaker.provider: breaker for breaker in found if breaker is not None}

    async def fetch(self, scope: Scope, tenant: TenantId, fetch: FetchId) -> Fetch | None:
        """One fetch; None: outside the scope."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.fetches.fetch(fetch)

    async def fetches(self, scope: Scope, tenant: TenantId, *, most: int) -> Sequence[Fetch]:
        """The tenant's latest fetches."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            return await work.fetches.of_tenant(tenant, most=most)

    async def completeness(self, scope: Scope, side: Side, tenant: TenantId) -> Completeness:
        """How fresh the tenant's invoices of a side are."""
        async with self.store.within(scope.narrowed(tenant)) as work:
            connections = (await work.connections.of_tenants([tenant])).get(tenant, ())
            fetches = await work.fetches.latest(tenant, side, Age.RECENT, most=_RECENT_FETCHES)
        return completeness_of(connections, fetches)


def completeness_of(connections: Sequence[Connection], fetches: Sequence[Fetch]) -> Completeness:
    """The freshness of a side's recent days, by its connections and the latest fetches of those days, newest first."""
    whole = next((fetch for fetch in fetches if fetch.reading is FetchReading.COMPLETE), None)
    waiting = next((fetch for fetch in fetches if fetch.finished_at is None), None)
    next_fetch_at = None
    if waiting is not None:
        next_fetch_at = waiting.due_at
    elif fetches and any(connection.standing is Standing.ACTIVE for connection in connections):
        next_fetch_at = fetches[0].requested_at + REREAD[Age.RECENT].every
    because = None
    standings = {connection.standing for connection in connections}
    if Standing.ACTIVE not in standings:
        because = next((code for standing, code in _HELD_UP if standing in standings), NotConnected.code)
    else:  # whatever went wrong since the last reading that was proven
        since = takewhile(lambda fetch: fetch.reading is not FetchReading.COMPLETE, fetches)
        because = next((fetch.problem for fetch in since if fetch.problem is not None), None)
        if because is None and whole is None:
            because = "FIRST_FETCH_RUNNING"
    return Completeness(
        as_of=None if whole is None else whole.as_of,
        complete_through=None if whole is None else whole.window.last_day,
        next_fetch_at=next_fetch_at,
        stale_because=because,
    )
