"""The register: the only module that names every provider."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from connector.domain.entitlement import Capability
from connector.errors import InvalidInput
from connector.ids import ProviderKey
from connector.ports import Pace, Provider
from connector.providers.infomart.client import InfomartClient
from connector.providers.infomart.consent import InfomartConsent
from connector.providers.infomart.manifest import INFOMART, SPOKEN
from connector.providers.manifest import Manifest, Site
from connector.providers.transport import Transport
from connector.secret import Secret


@dataclass(frozen=True, slots=True)
class Account:
    """Our own client at a provider, and where that provider is reached."""

    site: Site
    client_id: str
    client_secret: Secret
    pace: Pace
    generation: str | None = None  # of its API; None: the provider's own choice
    proxy: str | None = None  # which everything goes through; None: straight to the provider


def _infomart(transport: Transport, account: Account) -> Provider:
    client = InfomartClient(transport, account.site, account.generation or SPOKEN)
    return Provider(
        key=INFOMART.key,
        name=INFOMART.name,
        name_ja=INFOMART.name_ja,
        needs=INFOMART.needs,
        pace=account.pace,
        call_pace=Pace(per_second=INFOMART.calls_per_second, at_once=INFOMART.calls_at_once),
        access_margin=INFOMART.access_margin,
        day_of=INFOMART.day_of,
        consent=InfomartConsent(transport, account.site, account.client_id, account.client_secret),
        received_invoices=client,
        issued_invoices=client,
        issuing=client,
        bookkeeping=client,
        suppliers=client,
    )


KNOWN_PROVIDERS: Mapping[ProviderKey, tuple[Manifest, Callable[[Transport, Account], Provider]]] = {
    INFOMART.key: (INFOMART, _infomart),
}


class ProviderRegister:
    """The providers this installation has an account at."""

    def __init__(self, accounts: Mapping[ProviderKey, Account]) -> None:
        self._transports: list[Transport] = []
        self._providers: dict[ProviderKey, Provider] = {}
        for key, account in accounts.items():
            manifest, build = KNOWN_PROVIDERS[key]
            transport = Transport(manifest.key, manifest.call_limit, account.proxy)
            self._transports.append(transport)
            self._providers[key] = build(transport, account)

    def provider(self, key: ProviderKey) -> Provider:
        """The provider; raises InvalidInput naming those there are."""
        if key not in self._providers:
            raise InvalidInput(path=["provider"], reason=f"{key!r} is none of: {', '.join(self._providers)}")
        return self._providers[key]

    def offering(self, capability: Capability) -> Sequence[Provider]:
        """The providers that can do it at all."""
        return [provider for provider in self._providers.values() if capability in provider.needs]

    def everyone(self) -> Sequence[Provider]:
        """Every provider."""
        return list(self._providers.values())

    async def close(self) -> None:
        """Closes every connection to every provider."""
        for transport in self._transports:
            await transport.close()
