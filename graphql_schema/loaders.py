"""Loaders that turn many small questions of one request into one; made per request, so no answer outlives its asker."""

from collections.abc import Sequence
from functools import partial

from strawberry.dataloader import DataLoader

from connector.bootstrap import Flows
from connector.domain.access import Scope
from connector.domain.breaker import Breaker
from connector.domain.connection import Connection
from connector.domain.entitlement import Entitlement
from connector.domain.history import Change
from connector.domain.invoice import Side
from connector.ids import InvoiceId, ProviderKey, TenantId


class Loaders:
    """Questions asked of many tenants or invoices at once, within one scope."""

    def __init__(self, flows: Flows, scope: Scope) -> None:
        self._reading = flows.reading
        self._scope = scope
        self.entitlements = DataLoader[TenantId, Sequence[Entitlement]](self._entitlements)
        self.connections = DataLoader[TenantId, Sequence[Connection]](self._connections)
        self.breakers = DataLoader[ProviderKey, Breaker | None](self._breakers)
        self.changes = {side: DataLoader[InvoiceId, Sequence[Change]](partial(self._changes, side)) for side in Side}
        self.raws = {side: DataLoader[InvoiceId, bytes | None](partial(self._raws, side)) for side in Side}

    async def _entitlements(self, tenants: list[TenantId]) -> list[Sequence[Entitlement]]:
        known = await self._reading.entitlements(self._scope, tenants)
        return [known.get(tenant, ()) for tenant in tenants]

    async def _connections(self, tenants: list[TenantId]) -> list[Sequence[Connection]]:
        known = await self._reading.connections(self._scope, tenants)
        return [known.get(tenant, ()) for tenant in tenants]

    async def _breakers(self, providers: list[ProviderKey]) -> list[Breaker | None]:
        known = await self._reading.breakers()
        return [known.get(provider) for provider in providers]

    async def _changes(self, side: Side, invoices: list[InvoiceId]) -> list[Sequence[Change]]:
        known = await self._reading.changes(self._scope, side, invoices)
        return [known.get(invoice, ()) for invoice in invoices]

    async def _raws(self, side: Side, invoices: list[InvoiceId]) -> list[bytes | None]:
        known = await self._reading.raws(self._scope, side, invoices)
        return [known.get(invoice) for invoice in invoices]
