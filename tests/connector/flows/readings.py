"""How a test asks for a reading, and what it looks at afterwards."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from connector.domain.access import Scope, Tenant
from connector.domain.fetch import Fetch, Window
from connector.ids import FetchId
from connector.ports import InvoicePage
from tests.connector.flows.bench import rows
from tests.world import World

Ask = Callable[[int], Awaitable[InvoicePage]]
DAY = timedelta(days=1)


def all_pages(invoices: int) -> list[int]:
    """The pages asked for when nothing moves: up to an empty one, and once more unless one answer told everything."""
    held = -(-invoices // 100)
    return [*range(1, held + 2), *(range(1, held + 1) if invoices >= 100 else ())]


async def open_fetch(world: World, tenant: Tenant) -> FetchId:
    """The tenant's one open fetch, asked for now as the schedule does if there is none."""
    now = world.clock.now()
    async with world.flows.fetching.store.within(Scope.of_tenant(tenant.id)) as work:
        [connection] = (await work.connections.of_tenants([tenant.id]))[tenant.id]
        window = Window.recent(world.flows.fetching.register.provider(connection.provider).day_of(now))
        fetch, _ = await work.fetches.request(tenant.id, connection.id, window, now)
    return fetch.id


async def read(world: World, tenant: Tenant) -> Fetch:
    fetch = await world.flows.fetching.read(tenant.id, await open_fetch(world, tenant))
    assert fetch is not None
    return fetch


async def receipts(world: World, tenant: Tenant) -> list[Any]:
    statement = "select * from receipts where tenant_id = :tenant order by completed_at"
    return list(await rows(world, statement, tenant=tenant.id))


async def facts(world: World, tenant: Tenant) -> dict[str, tuple[str, str, timedelta | None]]:
    """Flag, verdict, source, and how long the fact holds."""
    found = await rows(world, "select * from entitlements where tenant_id = :tenant", tenant=tenant.id)
    return {
        each["flag"]: (
            each["verdict"],
            each["source"],
            each["expires_at"] and each["expires_at"] - each["observed_at"],
        )
        for each in found
    }
