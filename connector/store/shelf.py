"""Keeps wrapped keys for the vault, each read and write a transaction of its own."""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connector.domain.access import Scope
from connector.domain.sealing import WrappedKey
from connector.ids import DataKeyId, TenantId
from connector.store.certificates import certificate_of, wait_for_shredding
from connector.store.tables import data_keys, installation_keys, key_encryption_keys, tenants
from connector.store.work import confined

_NOBODY = Scope(partner_id=None, tenant_id=None)
_RETIRED = sa.or_(data_keys.c.retired_at.is_not(None), key_encryption_keys.c.retired_at.is_not(None)).label("retired")
_DATA_KEYS = sa.select(
    data_keys.c.tenant_id, data_keys.c.id, data_keys.c.is_primary, data_keys.c.kek_id, data_keys.c.wrapped, _RETIRED
).select_from(data_keys.outerjoin(key_encryption_keys, key_encryption_keys.c.id == data_keys.c.kek_id))


class PostgresShelf:
    """Wrapped keys in PostgreSQL; useless without the key service that wrapped them."""

    def __init__(self, app: AsyncEngine) -> None:
        self._app = app

    async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None:
        """The key new secrets of the tenant are sealed with; None: it has none yet."""
        of = data_keys.c
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            statement = _DATA_KEYS.where(of.tenant_id == tenant, of.is_primary)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else (DataKeyId(row.id), _wrapped(row))

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None:
        """One of the tenant's keys; None: destroyed, or another tenant's."""
        of = data_keys.c
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            statement = _DATA_KEYS.where(of.tenant_id == tenant, of.id == key)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else _wrapped(row)

    async def leased(self, owner: UUID) -> Sequence[tuple[TenantId, DataKeyId, WrappedKey, bool]]:
        """Every key of the tenants under the owner's lease, in one statement; the last says whether it is primary."""
        async with confined(self._app, Scope.of_lease(owner)) as connection:
            rows = await connection.execute(_DATA_KEYS)
            return [(TenantId(row.tenant_id), DataKeyId(row.id), _wrapped(row), row.is_primary) for row in rows]

    async def keep_primary(
        self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey, *, instead_of: DataKeyId | None = None
    ) -> bool:
        """Keeps a primary key, the first or `instead_of` another.

        False: another stands, its wrapper is retired, or the tenant was shredded.
        """
        of = data_keys.c
        values = {
            "tenant_id": tenant,
            "id": key,
            "kek_id": wrapped.kek_id,
            "wrapped": wrapped.blob,
            "is_primary": True,
        }
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            await wait_for_shredding(connection, tenant)
            if await certificate_of(connection, tenant) is not None or not await _usable(connection, wrapped.kek_id):
                return False
            if instead_of is not None:
                stands = sa.and_(of.tenant_id == tenant, of.id == instead_of, of.is_primary)
                before = await connection.execute(sa.update(data_keys).where(stands).values(is_primary=False))
                if before.rowcount == 0:
                    return False
            return (await connection.execute(insert(data_keys).values(values).on_conflict_do_nothing())).rowcount == 1

    async def put_back(self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey) -> bool:
        """Keeps a key that a restored database has lost; new secrets are sealed with the primary one all the same.

        False: it is there, its wrapper is retired, or the tenant was shredded or is not known.
        """
        of = tenants.c
        columns = ["tenant_id", "id", "kek_id", "wrapped", "is_primary"]
        lost = sa.select(
            of.id, sa.literal(key), sa.literal(wrapped.kek_id), sa.literal(wrapped.blob), sa.false()
        ).where(of.id == tenant)
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            await wait_for_shredding(connection, tenant)
            if await certificate_of(connection, tenant) is not None or not await _usable(connection, wrapped.kek_id):
                return False
            added = insert(data_keys).from_select(columns, lost).on_conflict_do_nothing()
            return (await connection.execute(added)).rowcount == 1

    async def rewrap(self, tenant: TenantId, key: DataKeyId, before: WrappedKey, after: WrappedKey) -> bool:
        """Puts a key's new wrapping in the place of the one that was read; False: somebody else's stands there."""
        of = data_keys.c
        same = sa.and_(of.tenant_id == tenant, of.id == key, of.kek_id == before.kek_id, of.wrapped == before.blob)
        async with confined(self._app, Scope.of_tenant(tenant)) as connection:
            if not await _usable(connection, after.kek_id):
                return False
            changed = sa.update(data_keys).where(same).values(kek_id=after.kek_id, wrapped=after.blob)
            return (await connection.execute(changed)).rowcount == 1

    async def installation_key(self, name: str) -> WrappedKey | None:
        """A key of the whole installation; None: not made yet."""
        of = installation_keys.c
        async with confined(self._app, _NOBODY) as connection:
            statement = sa.select(of.kek_id, of.wrapped).where(of.name == name)
            row = (await connection.execute(statement)).one_or_none()
        return None if row is None else WrappedKey(kek_id=row.kek_id, blob=row.wrapped)

    async def keep_installation_key(self, name: str, wrapped: WrappedKey) -> None:
        """Keeps a first key of this name; where one stands already, nothing changes.

        The very first founds the installation: what wrapped it is promoted, and it is the canary.
        """
        values = {"name": name, "kek_id": wrapped.kek_id, "wrapped": wrapped.blob}
        of = installation_keys.c
        founded = sa.select(of.kek_id, of.wrapped, sa.func.now()).where(
            of.name == name, ~sa.exists(sa.select(key_encryption_keys.c.id))
        )
        founding = insert(key_encryption_keys).from_select(["id", "canary", "promoted_at"], founded)
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(insert(installation_keys).values(values).on_conflict_do_nothing())
            await connection.execute(founding.on_conflict_do_nothing())

    async def rewrap_installation_key(self, name: str, before: WrappedKey, after: WrappedKey) -> bool:
        """Puts the new wrapping in the place of the one that was read; False: somebody else's stands there."""
        of = installation_keys.c
        same = sa.and_(of.name == name, of.kek_id == before.kek_id, of.wrapped == before.blob)
        async with confined(self._app, _NOBODY) as connection:
            if not await _usable(connection, after.kek_id):
                return False
            changed = sa.update(installation_keys).where(same).values(kek_id=after.kek_id, wrapped=after.blob)
            return (await connection.execute(changed)).rowcount == 1


async def _usable(connection: AsyncConnection, kek_id: str) -> bool:
    """Whether something may be wrapped by this key: it is known, and is not retired before the transaction ends."""
    of = key_encryption_keys.c
    statement = sa.select(of.retired_at.is_(None)).where(of.id == kek_id).with_for_update(read=True)
    return (await connection.execute(statement)).scalar_one_or_none() is True


def _wrapped(row: sa.Row[tuple[object, ...]]) -> WrappedKey:
    return WrappedKey(kek_id=row.kek_id, blob=row.wrapped, retired=row.retired)
