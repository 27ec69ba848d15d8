"""Rows of shreddings: a certificate is added, what it names is destroyed, and whatever was under way ends."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.certificate import Certificate, KeyFound, Reach
from connector.domain.connection import Cause, Standing
from connector.domain.consent import Progress
from connector.domain.fetch import Reading
from connector.errors import NotConnected
from connector.ids import ConnectionId, DataKeyId, ProviderKey, TenantId
from connector.store.tables import (
    SEALED,
    certificates,
    connections,
    consent_attempts,
    data_keys,
    fetches,
    onboarding_links,
    received_invoices,
)


async def certificate_of(connection: AsyncConnection, tenant: TenantId) -> Certificate | None:
    """The tenant's certificate; None: it was not shredded, or is outside the scope."""
    of = certificates.c
    statement = sa.select(of.document, of.digest).where(of.tenant_id == tenant)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Certificate(document=row.document, digest=row.digest)


async def wait_for_shredding(connection: AsyncConnection, tenant: TenantId) -> None:
    """Waits for a shredding of the tenant that is under way, and keeps the next one waiting for this transaction."""
    await connection.execute(sa.select(sa.func.pg_advisory_xact_lock_shared(_name(tenant))))


class CertificateRows:
    """Certificates within the scope, and what they do to everything else there."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def alone(self, tenant: TenantId) -> None:
        """Lets nobody else shred the tenant or make a key for it until this transaction ends."""
        await self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_name(tenant))))

    async def certificate(self, tenant: TenantId) -> Certificate | None:
        """The tenant's certificate; None: it was not shredded, or is outside the scope."""
        return await certificate_of(self._connection, tenant)

    async def reach(self, tenant: TenantId) -> Reach:
        """The tenant's keys, and what they open."""
        keys, of = data_keys.c, connections.c
        found = await self._connection.execute(
            sa.select(data_keys).where(keys.tenant_id == tenant).order_by(keys.created_at, keys.id)
        )
        joined = await self._connection.execute(
            sa.select(of.id, of.provider).where(of.tenant_id == tenant).order_by(of.provider)
        )
        return Reach(
            keys=[
                KeyFound(DataKeyId(row.id), row.kek_id, hashlib.sha256(row.wrapped).hexdigest(), row.created_at)
                for row in found
            ],
            sealed={str(column): await self._count(column, tenant) for column in SEALED},
            connections=[(ConnectionId(row.id), ProviderKey(row.provider)) for row in joined],
            invoices=await self._count(received_invoices.c.id, tenant),
        )

    async def end_work(self, tenant: TenantId, now: datetime) -> None:
        """Disconnects the tenant and takes every lease, link, attempt and open fetch of it away from whoever has it."""
        of = connections.c
        await self._connection.execute(
            sa.update(connections)
            .where(of.tenant_id == tenant)
            .values(
                standing=Standing.DISCONNECTED,
                cause=Cause.SHREDDED,
                changed_at=now,
                consent_ends_at=None,
                due_at=None,
                grant_id=None,
                lease_owner=None,
                lease_until=None,
                renewal_id=None,
                answer_until=None,
            )
        )
        read = fetches.c
        await self._connection.execute(
            sa.update(fetches)
            .where(read.tenant_id == tenant, read.reading.in_([Reading.WAITING, Reading.RUNNING]))
            .values(
                reading=Reading.FAILED,
                problem=NotConnected.code,
                finished_at=now,
                lease_owner=None,
                lease_until=None,
            )
        )
        tried = consent_attempts.c
        await self._connection.execute(
            sa.update(consent_attempts)
            .where(tried.tenant_id == tenant, tried.progress.not_in([Progress.CONFIRMED, Progress.FAILED]))
            .values(progress=Progress.FAILED)
        )
        link = onboarding_links.c
        await self._connection.execute(
            sa.update(onboarding_links)
            .where(link.tenant_id == tenant, link.used_at.is_(None), link.withdrawn_at.is_(None))
            .values(withdrawn_at=now)
        )

    async def destroy(self, certificate: Certificate) -> int:
        """Adds the certificate and destroys what it says; how many keys that were. Once only for each tenant."""
        tenant = certificate.tenant_id
        # First the certificate: without it PostgreSQL lets no key go.
        await self._connection.execute(
            sa.insert(certificates).values(
                tenant_id=tenant,
                shredded_at=certificate.shredded_at,
                without_invoices=certificate.without_invoices,
                document=certificate.document,
                digest=certificate.digest,
            )
        )
        gone = await self._connection.execute(sa.delete(data_keys).where(data_keys.c.tenant_id == tenant))
        if certificate.without_invoices:
            await self._connection.execute(sa.delete(received_invoices).where(received_invoices.c.tenant_id == tenant))
        return gone.rowcount

    async def _count(self, column: sa.Column[bytes], tenant: TenantId) -> int:
        statement = sa.select(sa.func.count(column)).where(column.table.c.tenant_id == tenant)
        return int((await self._connection.execute(statement)).scalar_one())


def _name(tenant: TenantId) -> sa.ColumnElement[int]:
    return sa.func.hashtextextended(f"shredding {tenant}", 0)
