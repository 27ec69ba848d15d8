"""The shape of a provider's facts: what differs between platforms is data, and every figure cites its source."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from connector.domain.entitlement import Capability, Flag
from connector.ids import ProviderKey

JST = timezone(timedelta(hours=9), "JST")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything about a provider that a figure, a path or a name can say."""

    key: ProviderKey
    name: str
    name_ja: str
    authorise_path: str
    token_path: str
    scope: str
    sends_pkce: bool
    access_lifetime: timedelta
    refresh_lifetime: timedelta | None  # None: the provider sets no end
    call_limit: timedelta  # the longest one call may take there
    token_calls_per_second: float
    token_calls_at_once: int
    calls_per_second: float
    calls_at_once: int
    page_size: int
    needs: Mapping[Capability, Sequence[Flag]]

    @property
    def access_margin(self) -> timedelta:
        """A fifth of a token's life, and never more than a minute."""
        return min(timedelta(seconds=60), self.access_lifetime / 5)

    def day_of(self, moment: datetime) -> date:
        """The provider's calendar date at `moment`: Japan's."""
        return moment.astimezone(JST).date()


@dataclass(frozen=True, slots=True)
class Site:
    """Where a provider is reached: scheme, host and port; the manifest's paths are appended."""

    auth_url: str
    api_url: str
