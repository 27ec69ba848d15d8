"""What platforms can do: each ability a protocol of its own, and a register of who has which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from connector.domain.bookkeeping import BookChange, Books
from connector.domain.connection import Grant
from connector.domain.draft import Registration, SupplierDraft, Update
from connector.domain.entitlement import Capability, Flag
from connector.domain.fetch import Window
from connector.domain.finding import Checked
from connector.domain.invoice import ListedInvoice, Side
from connector.domain.outcome import Outcome
from connector.domain.renewal import TokenReply
from connector.ids import (
    ProviderKey,
)
from connector.secret import Secret


class GivesConsent(Protocol):
    """The authorisation side of a provider."""

    def authorise_url(self, *, state: Secret, verifier: Secret, redirect_uri: str) -> str: ...

    async def redeem(self, *, code: Secret, verifier: Secret, redirect_uri: str, now: datetime) -> Grant: ...

    async def ask_renewal(self, refresh: Secret, *, last_look: Callable[[], None]) -> TokenReply: ...

    def read_renewal(self, reply: TokenReply, *, now: datetime) -> Grant: ...


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """One page of a provider's list of invoices."""

    listed: Sequence[ListedInvoice]
    last: bool  # it is not full, so nothing should follow
    total: int | None = None  # how many the whole list has, by the provider's word; None: it does not say


class ReadsReceivedInvoices(Protocol):
    """A provider whose received invoices can be read."""

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage: ...


class ReadsIssuedInvoices(Protocol):
    """A provider whose issued invoices can be read."""

    async def issued_page(self, access: Secret, window: Window, page: int) -> InvoicePage: ...


@dataclass(frozen=True, slots=True)
class Prepared:
    """One element of a write, checked, and in the very words in which its provider will be told it."""

    part: str  # the list of the request that it belongs to
    element: Mapping[str, object]
    known_by: tuple[str, ...] = ()  # what may be in a request once only; empty: it may be there again


class IssuesInvoices(Protocol):
    """A provider at which invoices are registered and issued, with their masters and invitations.

    Checks ask nobody. What is sent is sent once: of what was neither done nor refused, nobody says anything.
    """

    def check_registration(self, asked: Registration) -> Checked[Prepared]: ...

    def check_update(self, asked: Update) -> Checked[Prepared]: ...

    async def register(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]: ...

    async def update(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]: ...


class KeepsBooks(Protocol):
    """A provider where a receiver's masters for journals are read and changed."""

    async def books(self, access: Secret) -> Books: ...

    def check_book_change(self, asked: BookChange) -> Checked[Prepared]: ...

    async def change_books(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]: ...


class SavesSuppliers(Protocol):
    """A provider where a receiver's suppliers are saved and invited."""

    def check_supplier(self, asked: SupplierDraft) -> Checked[Prepared]: ...

    async def save_suppliers(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How hard this process may press one of a provider's endpoints."""

    per_second: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Provider:
    """What flows know of one provider: its facts, and the abilities it has."""

    key: ProviderKey
    name: str
    name_ja: str
    needs: Mapping[Capability, Sequence[Flag]]
    pace: Pace  # of its token endpoint
    call_pace: Pace  # of its API
    access_margin: timedelta  # an access token with less time left than this is not used for a new call
    day_of: "DayOf"
    consent: GivesConsent
    received_invoices: ReadsReceivedInvoices | None  # None: they cannot be read there
    issued_invoices: ReadsIssuedInvoices | None = None  # None: they cannot be read there
    issuing: IssuesInvoices | None = None  # None: nothing can be issued there
    bookkeeping: KeepsBooks | None = None
    suppliers: SavesSuppliers | None = None

    def reads(self, side: Side) -> bool:
        """Whether invoices of this side can be read there."""
        return (self.received_invoices if side is Side.RECEIVER else self.issued_invoices) is not None


class DayOf(Protocol):
    """The provider's own calendar date at a moment."""

    def __call__(self, moment: datetime) -> date: ...


class Register(Protocol):
    """Every provider this installation speaks to."""

    def provider(self, key: ProviderKey) -> Provider: ...

    def offering(self, capability: Capability) -> Sequence[Provider]: ...

    def everyone(self) -> Sequence[Provider]: ...
