"""Keeps wrapped keys for the vault, each read and write a transaction of its own."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope
from connector.domain.sealing import WrappedKey
from connector.ids import DataKeyId, TenantId
from connector.store.tables import data_keys, installation_keys
from connector.store.work import confined

_NOBODY = Scope(partner_id=None, tenant_id=None)


class PostgresShelf:
    """Wrapped keys in PostgreSQL; useless without the key service that wrapped them."""

    def __init__(self, app: AsyncEngine) -> None:
        self._app = app

    async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None:
        """The key new secrets of the tenant are sealed with; None: it has none yet."""
        of = data_keys.c
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            statement = sa.select(data_keys).where(of.tenant_id == tenant, of.is_primary)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else (DataKeyId(row.id), WrappedKey(kek_id=row.kek_id, blob=row.wrapped))

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None:
        """One of the tenant's keys; None: destroyed, or another tenant's."""
        of = data_keys.c
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            statement = sa.select(of.kek_id, of.wrapped).where(of.tenant_id == tenant, of.id == key)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else WrappedKey(kek_id=row.kek_id, blob=row.wrapped)

    async def keep_primary(self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey) -> None:
        """Keeps a first primary key; where one stands already, nothing changes."""
        values = {
            "tenant_id": tenant,
            "id": key,
            "kek_id": wrapped.kek_id,
            "wrapped": wrapped.blob,
            "is_primary": True,
        }
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            await connection.execute(insert(data_keys).values(values).on_conflict_do_nothing())

    async def installation_key(self, name: str) -> WrappedKey | None:
        """A key of the whole installation; None: not made yet."""
        of = installation_keys.c
        async with confined(self._app, _NOBODY) as connection:
            statement = sa.select(of.kek_id, of.wrapped).where(of.name == name)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else WrappedKey(kek_id=row.kek_id, blob=row.wrapped)

    async def keep_installation_key(self, name: str, wrapped: WrappedKey) -> None:
        """Keeps a first key of this name; where one stands already, nothing changes."""
        values = {"name": name, "kek_id": wrapped.kek_id, "wrapped": wrapped.blob}
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(insert(installation_keys).values(values).on_conflict_do_nothing())
