"""The renewal of a connection's tokens: what was asked, what came back, and when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from connector.domain.connection import ANSWER_PLACE, ANSWER_PURPOSE, Connection, SealedGrant
from connector.domain.sealing import Seat
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId
from connector.secret import Secret

CALL_LIMIT = timedelta(seconds=40)  # the hard deadline of a token call, its connection included
LEASE = timedelta(seconds=90)  # longer than the call and the commit after it
COMMIT_BUDGET = timedelta(seconds=10)
BEGIN_WITHIN = LEASE - CALL_LIMIT - COMMIT_BUDGET  # counted from the lease: a call begun later might outlive it
ANSWER_WITHIN = LEASE + timedelta(seconds=60)  # counted from the lease: later, no call made under it still runs
LOOK_AGAIN = timedelta(seconds=60)  # between two answers that call a token dead, before anybody is told
HELD_BACK = timedelta(minutes=10)  # while so many die at once that the provider is more likely wrong than they are
KEEP_ALIVE_EARLIEST = timedelta(days=6, hours=12)
KEEP_ALIVE_SPREAD = timedelta(days=1, hours=12)
TURNED_DOWN_AGAIN = timedelta(minutes=5)  # a provider that refuses what it has just given is not asked for ever more


class Outcome(StrEnum):
    """How a renewal ended; of those that gave a grant the lineage tells, so no row says so again."""

    RENEWED = "renewed"
    ADOPTED = "adopted"  # its answer came late, or was brought in from the token journal or the escrow
    NOT_SENT = "not_sent"
    DECLINED = "declined"  # the provider refused us, or was away by its own account; the token is untouched
    DEAD = "dead"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TokenReply:
    """What a token endpoint said, before anybody has read it."""

    code: int
    body: bytes
    whole: bool  # False: the line broke before the end
    retry_after: timedelta | None  # None: the answer asked for no wait

    @property
    def may_hold_token(self) -> bool:
        """Whether a token could be in there; nothing else is worth the journal."""
        return self.code // 100 == 2  # noqa: PLR2004 - success, in HTTP


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A token endpoint's answer, sealed whole before anybody has read it."""

    id: GrantId  # of the renewal, and of the grant that the answer makes
    tenant_id: TenantId
    connection_id: ConnectionId
    provider: ProviderKey
    parent_id: GrantId | None  # the grant whose refresh token was presented; None: a consent's first answer
    answered_at: datetime
    sealed: bytes

    def seat(self) -> Seat:
        """Where it rests, by its own account."""
        return Seat(
            tenant_id=self.tenant_id,
            purpose=ANSWER_PURPOSE,
            provider=self.provider,
            owner_id=self.connection_id,
            place=ANSWER_PLACE,
            version_id=self.id,
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """What the token journal still keeps, and since when the oldest of it was answered."""

    unsettled: int
    unsettled_since: datetime | None  # None: the database has every answer
    unescrowed_since: datetime | None  # None: so has the escrow, or there is none


@dataclass(frozen=True, slots=True)
class Leased:
    """A connection whose renewal is one process's to make, and the grant it will present."""

    connection: Connection
    grant: SealedGrant
    renewal_id: GrantId  # of this renewal, and of the grant it will make
    attempt: int  # grows with every lease of the connection
    owner: UUID
    answer_until: datetime  # after this no call of this renewal still runs, here or there

    def may_begin(self, now: datetime) -> bool:
        """Whether a call begun now ends while the lease surely holds."""
        return now <= self.answer_until - ANSWER_WITHIN + BEGIN_WITHIN


@dataclass(frozen=True, slots=True)
class Renewed:
    """A renewal that gave a grant, ready to be committed."""

    leased: Leased
    grant: SealedGrant
    access: Secret | None  # None: it never arrived
    due_at: datetime
    answer: TokenAnswer


def next_keep_alive(connection: ConnectionId, obtained_at: datetime) -> datetime:
    """When a connection that nobody uses is renewed: about a week later, each at a moment of its own."""
    place = (connection.int ^ int(obtained_at.timestamp())) % 10_007 / 10_007
    return obtained_at + KEEP_ALIVE_EARLIEST + KEEP_ALIVE_SPREAD * place


def most_deaths(connections: int) -> int:
    """How many connections may be given up within `HELD_BACK`; more at once is an incident of the provider's."""
    return max(3, connections // 100)
