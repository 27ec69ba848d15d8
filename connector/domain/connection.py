"""A tenant's authorisation at a provider, and the grants that keep it alive."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId
from connector.secret import Secret


class Standing(StrEnum):
    """Where a connection stands."""

    AWAITING_CONSENT = "awaiting_consent"
    ACTIVE = "active"
    LAPSED = "lapsed"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant's authorisation at one provider."""

    tenant_id: TenantId
    id: ConnectionId
    provider: ProviderKey
    standing: Standing
    consent_ends_at: datetime | None  # None: the provider sets no end, or consent was not given yet
    changed_at: datetime

    def renewal_due(self, now: datetime, *, margin: timedelta) -> bool:
        """Whether consent left alone would end within `margin` of `now`."""
        if self.standing is not Standing.ACTIVE or self.consent_ends_at is None:
            return False
        return self.consent_ends_at - now <= margin

    def lapsed(self, now: datetime) -> "Connection":
        """This connection after the provider refused its last grant."""
        return replace(self, standing=Standing.LAPSED, consent_ends_at=None, changed_at=now)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave: never logged, never queued, sealed before it is stored."""

    access: Secret
    refresh: Secret | None  # None: the provider kept the previous one alive
    access_ends_at: datetime
    refresh_ends_at: datetime | None  # None: the provider sets no end


@dataclass(frozen=True, slots=True)
class SealedGrant:
    """A grant as it rests in the lineage: two ciphertexts and the times that plan its renewal."""

    id: GrantId
    parent_id: GrantId | None  # None: the first of its line, from a consent
    access_sealed: bytes
    refresh_sealed: bytes
    access_ends_at: datetime
    refresh_ends_at: datetime | None
    obtained_at: datetime

    def access_usable(self, now: datetime, *, margin: timedelta) -> bool:
        """Whether the access token outlives `now` by at least `margin`."""
        return now + margin < self.access_ends_at
