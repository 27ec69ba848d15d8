"""What platforms can do: each ability a protocol of its own, and a register of who has which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

from connector.domain.connection import Grant
from connector.domain.entitlement import Capability, Flag
from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice
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
    """One page of a provider's list of received invoices."""

    invoices: Sequence[FetchedInvoice]
    last: bool


class ReadsReceivedInvoices(Protocol):
    """A provider whose received invoices can be read."""

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage: ...


@dataclass(frozen=True, slots=True)
class TokenPace:
    """How hard this process may press a provider's token endpoint."""

    per_second: float
    at_once: int


@dataclass(frozen=True, slots=True)
class Provider:
    """What flows know of one provider: its facts, and the abilities it has."""

    key: ProviderKey
    name: str
    name_ja: str
    needs: Mapping[Capability, Sequence[Flag]]
    pace: TokenPace
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

    def everyone(self) -> Sequence[Provider]: ...
