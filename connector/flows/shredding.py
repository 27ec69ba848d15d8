"""Shreds a tenant: its keys are destroyed in the same transaction as a certificate of it is kept, or neither is."""

import hmac
from dataclasses import dataclass

import structlog

from connector.domain.access import Scope, Tenant
from connector.domain.certificate import Certificate, Copies, Order, Reach, written
from connector.errors import InvalidInput, NotFound
from connector.ids import TenantId
from connector.ports import Clock, Escrow, Store, TokenJournal, Vault, Work
from connector.secret import Secret

_log = structlog.get_logger("connector.shredding")


@dataclass(frozen=True, slots=True)
class Prospect:
    """What a shredding would make unreadable."""

    tenant: Tenant
    reach: Reach
    copies: Copies


@dataclass(frozen=True, slots=True)
class Shredding:
    """Destroys tenants' keys, says so, and destroys them again in a database that was restored."""

    store: Store
    vault: Vault
    journal: TokenJournal
    escrow: Escrow | None  # None: this installation has none
    clock: Clock

    async def prospect(self, tenant: TenantId) -> Prospect:
        """What would become unreadable; changes nothing. Raises NotFound."""
        copies = await self._copies(tenant)
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            return Prospect(await _tenant(work, tenant), await work.certificates.reach(tenant), copies)

    async def shred(self, tenant: TenantId, order: Order, *, confirm: str) -> Certificate:
        """Destroys the tenant's keys for ever; a tenant that was shredded before gets the same certificate again.

        `confirm` is the tenant's name. Raises NotFound, InvalidInput, and Unavailable when the keys are destroyed but
        not in the escrow, which another try mends.
        """
        copies = await self._copies(tenant)
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            await work.certificates.alone(tenant)
            known = await _tenant(work, tenant)
            if confirm != known.name:
                raise InvalidInput(path=["confirm"], reason=f"the tenant is called {known.name!r}")
            certificate = await work.certificates.certificate(tenant)
            if certificate is None:
                now = self.clock.now()
                await work.certificates.end_work(tenant, now)
                reach = await work.certificates.reach(tenant)
                document = written(known, order, reach, copies, now)
                certificate = Certificate(document=document, digest=self._digest(document))
                await work.certificates.destroy(certificate)
                _log.info("shredded", tenant=str(tenant), keys=len(reach.keys), by=order.by)
        if order.without_invoices and not certificate.without_invoices:
            raise InvalidInput(path=["with-invoices"], reason="the tenant was shredded before, and its invoices kept")
        if self.escrow is not None:
            await self.escrow.keep_certificate(certificate)
            await self.escrow.destroy_keys(tenant)
        return certificate

    async def certificate(self, tenant: TenantId) -> tuple[Certificate, bool]:
        """The tenant's certificate, and whether it is as it was written here; raises NotFound."""
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            certificate = await work.certificates.certificate(tenant)
        if certificate is None:
            raise NotFound(noun="certificate")
        return certificate, self.verified(certificate) and certificate.tenant_id == tenant

    def verified(self, certificate: Certificate) -> bool:
        """Whether this installation wrote the certificate, and nobody has changed a letter since."""
        return hmac.compare_digest(self._digest(certificate.document), certificate.digest)

    async def again(self, certificate: Certificate) -> bool:
        """Destroys in a restored database what the certificate says; False: nothing of it was left there.

        Raises InvalidInput for a certificate that this installation did not write.
        """
        if not self.verified(certificate):
            raise InvalidInput(path=["certificate"], reason="it was not written here, or was changed since")
        tenant = certificate.tenant_id
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            await work.certificates.alone(tenant)
            known = await work.directory.tenant(tenant)
            if known is None or await work.certificates.certificate(tenant) is not None:
                return False
            await work.certificates.end_work(tenant, certificate.shredded_at)
            await work.certificates.destroy(certificate)
        _log.info("shredded again", tenant=str(tenant))
        return True

    def _digest(self, document: str) -> bytes:
        return self.vault.digest("certificate", Secret(document))

    async def _copies(self, tenant: TenantId) -> Copies:
        journalled = await self.journal.unsettled(older_than=0)
        return Copies(
            journal=sum(answer.tenant_id == tenant for answer in journalled),
            escrow=None if self.escrow is None else await self.escrow.count(tenant),
        )


async def _tenant(work: Work, tenant: TenantId) -> Tenant:
    known = await work.directory.tenant(tenant)
    if known is None:
        raise NotFound(noun="tenant")
    return known
