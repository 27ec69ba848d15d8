"""What flows ask of the world: one small protocol per ability."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from uuid import UUID

from connector.domain.access import ApiKey, Partner, Scope, Tenant
from connector.domain.connection import Connection, Grant, SealedGrant
from connector.domain.consent import Attempt, Link, Progress
from connector.domain.entitlement import Capability, Entitlement, Flag
from connector.domain.fetch import Fetch, FetchedPage, Receipt, Window
from connector.domain.invoice import FetchedInvoice, InvoiceFilter, Place, ReceivedInvoice
from connector.domain.paging import Page
from connector.domain.sealing import Seat, WrappedKey
from connector.ids import (
    AttemptId,
    ConnectionId,
    DataKeyId,
    FetchId,
    GrantId,
    InvoiceId,
    KeyId,
    LinkId,
    PartnerId,
    ProviderKey,
    TenantId,
)
from connector.secret import Secret


class Clock(Protocol):
    """Tells the moment, in UTC."""

    def now(self) -> datetime: ...


class Doorbell(Protocol):
    """Wakes a worker; a lost ring costs one sweep and nothing else. False: the bell is out of order."""

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> bool: ...


# Keys and ciphertexts


class KeyService(Protocol):
    """Wraps keys with a key-encryption key that never leaves it."""

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey: ...

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes: ...


class KeyShelf(Protocol):
    """Keeps wrapped keys; the first writer of a key wins and every writer is told which one stands."""

    async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None: ...

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None: ...

    async def keep_primary(self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey) -> None: ...

    async def installation_key(self, name: str) -> WrappedKey | None: ...

    async def keep_installation_key(self, name: str, wrapped: WrappedKey) -> None: ...


class Vault(Protocol):
    """Seals secrets to their seat, and digests what must be recognised but not kept."""

    async def prepare(self, tenant: TenantId) -> None: ...

    async def seal(self, secret: Secret, seat: Seat) -> bytes: ...

    async def open(self, sealed: bytes, seat: Seat) -> Secret: ...

    def digest(self, purpose: str, text: Secret) -> bytes: ...


# The store


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

    async def lapse(self, connection: Connection, grant: GrantId) -> bool: ...

    async def current_grant(self, connection: ConnectionId) -> SealedGrant | None: ...

    async def add_grant(self, connection: ConnectionId, grant: SealedGrant) -> None: ...

    async def make_current(self, connection: ConnectionId, grant: SealedGrant) -> bool: ...

    async def start_line(self, connection: ConnectionId, grant: GrantId) -> datetime | None: ...

    async def lease(self, connection: ConnectionId, owner: UUID, now: datetime, until: datetime) -> bool: ...

    async def release(self, connection: ConnectionId, owner: UUID) -> None: ...


class Entitlements(Protocol):
    """What is known about tenants' contracts."""

    async def of_tenants(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Entitlement]]: ...

    async def record(self, tenant: TenantId, facts: Sequence[Entitlement]) -> None: ...


class Fetches(Protocol):
    """Wishes to read, and how far each has come."""

    async def request(
        self, tenant: TenantId, connection: ConnectionId, window: Window, now: datetime
    ) -> tuple[Fetch, bool]: ...

    async def fetch(self, fetch: FetchId) -> Fetch | None: ...

    async def claim(self, fetch: FetchId, owner: UUID, now: datetime, until: datetime) -> Fetch | None: ...

    async def hold(self, fetch: FetchId, owner: UUID, until: datetime) -> None: ...

    async def pages_read(self, fetch: FetchId) -> Sequence[FetchedPage]: ...

    async def turn_page(self, fetch: FetchId, owner: UUID, page: FetchedPage, until: datetime) -> bool: ...

    async def complete(self, receipt: Receipt, owner: UUID) -> bool: ...

    async def postpone(self, fetch: FetchId, owner: UUID, problem: str, due_at: datetime) -> None: ...

    async def fail(self, fetch: FetchId, owner: UUID, problem: str, now: datetime) -> None: ...

    async def of_tenant(self, tenant: TenantId, *, most: int) -> Sequence[Fetch]: ...


class Mirror(Protocol):
    """Invoices as the providers last told them."""

    async def put(self, connection: Connection, invoices: Sequence[FetchedInvoice], now: datetime) -> None: ...

    async def received_invoice(self, tenant: TenantId, invoice: InvoiceId) -> ReceivedInvoice | None: ...

    async def raws(self, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, bytes]: ...

    async def received_invoices(
        self, tenant: TenantId, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[ReceivedInvoice]: ...

    async def count(self, tenant: TenantId, wanted: InvoiceFilter) -> int: ...


@dataclass(frozen=True, slots=True)
class Work:
    """One transaction under one scope; everything it gives sees that scope's rows only."""

    directory: Directory
    consents: Consents
    connections: Connections
    entitlements: Entitlements
    fetches: Fetches
    mirror: Mirror


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

    async def connections_unread(self, since: datetime, *, most: int) -> Sequence[tuple[TenantId, ConnectionId]]: ...


# Providers


class GivesConsent(Protocol):
    """The authorisation side of a provider."""

    def authorise_url(self, *, state: Secret, verifier: Secret, redirect_uri: str) -> str: ...

    async def redeem(self, *, code: Secret, verifier: Secret, redirect_uri: str, now: datetime) -> Grant: ...

    async def renew(self, refresh: Secret, *, now: datetime) -> Grant: ...


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """One page of a provider's list of received invoices."""

    invoices: Sequence[FetchedInvoice]
    last: bool


class ReadsReceivedInvoices(Protocol):
    """A provider whose received invoices can be read."""

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage: ...


@dataclass(frozen=True, slots=True)
class Provider:
    """What flows know of one provider: its facts, and the abilities it has."""

    key: ProviderKey
    name: str
    name_ja: str
    needs: Mapping[Capability, Sequence[Flag]]
    access_margin: timedelta  # an access token with less time left than this is not used for a new call
    day_of: "DayOf"
    consent: GivesConsent
    received_invoices: ReadsReceivedInvoices | None  # None: the provider cannot be read


class DayOf(Protocol):
    """The provider's own calendar date at a moment."""

    def __call__(self, moment: datetime) -> date: ...


class Register(Protocol):
    """Every provider this installation speaks to."""

    def provider(self, key: ProviderKey) -> Provider: ...

    def offering(self, capability: Capability) -> Sequence[Provider]: ...
