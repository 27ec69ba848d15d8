"""A tenant joins by a link: one browser walks to the provider and back, and says yes twice."""

import hmac
import secrets
from dataclasses import dataclass

from connector.domain.access import Scope
from connector.domain.connection import Connection
from connector.domain.consent import (
    ATTEMPT_LIFETIME,
    LINK_LIFETIME,
    Attempt,
    Callback,
    Invitation,
    Link,
    Progress,
    verifier_seat,
)
from connector.domain.fetch import Window
from connector.domain.renewal import next_keep_alive
from connector.errors import (
    ConsentBroken,
    ConsentFault,
    ConsentRefused,
    InvalidInput,
    LinkFault,
    LinkUnusable,
    NotFound,
)
from connector.flows import contracts
from connector.flows.upkeep import Upkeep
from connector.ids import AttemptId, GrantId, LinkId, PartnerId, ProviderKey, TenantId, new_id
from connector.ports import Clock, Doorbell, Register, Store, Vault, Work
from connector.secret import Secret


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Makes links, and sees a person through from the link's page to an active connection."""

    store: Store
    vault: Vault
    register: Register
    upkeep: Upkeep
    doorbell: Doorbell
    clock: Clock
    public_url: str

    async def invite(self, scope: Scope, tenant: TenantId, provider: ProviderKey) -> tuple[Link, Secret]:
        """A new link and its address, which is shown now and never again.

        Raises NotFound outside the scope, and InvalidInput for a tenant that was shredded.
        """
        if scope.partner_id is None:
            raise NotFound(noun="tenant")
        now = self.clock.now()
        known = self.register.provider(provider)
        text = Secret(secrets.token_urlsafe(32))
        link = Link(
            tenant_id=tenant,
            id=LinkId(new_id()),
            partner_id=scope.partner_id,
            provider=known.key,
            created_at=now,
            expires_at=now + LINK_LIFETIME,
            used_at=None,
            withdrawn_at=None,
        )
        async with self.store.within(scope.narrowed(tenant)) as work:
            if await work.directory.tenant(tenant) is None:
                raise NotFound(noun="tenant")
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            if await work.certificates.certificate(tenant) is not None:
                raise InvalidInput(path=["tenantId"], reason="its keys were destroyed for ever; add it as a new tenant")
        async with self.store.within(scope.narrowed(tenant)) as work:
            await work.consents.add_link(link, self.vault.digest("link", text))
        return link, Secret(f"{self.public_url}/connect/{text.reveal()}")

    async def invitation(self, text: Secret) -> Invitation:
        """What the link is for; changes nothing, however often it is asked. Raises LinkUnusable."""
        behind = await self.store.link_behind(self.vault.digest("link", text))
        if behind is None:
            raise LinkUnusable(fault=LinkFault.UNKNOWN)
        async with self.store.within(Scope.of_tenant(behind[0])) as work:
            link = await work.consents.link(behind[1])
            if link is None:
                raise LinkUnusable(fault=LinkFault.UNKNOWN)
            link.check(self.clock.now())
            return await self._invitation(work, link)

    async def start(self, text: Secret, browser: Secret) -> str:
        """Where to send the browser to consent; the attempt is bound to that browser. Raises LinkUnusable."""
        invitation = await self.invitation(text)
        link = invitation.link
        now = self.clock.now()
        state, verifier = Secret(secrets.token_urlsafe(32)), Secret(secrets.token_urlsafe(48))
        id_ = AttemptId(new_id())
        attempt = Attempt(
            tenant_id=link.tenant_id,
            id=id_,
            link_id=link.id,
            provider=link.provider,
            browser_digest=self.vault.digest("browser", browser),
            verifier_sealed=await self.vault.seal(verifier, verifier_seat(link.tenant_id, link.provider, link.id, id_)),
            progress=Progress.STARTED,
            connection_id=None,
            created_at=now,
            expires_at=now + ATTEMPT_LIFETIME,
        )
        async with self.store.within(Scope.of_tenant(link.tenant_id)) as work:
            await work.consents.add_attempt(attempt, self.vault.digest("state", state))
        consent = self.register.provider(link.provider).consent
        return consent.authorise_url(state=state, verifier=verifier, redirect_uri=self._redirect_uri(link.provider))

    async def receive(self, callback: Callback, browser: Secret | None) -> None:
        """Redeems the callback's code within this request; a second callback of the same walk changes nothing.

        Raises ConsentBroken when the callback is not this browser's, ConsentRefused when the answer was no.
        """
        attempt = await self._attempt(Secret(callback.state), browser, callback.provider)
        scope = Scope.of_tenant(attempt.tenant_id)
        if callback.code is None and attempt.progress in {Progress.STARTED, Progress.FAILED}:
            async with self.store.within(scope) as work:
                await work.consents.advance(attempt.id, Progress.STARTED, Progress.FAILED)
            raise ConsentRefused(provider=attempt.provider, reason=callback.error or "no code")
        if attempt.progress is not Progress.STARTED or callback.code is None:
            attempt.check_redeemed()
            return
        async with self.store.within(scope) as work:
            link = await self._link(work, attempt)
            link.check(self.clock.now())
            # Whoever moves the attempt on may redeem its code: a code presented twice may cost the grant.
            if not await work.consents.advance(attempt.id, Progress.STARTED, Progress.REDEEMING):
                raise ConsentBroken(fault=ConsentFault.ALREADY_REDEEMED)
        try:
            await self._redeem(attempt, link, callback.code)
        except Exception:
            async with self.store.within(scope) as work:
                await work.consents.advance(attempt.id, Progress.REDEEMING, Progress.FAILED)
            raise

    async def confirmation(self, state: Secret, browser: Secret | None) -> tuple[Invitation, Progress]:
        """What the person is about to confirm, or has confirmed; changes nothing. Raises ConsentBroken."""
        attempt = await self._attempt(state, browser, None)
        attempt.check_redeemed()
        async with self.store.within(Scope.of_tenant(attempt.tenant_id)) as work:
            return await self._invitation(work, await self._link(work, attempt)), attempt.progress

    async def confirm(self, state: Secret, browser: Secret | None) -> Invitation:
        """Activates the connection, spends the link, records the acceptance and asks for first fetches, all or none.

        Confirming again changes nothing. Raises ConsentBroken or LinkUnusable.
        """
        attempt = await self._attempt(state, browser, None)
        now = self.clock.now()
        async with self.store.within(Scope.of_tenant(attempt.tenant_id)) as work:
            link = await self._link(work, attempt)
            invitation = await self._invitation(work, link)
            if not await work.consents.advance(attempt.id, Progress.REDEEMED, Progress.CONFIRMED):
                # Looked at again: a second press of the button may have waited for the first.
                told = await work.consents.attempt(attempt.id)
                if told is not None and told.progress is Progress.CONFIRMED:
                    return invitation
                raise ConsentBroken(fault=ConsentFault.INTERRUPTED)
            link.check(now)
            if not await work.consents.use_link(link.id, now):
                raise LinkUnusable(fault=LinkFault.USED)
            connection = await self._activate(work, attempt, link.partner_id)
            provider = self.register.provider(connection.provider)
            facts = (await work.entitlements.of_tenants([attempt.tenant_id])).get(attempt.tenant_id, ())
            fetches = [
                await work.fetches.request(
                    attempt.tenant_id, connection.id, Window.recent(provider.day_of(now), side), now
                )
                for side in contracts.to_ask(provider, facts, now)
            ]
        for fetch, _ in fetches:
            await self.doorbell.ring_fetch(attempt.tenant_id, fetch.id)
        return invitation

    def form_token(self, browser: Secret, subject: Secret) -> str:
        """What a form of ours must carry back, so that no other site can post it from this browser."""
        return self.vault.digest("form", Secret(f"{browser.reveal()}\0{subject.reveal()}")).hex()

    def check_form(self, browser: Secret | None, subject: Secret, token: str) -> Secret:
        """The browser whose form this is; raises ConsentBroken for a form that we did not give it."""
        if browser is None or not hmac.compare_digest(self.form_token(browser, subject).encode(), token.encode()):
            raise ConsentBroken(fault=ConsentFault.FORGED_FORM)
        return browser

    async def _attempt(self, state: Secret, browser: Secret | None, provider: ProviderKey | None) -> Attempt:
        behind = await self.store.attempt_behind(self.vault.digest("state", state))
        if behind is None:
            raise ConsentBroken(fault=ConsentFault.UNKNOWN_STATE)
        async with self.store.within(Scope.of_tenant(behind[0])) as work:
            attempt = await work.consents.attempt(behind[1])
        if attempt is None:
            raise ConsentBroken(fault=ConsentFault.UNKNOWN_STATE)
        if browser is None:
            raise ConsentBroken(fault=ConsentFault.OTHER_BROWSER)
        attempt.check(
            self.clock.now(),
            provider=provider or attempt.provider,
            browser_digest=self.vault.digest("browser", browser),
        )
        return attempt

    async def _redeem(self, attempt: Attempt, link: Link, code: Secret) -> None:
        verifier = await self.vault.open(
            attempt.verifier_sealed, verifier_seat(link.tenant_id, link.provider, link.id, attempt.id)
        )
        consent = self.register.provider(attempt.provider).consent
        now = self.clock.now()
        grant = await consent.redeem(
            code=code, verifier=verifier, redirect_uri=self._redirect_uri(attempt.provider), now=now
        )
        scope = Scope.of_tenant(attempt.tenant_id)
        async with self.store.within(scope) as work:
            connection = await work.connections.prepare(attempt.tenant_id, attempt.provider, now)
        # One attempt gives one grant, so they share their id; it comes into use only when it is confirmed.
        sealed = await self.upkeep.seal(connection, grant, grant_id=GrantId(attempt.id))
        async with self.store.within(scope) as work:
            await work.connections.add_grant(connection.id, sealed)
            await work.consents.advance(attempt.id, Progress.REDEEMING, Progress.REDEEMED, connection.id)

    async def _activate(self, work: Work, attempt: Attempt, partner: PartnerId) -> Connection:
        if attempt.connection_id is None:
            raise ConsentBroken(fault=ConsentFault.INTERRUPTED)
        now = self.clock.now()
        consent_ends_at = await work.connections.start_line(attempt.connection_id, GrantId(attempt.id))
        connection = await work.connections.prepare(attempt.tenant_id, attempt.provider, now)
        due_at = next_keep_alive(connection.id, now)
        active = connection.active(now, consent_ends_at=consent_ends_at, due_at=due_at)
        await work.connections.put(active)
        await work.directory.accept(attempt.tenant_id, partner, now)
        return active

    async def _invitation(self, work: Work, link: Link) -> Invitation:
        tenant = await work.directory.tenant(link.tenant_id)
        partner = await work.directory.partner(link.partner_id)
        if tenant is None or partner is None:
            raise LinkUnusable(fault=LinkFault.UNKNOWN)
        provider = self.register.provider(link.provider)
        return Invitation(
            link=link,
            tenant_name=tenant.name,
            partner_name=partner.name,
            provider_name=provider.name,
            provider_name_ja=provider.name_ja,
        )

    @staticmethod
    async def _link(work: Work, attempt: Attempt) -> Link:
        link = await work.consents.link(attempt.link_id)
        if link is None:
            raise LinkUnusable(fault=LinkFault.UNKNOWN)
        return link

    def _redirect_uri(self, provider: ProviderKey) -> str:
        """One per provider and never one per tenant: a provider registers only a few."""
        return f"{self.public_url}/callback/{provider}"
