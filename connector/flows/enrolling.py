"""An operator adds partners and tenants, and declares what a tenant's contract is known to hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.domain.access import Partner, Scope, Tenant
from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.errors import InvalidInput, NotFound
from connector.ids import PartnerId, ProviderKey, TenantId, new_id
from connector.ports import Clock, Register, Store

_LONGEST_NAME = 200
_JAPANESE_SPACE = "\u3000"


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Adds partners and tenants."""

    store: Store
    register: Register
    clock: Clock

    async def add_partner(self, name: str) -> Partner:
        """A new partner."""
        partner = Partner(id=PartnerId(new_id()), name=_name(name))
        async with self.store.within(Scope.of_partner(partner.id)) as work:
            await work.directory.add_partner(partner)
        return partner

    async def add_tenant(
        self, partner: PartnerId, name: str, *, provider: ProviderKey, declared: Mapping[Flag, bool]
    ) -> Tenant:
        """A new tenant which the partner may invite; it is the partner's to read once the tenant itself consents.

        Raises NotFound for an unknown partner and InvalidInput for an unknown provider.
        """
        known = self.register.provider(provider)
        async with self.store.within(Scope.of_partner(partner)) as work:
            if await work.directory.partner(partner) is None:
                raise NotFound(noun="partner")
        now = self.clock.now()
        tenant = Tenant(id=TenantId(new_id()), name=_name(name), created_at=now)
        async with self.store.within(Scope.of_tenant(tenant.id)) as work:
            await work.directory.add_tenant(tenant)
            await work.directory.invite(tenant.id, partner, now)
            await work.entitlements.record(tenant.id, _facts(known.key, declared, now))
        return tenant

    async def declare(self, tenant: TenantId, *, provider: ProviderKey, declared: Mapping[Flag, bool]) -> None:
        """What the operator now knows of a tenant's contract, over what was known; raises NotFound."""
        facts = _facts(self.register.provider(provider).key, declared, self.clock.now())
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            if await work.directory.tenant(tenant) is None:
                raise NotFound(noun="tenant")
            await work.entitlements.record(tenant, facts)


def _facts(provider: ProviderKey, declared: Mapping[Flag, bool], now: datetime) -> list[Entitlement]:
    return [
        Entitlement(
            provider=provider,
            flag=flag,
            verdict=Verdict.GRANTED if granted else Verdict.REFUSED,
            source=Source.DECLARED,
            observed_at=now,
            expires_at=None,
        )
        for flag, granted in declared.items()
    ]


def _name(text: str) -> str:
    name = text.strip()
    # Python counts the Japanese space among what cannot be printed; company names are full of it.
    if not name or len(name) > _LONGEST_NAME or not name.replace(_JAPANESE_SPACE, " ").isprintable():
        raise InvalidInput(path=["name"], reason=f"a name has 1 to {_LONGEST_NAME} printable characters")
    return name
