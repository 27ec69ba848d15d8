"""Whom a sealed value belongs to; a ciphertext moved anywhere else does not open."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from connector.ids import DataKeyId, TenantId

TRUSTED_FOR = timedelta(seconds=5)  # how long an open key is used before it is looked up again: it may be destroyed


@dataclass(frozen=True, slots=True)
class Seat:
    """The one place where a ciphertext may rest; every part is bound into it."""

    tenant_id: TenantId
    purpose: str
    provider: str
    owner_id: UUID  # the connection or attempt it serves
    place: str  # table.column
    version_id: UUID  # the row's own id, so that an old ciphertext cannot be put back

    def context(self) -> bytes:
        """The parts, each with its length before it, so that no two seats ever read the same."""
        parts = (
            b"connector.seat.1",
            self.purpose.encode(),
            self.tenant_id.bytes,
            self.owner_id.bytes,
            self.provider.encode(),
            self.place.encode(),
            self.version_id.bytes,
        )
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


@dataclass(frozen=True, slots=True, repr=False)
class Resting:
    """A ciphertext in its seat."""

    sealed: bytes
    seat: Seat


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A key sealed by the key-encryption key named beside it."""

    kek_id: str
    blob: bytes
    retired: bool = False  # the key, or the one that wrapped it, was said to be needed no more


@dataclass(frozen=True, slots=True)
class DataKey:
    """A tenant's data key as it may be kept anywhere: wrapped."""

    tenant_id: TenantId
    id: DataKeyId
    wrapped: WrappedKey
