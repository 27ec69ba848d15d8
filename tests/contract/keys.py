"""Pretended key services and shelves; the suites beside them hold them to what the real ones promise."""

import os
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError
from connector.ids import DataKeyId, TenantId


class PretendKeyService:
    """A key service in memory: what it wraps it remembers, and forgets with the process."""

    def __init__(self, kek_id: str = "pretended") -> None:
        self.kek_id = kek_id
        self.unwrapped = 0
        self._gone = False
        self._wrapped: dict[bytes, tuple[bytes, bytes]] = {}

    def forget(self) -> None:
        """Opens nothing any more, as when the service is gone or the key-encryption key was destroyed."""
        self._wrapped.clear()
        self._gone = True

    async def current(self) -> str:
        return self.kek_id

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        blob = os.urandom(32)
        if not self._gone:
            self._wrapped[blob] = (key, context)
        return WrappedKey(kek_id=self.kek_id, blob=blob)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        self.unwrapped += 1
        key, bound_to = self._wrapped.get(wrapped.blob, (b"", None))
        if bound_to != context:
            raise CannotOpen(purpose="data_key")
        return key

    async def close(self) -> None:
        """Nothing is held open."""


class Failing(PretendKeyService):
    """A key service that can be made to answer nothing but one failure."""

    failure: ConnectorError | None = None

    async def current(self) -> str:
        self._fail()
        return await super().current()

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        self._fail()
        return await super().wrap(key, context)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        self._fail()
        return await super().unwrap(wrapped, context)

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


class PretendShelf:
    """Wrapped keys in memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[TenantId, DataKeyId], WrappedKey] = {}
        self.retired: set[str] = set()  # key-encryption keys
        self.leases: dict[UUID, set[TenantId]] = {}
        self._primary: dict[TenantId, DataKeyId] = {}
        self._installation: dict[str, WrappedKey] = {}

    async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None:
        key = self._primary.get(tenant)
        wrapped = None if key is None else await self.data_key(tenant, key)
        return None if key is None or wrapped is None else (key, wrapped)

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None:
        wrapped = self.rows.get((tenant, key))
        return None if wrapped is None else replace(wrapped, retired=wrapped.kek_id in self.retired)

    async def leased(self, owner: UUID) -> Sequence[tuple[TenantId, DataKeyId, WrappedKey, bool]]:
        found = [name for name in self.rows if name[0] in self.leases.get(owner, ())]
        return [
            (tenant, key, wrapped, self._primary.get(tenant) == key)
            for tenant, key in found
            if (wrapped := await self.data_key(tenant, key)) is not None
        ]

    async def keep_primary(
        self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey, *, instead_of: DataKeyId | None = None
    ) -> bool:
        if self._primary.get(tenant) != instead_of or wrapped.kek_id in self.retired:
            return False
        self._primary[tenant] = key
        self.rows[tenant, key] = wrapped
        return True

    async def put_back(self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey) -> bool:
        if (tenant, key) in self.rows or wrapped.kek_id in self.retired:
            return False
        self.rows[tenant, key] = wrapped
        return True

    async def rewrap(self, tenant: TenantId, key: DataKeyId, before: WrappedKey, after: WrappedKey) -> bool:
        stands = self.rows.get((tenant, key))
        if stands is None or not _same(stands, before) or after.kek_id in self.retired:
            return False
        self.rows[tenant, key] = after
        return True

    async def installation_key(self, name: str) -> WrappedKey | None:
        return self._installation.get(name)

    async def keep_installation_key(self, name: str, wrapped: WrappedKey) -> None:
        self._installation.setdefault(name, wrapped)

    async def rewrap_installation_key(self, name: str, before: WrappedKey, after: WrappedKey) -> bool:
        stands = self._installation.get(name)
        if stands is None or not _same(stands, before) or after.kek_id in self.retired:
            return False
        self._installation[name] = after
        return True


def _same(one: WrappedKey, other: WrappedKey) -> bool:
    return (one.kek_id, one.blob) == (other.kek_id, other.blob)
