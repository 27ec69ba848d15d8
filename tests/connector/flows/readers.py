"""Readers that stand between a fetch and the provider, for what the twin itself never does."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from connector.domain.entitlement import Capability
from connector.domain.fetch import Window
from connector.flows.fetching import Fetching
from connector.ids import FetchId, ProviderKey, TenantId
from connector.ports import InvoicePage, Provider, ReadsReceivedInvoices
from connector.secret import Secret
from tests.world import INFOMART, World

Turn = Callable[[int, Callable[[int], Awaitable[InvoicePage]]], Awaitable[InvoicePage]]


@dataclass(frozen=True, slots=True)
class Between:
    """Hands each page number, and a way to ask the provider, to `turn`."""

    provider: ReadsReceivedInvoices
    turn: Turn

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage:
        async def ask(number: int) -> InvoicePage:
            return await self.provider.received_page(access, window, number, uses_workflow=uses_workflow)

        return await self.turn(page, ask)


@dataclass(frozen=True, slots=True)
class OneProvider:
    """A register of one."""

    only: Provider

    def provider(self, key: ProviderKey) -> Provider:
        assert key == self.only.key
        return self.only

    def offering(self, _: Capability) -> Sequence[Provider]:
        return [self.only]

    def everyone(self) -> Sequence[Provider]:
        return [self.only]


def reading_through(world: World, turn: Turn) -> Fetching:
    """The world's fetching, with every page going through `turn`."""
    provider = world.flows.fetching.register.provider(INFOMART)
    assert provider.received_invoices is not None
    between = replace(provider, received_invoices=Between(provider.received_invoices, turn))
    return replace(world.flows.fetching, register=OneProvider(between))


@dataclass(slots=True)
class Bell:
    """A doorbell that remembers who rang, and may be out of order."""

    works: bool = True
    rung: int = 0
    heard: Sequence[tuple[TenantId, FetchId]] = ()

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> bool:
        self.rung += 1
        self.heard = [*self.heard, (tenant, fetch)] if self.works else self.heard
        return self.works
