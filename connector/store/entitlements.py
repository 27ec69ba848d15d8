"""Rows of what is known about tenants' contracts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.ids import ProviderKey, TenantId
from connector.store.tables import entitlements


class EntitlementRows:
    """Facts about contracts within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_tenants(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Entitlement]]:
        """Every known fact of each tenant; a tenant of which nothing is known is absent."""
        of = entitlements.c
        statement = (
            sa.select(entitlements).where(of.tenant_id.in_(list(tenants))).order_by(of.tenant_id, of.provider, of.flag)
        )
        known: dict[TenantId, list[Entitlement]] = defaultdict(list)
        for row in await self._connection.execute(statement):
            known[TenantId(row.tenant_id)].append(
                Entitlement(
                    provider=ProviderKey(row.provider),
                    flag=Flag(row.flag),
                    verdict=Verdict(row.verdict),
                    source=Source(row.source),
                    observed_at=row.observed_at,
                    expires_at=row.expires_at,
                )
            )
        return known

    async def record(self, tenant: TenantId, facts: Sequence[Entitlement]) -> None:
        """Writes the newest observation of each flag."""
        if not facts:
            return
        rows = [
            {
                "tenant_id": tenant,
                "provider": fact.provider,
                "flag": fact.flag,
                "verdict": fact.verdict,
                "source": fact.source,
                "observed_at": fact.observed_at,
                "expires_at": fact.expires_at,
            }
            for fact in facts
        ]
        arriving = insert(entitlements).values(rows)
        newer = {name: arriving.excluded[name] for name in ("verdict", "source", "observed_at", "expires_at")}
        await self._connection.execute(
            arriving.on_conflict_do_update(
                index_elements=["tenant_id", "provider", "flag"],
                set_=newer,
                where=entitlements.c.observed_at <= arriving.excluded.observed_at,
            )
        )
