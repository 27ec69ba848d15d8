"""What remembers what providers told: the readings, and the invoices they brought."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from connector.domain.connection import Connection
from connector.domain.entitlement import Needs
from connector.domain.fetch import Age, Fetch, FetchedPage, Receipt, Window
from connector.domain.history import Change
from connector.domain.inbox import Arrival, InboxCompleteness
from connector.domain.invoice import FetchedInvoice, Invoice, InvoiceFilter, Place, Side
from connector.domain.paging import Page
from connector.ids import ConnectionId, FetchId, InvoiceId, TenantId


class Fetches(Protocol):
    """Wishes to read, and how far each has come."""

    async def request(
        self, tenant: TenantId, connection: ConnectionId, window: Window, now: datetime
    ) -> tuple[Fetch, bool]: ...

    async def fetch(self, fetch: FetchId) -> Fetch | None: ...

    async def claim(self, fetch: FetchId, owner: UUID, now: datetime, until: datetime) -> Fetch | None: ...

    async def hold(self, fetch: FetchId, owner: UUID, until: datetime) -> None: ...

    async def pages_read(self, fetch: FetchId) -> Sequence[FetchedPage]: ...

    async def turn_page(
        self, fetch: FetchId, owner: UUID, page: FetchedPage, until: datetime, *, begins_again: bool = False
    ) -> bool: ...

    async def complete(self, receipt: Receipt, owner: UUID) -> bool: ...

    async def postpone(
        self, fetch: FetchId, owner: UUID, problem: str, due_at: datetime, *, stumbled: bool = False
    ) -> None: ...

    async def fail(self, fetch: FetchId, owner: UUID, problem: str, now: datetime) -> None: ...

    async def of_tenant(self, tenant: TenantId, *, most: int) -> Sequence[Fetch]: ...

    async def latest(self, tenant: TenantId, side: Side, age: Age, *, most: int) -> Sequence[Fetch]: ...


class Mirror(Protocol):
    """Invoices as the providers last told them."""

    async def put(
        self,
        connection: Connection,
        invoices: Sequence[FetchedInvoice],
        now: datetime,
        *,
        asked_at: datetime | None = None,
        window: Window | None = None,
    ) -> None: ...

    async def mark_gone(self, fetch: Fetch, receipt: Receipt) -> None: ...

    async def exacts(self, side: Side, connection: Connection, keys: Iterable[str]) -> Mapping[str, bytes]: ...

    async def changes(self, side: Side, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, Sequence[Change]]: ...

    async def invoice(self, side: Side, tenant: TenantId, invoice: InvoiceId) -> Invoice | None: ...

    async def raws(self, side: Side, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, bytes]: ...

    async def invoices(
        self, side: Side, tenant: TenantId, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Invoice]: ...

    async def count(self, side: Side, tenant: TenantId, wanted: InvoiceFilter) -> int: ...


class Inbox(Protocol):
    """Invoices of many tenants in one list; `needs`: what reading that side takes of a contract."""

    async def page(
        self, side: Side, needs: Needs, now: datetime, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Arrival]: ...

    async def count(self, side: Side, needs: Needs, now: datetime, wanted: InvoiceFilter) -> int: ...

    async def completeness(self, side: Side, needs: Needs, now: datetime) -> InboxCompleteness: ...
