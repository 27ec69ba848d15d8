"""The onboarding link and the attempt that a person makes with it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.domain.sealing import Seat
from connector.errors import ConsentBroken, ConsentFault, LinkFault, LinkUnusable
from connector.ids import AttemptId, ConnectionId, LinkId, PartnerId, ProviderKey, TenantId
from connector.secret import Secret

LINK_LIFETIME = timedelta(days=7)
ATTEMPT_LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time invitation for one tenant to connect one provider; only its digest is stored."""

    tenant_id: TenantId
    id: LinkId
    partner_id: PartnerId
    provider: ProviderKey
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    withdrawn_at: datetime | None

    def check(self, now: datetime) -> None:
        """Raises LinkUnusable unless a person may start with this link at `now`."""
        if self.withdrawn_at is not None:
            raise LinkUnusable(fault=LinkFault.WITHDRAWN)
        if self.used_at is not None:
            raise LinkUnusable(fault=LinkFault.USED)
        if self.expires_at <= now:
            raise LinkUnusable(fault=LinkFault.EXPIRED)


class Progress(StrEnum):
    """How far one attempt at consent has come."""

    STARTED = "started"
    REDEEMING = "redeeming"
    REDEEMED = "redeemed"
    CONFIRMED = "confirmed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One walk from the link's page to the provider and back, bound to one browser."""

    tenant_id: TenantId
    id: AttemptId
    link_id: LinkId
    provider: ProviderKey
    browser_digest: bytes
    verifier_sealed: bytes
    progress: Progress
    connection_id: ConnectionId | None  # None until the code was redeemed
    created_at: datetime
    expires_at: datetime

    def check(self, now: datetime, *, provider: ProviderKey, browser_digest: bytes) -> None:
        """Raises ConsentBroken unless this browser may go on with this attempt at this provider."""
        if self.browser_digest != browser_digest:
            raise ConsentBroken(fault=ConsentFault.OTHER_BROWSER)
        if self.provider != provider:
            raise ConsentBroken(fault=ConsentFault.OTHER_PROVIDER)
        if self.expires_at <= now and self.progress is not Progress.CONFIRMED:
            raise ConsentBroken(fault=ConsentFault.EXPIRED)

    def check_redeemed(self) -> None:
        """Raises ConsentBroken unless the provider's grant is at hand."""
        if self.progress is Progress.REDEEMING:
            raise ConsentBroken(fault=ConsentFault.ALREADY_REDEEMED)
        if self.progress not in {Progress.REDEEMED, Progress.CONFIRMED}:
            raise ConsentBroken(fault=ConsentFault.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Invitation:
    """What the link's page tells the person before anything happens."""

    link: Link
    tenant_name: str
    partner_name: str
    provider_name: str
    provider_name_ja: str


@dataclass(frozen=True, slots=True)
class Callback:
    """What the provider's redirect brought, unverified."""

    provider: ProviderKey
    state: str
    code: Secret | None  # None: the provider sent an error instead
    error: str | None  # None: the provider sent a code


def verifier_seat(tenant: TenantId, provider: ProviderKey, link: LinkId, attempt: AttemptId) -> Seat:
    """Where an attempt's verifier rests."""
    return Seat(
        tenant_id=tenant,
        purpose="pkce_verifier",
        provider=provider,
        owner_id=link,
        place="consent_attempts.verifier_sealed",
        version_id=attempt,
    )
