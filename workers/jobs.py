"""What a ring asks for; each job carries ids only and may run any number of times."""

from typing import Any
from uuid import UUID

from connector.ids import FetchId, TenantId
from workers.desk import Desk
from workers.harness import reported


async def read_fetch(ctx: dict[Any, Any], tenant: str, fetch: str) -> None:
    """Carries a fetch on at the desk and ends with it, so that a busy worker takes no more rings than it has places."""
    desk: Desk = ctx["desk"]
    with reported("read_fetch"):
        await desk.read(TenantId(UUID(tenant)), FetchId(UUID(fetch)))
