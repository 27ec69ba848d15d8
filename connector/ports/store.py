"""What remembers: rows under a scope, and across tenants only ids, digests and dates."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from connector.domain.access import ApiKey, Partner, Scope, Tenant
from connector.domain.census import Counted
from connector.domain.certificate import Certificate, Reach
from connector.domain.connection import Connection, SealedGrant
from connector.domain.consent import Attempt, Link, Progress
from connector.domain.entitlement import Entitlement
from connector.domain.fetch import Due
from connector.domain.paging import Page
from connector.domain.sealing import DataKey, Resting
from connector.ids import (
    AttemptId,
    ConnectionId,
    DataKeyId,
    FetchId,
    GrantId,
    KeyId,
    LinkId,
    PartnerId,
    ProviderKey,
    TenantId,
)
from connector.ports.leases import Breakers, Renewals
from connector.ports.mirror import Fetches, Inbox, Mirror


class Directory(Protocol):
    """Partners, tenants, and who accepted whom."""

    async def add_partner(self, partner: Partner) -> None: ...

    async def partner(self, partner: PartnerId) -> Partner | None: ...

    async def add_tenant(self, tenant: Tenant) -> None: ...

    async def tenant(self, tenant: TenantId) -> Tenant | None: ...

    async def tenants(
        self, *, first: int, after: tuple[datetime, TenantId] | None, name: str | None
    ) -> Page[Tenant]: ...

    async def invite(self, tenant: TenantId, partner: PartnerId, now: datetime) -> None: ...

    async def accept(self, tenant: TenantId, partner: PartnerId, now: datetime) -> None: ...

    async def add_key(self, key: ApiKey) -> None: ...

    async def key(self, key: KeyId) -> ApiKey | None: ...

    async def revoke_key(self, key: KeyId, now: datetime) -> bool: ...


class Consents(Protocol):
    """Onboarding links and the attempts made with them."""

    async def add_link(self, link: Link, digest: bytes) -> None: ...

    async def link(self, link: LinkId) -> Link | None: ...

    async def use_link(self, link: LinkId, now: datetime) -> bool: ...

    async def add_attempt(self, attempt: Attempt, state_digest: bytes) -> None: ...

    async def attempt(self, attempt: AttemptId) -> Attempt | None: ...

    async def advance(
        self, attempt: AttemptId, before: Progress, after: Progress, connection: ConnectionId | None = None
    ) -> bool: ...


class Connections(Protocol):
    """Connections and the lineage of their grants."""

    async def of_tenants(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Connection]]: ...

    async def connection(self, connection: ConnectionId) -> Connection | None: ...

    async def prepare(self, tenant: TenantId, provider: ProviderKey, now: datetime) -> Connection: ...

    async def put(self, connection: Connection) -> None: ...

    async def grant(self, grant: GrantId) -> SealedGrant | None: ...

    async def current_grant(self, connection: ConnectionId) -> SealedGrant | None: ...

    async def add_grant(self, connection: ConnectionId, grant: SealedGrant) -> None: ...

    async def start_line(self, connection: ConnectionId, grant: GrantId) -> datetime | None: ...


class Certificates(Protocol):
    """Shreddings: what the keys of a tenant open, that they are destroyed, and what says so."""

    async def alone(self, tenant: TenantId) -> None: ...

    async def certificate(self, tenant: TenantId) -> Certificate | None: ...

    async def reach(self, tenant: TenantId) -> Reach: ...

    async def end_work(self, tenant: TenantId, now: datetime) -> None: ...

    async def destroy(self, certificate: Certificate) -> int: ...


class Entitlements(Protocol):
    """What is known about tenants' contracts."""

    async def of_tenants(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Entitlement]]: ...

    async def record(self, tenant: TenantId, facts: Sequence[Entitlement]) -> None: ...


class Ciphertexts(Protocol):
    """Ciphertexts at rest, and the keys they were sealed with."""

    async def not_under(self, tenant: TenantId, key: DataKeyId, now: datetime) -> Sequence[Resting]: ...

    async def put(self, resting: Resting, sealed: bytes) -> bool: ...

    async def count(self, tenant: TenantId, key: DataKeyId, now: datetime, *, since: datetime) -> int: ...

    async def replaced_at(self, tenant: TenantId, key: DataKeyId) -> datetime | None: ...

    async def retire(self, tenant: TenantId, key: DataKeyId) -> None: ...

    async def keys(self, tenant: TenantId, keys: Collection[DataKeyId]) -> Sequence[DataKey]: ...

    async def make_due(self, tenant: TenantId, now: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction under one scope; everything it gives sees that scope's rows only."""

    directory: Directory
    consents: Consents
    connections: Connections
    renewals: Renewals
    breakers: Breakers
    certificates: Certificates
    entitlements: Entitlements
    fetches: Fetches
    mirror: Mirror
    inbox: Inbox
    resting: Ciphertexts


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose API key it is, and the digest its secret must have."""

    partner_id: PartnerId
    tenant_id: TenantId | None  # None: every tenant that accepted the partner
    digest: bytes


class Store(Protocol):
    """PostgreSQL: the truth. Outside `within`, only ids, digests and dates can be read."""

    def within(self, scope: Scope) -> AbstractAsyncContextManager[Work]: ...

    async def key_named(self, key: KeyId) -> KeyOwner | None: ...

    async def link_behind(self, digest: bytes) -> tuple[TenantId, LinkId] | None: ...

    async def attempt_behind(self, state_digest: bytes) -> tuple[TenantId, AttemptId] | None: ...

    async def fetches_due(self, now: datetime, *, most: int) -> Sequence[tuple[TenantId, FetchId]]: ...

    async def lease_due(
        self, provider: ProviderKey, owner: UUID, now: datetime, *, most: int
    ) -> Sequence[tuple[TenantId, ConnectionId]]: ...

    async def renewals_abandoned(self, now: datetime, *, most: int) -> Sequence[tuple[TenantId, ConnectionId]]: ...

    async def connections_of(self, provider: ProviderKey) -> int: ...

    async def consents_ending(self, provider: ProviderKey) -> Sequence[tuple[TenantId, ConnectionId, datetime]]: ...

    async def given_up(self, provider: ProviderKey, since: datetime) -> Sequence[tuple[TenantId, ConnectionId]]: ...

    async def census(self, now: datetime) -> Sequence[Counted]: ...

    async def connections_unreadable(self) -> Sequence[tuple[TenantId, ConnectionId]]: ...

    async def keys_in_use(self) -> Sequence[tuple[str, TenantId, DataKeyId]]: ...

    async def windows_due(
        self, schedule: Sequence[Due], now: datetime, *, most: int
    ) -> Sequence[tuple[TenantId, ConnectionId, Due]]: ...
