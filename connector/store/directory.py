"""Rows of partners, tenants, acceptances and API keys."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.access import ApiKey, Partner, Permission, Tenant
from connector.domain.paging import Page
from connector.ids import KeyId, PartnerId, TenantId
from connector.store.tables import acceptances, api_keys, partners, tenants


class DirectoryRows:
    """Who is who within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_partner(self, partner: Partner) -> None:
        """Adds a partner."""
        await self._connection.execute(sa.insert(partners).values(id=partner.id, name=partner.name))

    async def partner(self, partner: PartnerId) -> Partner | None:
        """The partner; None: outside the scope."""
        row = (await self._connection.execute(sa.select(partners).where(partners.c.id == partner))).one_or_none()
        return None if row is None else Partner(id=PartnerId(row.id), name=row.name)

    async def add_tenant(self, tenant: Tenant) -> None:
        """Adds a tenant."""
        values = {"id": tenant.id, "name": tenant.name, "created_at": tenant.created_at}
        await self._connection.execute(sa.insert(tenants).values(values))

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        """The tenant; None: outside the scope."""
        row = (await self._connection.execute(sa.select(tenants).where(tenants.c.id == tenant))).one_or_none()
        return None if row is None else _tenant(row)

    async def tenants(self, *, first: int, after: tuple[datetime, TenantId] | None, name: str | None) -> Page[Tenant]:
        """Tenants of the scope, oldest first, whose name contains `name`."""
        of = tenants.c
        place = sa.tuple_(of.created_at, of.id)
        statement = sa.select(tenants).order_by(of.created_at, of.id).limit(first + 1)
        if after is not None:
            statement = statement.where(place > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])))
        if name:
            statement = statement.where(of.name.icontains(name, autoescape=True))
        rows = (await self._connection.execute(statement)).all()
        return Page(
            items=[_tenant(row) for row in rows[:first]], more_after=len(rows) > first, more_before=after is not None
        )

    async def invite(self, tenant: TenantId, partner: PartnerId, now: datetime) -> None:
        """Lets the partner invite the tenant; inviting again changes nothing."""
        row = {"tenant_id": tenant, "partner_id": partner, "invited_at": now}
        await self._connection.execute(insert(acceptances).values(row).on_conflict_do_nothing())

    async def accept(self, tenant: TenantId, partner: PartnerId, now: datetime) -> None:
        """Records the tenant's consent that the partner may act for it."""
        of = acceptances.c
        await self._connection.execute(
            sa.update(acceptances)
            .where(of.tenant_id == tenant, of.partner_id == partner)
            .values(accepted_at=sa.func.coalesce(of.accepted_at, now), withdrawn_at=None)
        )

    async def add_key(self, key: ApiKey) -> None:
        """Adds an API key, known by its digest only."""
        values = {
            "partner_id": key.partner_id,
            "id": key.id,
            "tenant_id": key.tenant_id,
            "name": key.name,
            "digest": key.digest,
            "permissions": [each.value for each in key.permissions],
            "created_at": key.created_at,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
        }
        await self._connection.execute(sa.insert(api_keys).values(values))

    async def key(self, key: KeyId) -> ApiKey | None:
        """The key; None: outside the scope."""
        row = (await self._connection.execute(sa.select(api_keys).where(api_keys.c.id == key))).one_or_none()
        if row is None:
            return None
        return ApiKey(
            id=KeyId(row.id),
            partner_id=PartnerId(row.partner_id),
            tenant_id=None if row.tenant_id is None else TenantId(row.tenant_id),
            name=row.name,
            digest=row.digest,
            permissions=[Permission(each) for each in row.permissions],
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )

    async def revoke_key(self, key: KeyId, now: datetime) -> bool:
        """Ends a key; whether there was a living one to end."""
        of = api_keys.c
        statement = sa.update(api_keys).where(of.id == key, of.revoked_at.is_(None)).values(revoked_at=now)
        return (await self._connection.execute(statement)).rowcount == 1


def _tenant(row: sa.Row[tuple[object, ...]]) -> Tenant:
    return Tenant(id=TenantId(row.id), name=row.name, created_at=row.created_at)
