"""What a ring asks for; each job carries ids only and may run any number of times."""

from typing import TypedDict
from uuid import UUID

from connector.bootstrap import Flows
from connector.ids import FetchId, TenantId
from workers.harness import reported


class JobContext(TypedDict):
    """What arq hands to every job."""

    flows: Flows


@reported
async def read_fetch(ctx: JobContext, tenant: str, fetch: str) -> None:
    """Carries a fetch on; the claim inside decides which run counts."""
    await ctx["flows"].fetching.read(TenantId(UUID(tenant)), FetchId(UUID(fetch)))
