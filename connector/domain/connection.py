"""A tenant's authorisation at a provider, and the grants that keep it alive."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from connector.domain.sealing import Seat
from connector.errors import SealFault
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId
from connector.secret import Secret


class Standing(StrEnum):
    """Where a connection stands."""

    AWAITING_CONSENT = "awaiting_consent"
    ACTIVE = "active"
    UNCERTAIN = "uncertain"  # a renewal went unanswered; whether its token still works is found out
    SUSPECT = "suspect"  # the provider called the token dead; it is asked again before anybody is bothered
    UNREADABLE = "unreadable"  # our own key does not open the token
    LAPSED = "lapsed"  # a person must consent again
    DISCONNECTED = "disconnected"


class Cause(StrEnum):
    """Why a connection is not active."""

    ANSWER_LOST = "answer_lost"
    TOKEN_DEAD = "token_dead"  # noqa: S105 - a cause, not a password
    CONSENT_EXPIRED = "consent_expired"
    PERSON_INACTIVE = "person_inactive"
    KEY_MISSING = "key_missing"
    KEY_NOT_UNWRAPPED = "key_not_unwrapped"
    TOKEN_DAMAGED = "token_damaged"  # noqa: S105 - as above
    SHREDDED = "shredded"


ANSWER_PURPOSE, ANSWER_PLACE = "token_answer", "token journal"  # of the seat of a token endpoint's whole answer

_UNREADABLE = {
    SealFault.KEY_MISSING: Cause.KEY_MISSING,
    SealFault.KEY_NOT_UNWRAPPED: Cause.KEY_NOT_UNWRAPPED,
    SealFault.DAMAGED: Cause.TOKEN_DAMAGED,
}


@dataclass(frozen=True, slots=True)
class Connection:
    """One tenant's authorisation at one provider."""

    tenant_id: TenantId
    id: ConnectionId
    provider: ProviderKey
    standing: Standing
    consent_ends_at: datetime | None  # None: the provider sets no end, or consent was not given yet
    changed_at: datetime
    cause: Cause | None = None  # None: nothing is wrong, or consent was never given
    due_at: datetime | None = None  # when upkeep looks at it next; None: a person must act first

    def active(self, now: datetime, *, consent_ends_at: datetime | None, due_at: datetime) -> "Connection":
        """This connection with a grant that works."""
        changed_at = self.changed_at if self.standing is Standing.ACTIVE else now
        return replace(
            self,
            standing=Standing.ACTIVE,
            cause=None,
            consent_ends_at=consent_ends_at,
            changed_at=changed_at,
            due_at=due_at,
        )

    def doubted(self, standing: Standing, cause: Cause, now: datetime, *, due_at: datetime) -> "Connection":
        """This connection while it is found out whether its token still works."""
        changed_at = self.changed_at if self.standing is standing else now
        return replace(self, standing=standing, cause=cause, changed_at=changed_at, due_at=due_at)

    def lapsed(self, cause: Cause, now: datetime) -> "Connection":
        """This connection after its last grant was found dead."""
        return replace(self, standing=Standing.LAPSED, cause=cause, consent_ends_at=None, changed_at=now, due_at=None)

    def unreadable(self, fault: SealFault, now: datetime, *, due_at: datetime) -> "Connection":
        """This connection while our own key does not open its token."""
        return self.doubted(Standing.UNREADABLE, _UNREADABLE[fault], now, due_at=due_at)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token endpoint gave: never logged, never queued, sealed before it is stored."""

    access: Secret | None  # None: the line broke before it arrived, and only the refresh token was saved
    refresh: Secret | None  # None: the provider kept the previous one alive
    access_ends_at: datetime
    refresh_ends_at: datetime | None  # None: the provider sets no end


@dataclass(frozen=True, slots=True)
class SealedGrant:
    """A grant as it rests in the lineage: two ciphertexts and the times that plan its renewal."""

    id: GrantId
    parent_id: GrantId | None  # None: the first of its line, from a consent
    access_sealed: bytes | None  # None: it never arrived
    refresh_sealed: bytes
    access_ends_at: datetime
    refresh_ends_at: datetime | None
    obtained_at: datetime

    def access_usable(self, now: datetime, *, margin: timedelta) -> bool:
        """Whether the access token outlives `now` by at least `margin`."""
        return self.access_sealed is not None and now + margin < self.access_ends_at


def access_seat(connection: Connection, grant: GrantId) -> Seat:
    """Where an access token rests."""
    return _seat(connection, grant, "access_token", "grants.access_sealed")


def refresh_seat(connection: Connection, grant: GrantId) -> Seat:
    """Where a refresh token rests."""
    return _seat(connection, grant, "refresh_token", "grants.refresh_sealed")


def answer_seat(connection: Connection, renewal: GrantId) -> Seat:
    """Where a token endpoint's whole answer rests."""
    return _seat(connection, renewal, ANSWER_PURPOSE, ANSWER_PLACE)


def _seat(connection: Connection, version: GrantId, purpose: str, place: str) -> Seat:
    return Seat(
        tenant_id=connection.tenant_id,
        purpose=purpose,
        provider=connection.provider,
        owner_id=connection.id,
        place=place,
        version_id=version,
    )
