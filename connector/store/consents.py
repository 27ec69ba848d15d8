"""Rows of onboarding links and consent attempts."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.consent import Attempt, Link, Progress
from connector.ids import AttemptId, ConnectionId, LinkId, PartnerId, ProviderKey, TenantId
from connector.store.tables import consent_attempts, onboarding_links


class ConsentRows:
    """Invitations within the scope, and what became of them."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_link(self, link: Link, digest: bytes) -> None:
        """Adds a link, known by its digest only."""
        values = {
            "tenant_id": link.tenant_id,
            "id": link.id,
            "partner_id": link.partner_id,
            "provider": link.provider,
            "digest": digest,
            "created_at": link.created_at,
            "expires_at": link.expires_at,
            "used_at": link.used_at,
            "withdrawn_at": link.withdrawn_at,
        }
        await self._connection.execute(sa.insert(onboarding_links).values(values))

    async def link(self, link: LinkId) -> Link | None:
        """The link; None: outside the scope."""
        statement = sa.select(onboarding_links).where(onboarding_links.c.id == link)
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Link(
            tenant_id=TenantId(row.tenant_id),
            id=LinkId(row.id),
            partner_id=PartnerId(row.partner_id),
            provider=ProviderKey(row.provider),
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
            withdrawn_at=row.withdrawn_at,
        )

    async def use_link(self, link: LinkId, now: datetime) -> bool:
        """Spends the link; False: it was spent before."""
        of = onboarding_links.c
        statement = sa.update(onboarding_links).where(of.id == link, of.used_at.is_(None)).values(used_at=now)
        return (await self._connection.execute(statement)).rowcount == 1

    async def add_attempt(self, attempt: Attempt, state_digest: bytes) -> None:
        """Adds an attempt, found again by the digest of its state."""
        values = {
            "tenant_id": attempt.tenant_id,
            "id": attempt.id,
            "link_id": attempt.link_id,
            "provider": attempt.provider,
            "state_digest": state_digest,
            "browser_digest": attempt.browser_digest,
            "verifier_sealed": attempt.verifier_sealed,
            "progress": attempt.progress,
            "connection_id": attempt.connection_id,
            "created_at": attempt.created_at,
            "expires_at": attempt.expires_at,
        }
        await self._connection.execute(sa.insert(consent_attempts).values(values))

    async def attempt(self, attempt: AttemptId) -> Attempt | None:
        """The attempt; None: outside the scope."""
        statement = sa.select(consent_attempts).where(consent_attempts.c.id == attempt)
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Attempt(
            tenant_id=TenantId(row.tenant_id),
            id=AttemptId(row.id),
            link_id=LinkId(row.link_id),
            provider=ProviderKey(row.provider),
            browser_digest=row.browser_digest,
            verifier_sealed=row.verifier_sealed,
            progress=Progress(row.progress),
            connection_id=None if row.connection_id is None else ConnectionId(row.connection_id),
            created_at=row.created_at,
            expires_at=row.expires_at,
        )

    async def advance(
        self, attempt: AttemptId, before: Progress, after: Progress, connection: ConnectionId | None = None
    ) -> bool:
        """Moves the attempt on; False: another request moved it first."""
        of = consent_attempts.c
        values = {"progress": after, "connection_id": sa.func.coalesce(sa.cast(connection, sa.UUID), of.connection_id)}
        statement = sa.update(consent_attempts).where(of.id == attempt, of.progress == before).values(values)
        return (await self._connection.execute(statement)).rowcount == 1
