"""Who asks, what they may do, and whose rows they may touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from connector.errors import NotPermitted
from connector.ids import KeyId, PartnerId, TenantId


class Permission(StrEnum):
    """What an API key may do."""

    READ = "read"
    ONBOARD = "onboard"
    FETCH = "fetch"


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows one transaction may touch; a request's is minted in `connector.flows.access` from its key.

    With a partner and no tenant: every tenant that accepted the partner. With both: that tenant, if it accepted.
    With a tenant alone: the product acting for the tenant itself, as a worker or the onboarding site does.
    With a lease alone: the connections whose renewal that lease covers, of whatever tenant, their grants and keys.
    """

    partner_id: PartnerId | None
    tenant_id: TenantId | None
    lease_id: UUID | None = None

    @classmethod
    def of_tenant(cls, tenant_id: TenantId) -> "Scope":
        """The product acting for one tenant, its id taken from a row and never from a request."""
        return cls(partner_id=None, tenant_id=tenant_id)

    @classmethod
    def of_lease(cls, lease_id: UUID) -> "Scope":
        """The holder of a lease, acting for the connections under it."""
        return cls(partner_id=None, tenant_id=None, lease_id=lease_id)

    @classmethod
    def of_partner(cls, partner_id: PartnerId) -> "Scope":
        """A partner acting for every tenant that accepted it."""
        return cls(partner_id=partner_id, tenant_id=None)

    def narrowed(self, tenant_id: TenantId) -> "Scope":
        """This scope for one tenant only; a scope that already names another tenant reaches nothing."""
        if (self.partner_id is None and self.tenant_id is None) or self.tenant_id not in {None, tenant_id}:
            return Scope(partner_id=None, tenant_id=None)
        return Scope(partner_id=self.partner_id, tenant_id=tenant_id)


@dataclass(frozen=True, slots=True)
class Viewer:
    """A verified credential: who asks and within which scope."""

    key_id: KeyId
    key_name: str
    partner_id: PartnerId
    partner_name: str
    scope: Scope
    permissions: frozenset[Permission]
    key_expires_at: datetime | None  # None: the key has no end

    def require(self, permission: Permission) -> None:
        """Raises NotPermitted unless the credential covers `permission`."""
        if permission not in self.permissions:
            raise NotPermitted(permission=permission.value)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored API key: everything about it but its secret."""

    id: KeyId
    partner_id: PartnerId
    tenant_id: TenantId | None  # None: every tenant that accepted the partner
    name: str
    digest: bytes
    permissions: Sequence[Permission]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    def usable(self, now: datetime) -> bool:
        """Whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Partner:
    """A software company whose front-ends call the graph."""

    id: PartnerId
    name: str


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer company; it owns its connections and everything fetched through them."""

    id: TenantId
    name: str
    created_at: datetime
