"""Says what an outage will have cost: which connections end before we can renew them, and what would save them."""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.domain.plan import Ending, Plan, plan
from connector.ids import ConnectionId, ProviderKey, TenantId
from connector.ports import Clock, Register, Store

Whose = tuple[TenantId, ConnectionId]


@dataclass(frozen=True, slots=True)
class Planning:
    """Plans upkeep, and asks no provider anything."""

    store: Store
    register: Register
    clock: Clock

    async def plans(self) -> Mapping[ProviderKey, Plan[Whose]]:
        """A plan for every provider at its own pace; consents that never end are in none."""
        made = {}
        for provider in self.register.everyone():
            endings = [
                Ending(what=(tenant, connection), ends_at=ends_at)
                for tenant, connection, ends_at in await self.store.consents_ending(provider.key)
            ]
            made[provider.key] = plan(endings, self.clock.now(), per_second=provider.pace.per_second)
        return made
