"""Recalls connections that were given up while the provider was wrong: their tokens are presented once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.access import Scope
from connector.ids import ConnectionId, ProviderKey, TenantId
from connector.ports import Clock, Register, Store


@dataclass(frozen=True, slots=True)
class Recalling:
    """Undoes what was believed of a provider, and asks it nothing itself: upkeep does, at its own pace."""

    store: Store
    register: Register
    clock: Clock

    async def given_up(self, provider: ProviderKey, since: datetime) -> Sequence[tuple[TenantId, ConnectionId]]:
        """Connections that lapsed at `since` or later and that nobody has connected again.

        Raises InvalidInput for a provider that is none of ours.
        """
        return await self.store.given_up(self.register.provider(provider).key, since)

    async def recall(self, provider: ProviderKey, since: datetime) -> int:
        """Puts them among the suspects, due at once; how many. Whose token is dead all the same lapses again."""
        recalled = 0
        for tenant, connection in await self.given_up(provider, since):
            async with self.store.within(Scope.of_tenant(tenant)) as work:
                recalled += await work.renewals.recall(connection, self.clock.now())
        return recalled
