"""`within(scope)`: one transaction, under one row policy, with everything that can be reached from there."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connector.domain.access import Scope
from connector.domain.census import Counted
from connector.domain.fetch import Due
from connector.errors import Unavailable
from connector.ids import AttemptId, ConnectionId, DataKeyId, FetchId, KeyId, LinkId, ProviderKey, TenantId
from connector.ports import KeyOwner, Work
from connector.store import sweeps
from connector.store.breakers import BreakerRows
from connector.store.certificates import CertificateRows
from connector.store.connections import ConnectionRows
from connector.store.consents import ConsentRows
from connector.store.directory import DirectoryRows
from connector.store.entitlements import EntitlementRows
from connector.store.fetches import FetchRows
from connector.store.inbox import InboxRows
from connector.store.mirror import MirrorRows
from connector.store.renewals import RenewalRows
from connector.store.resting import RestingRows

_LOCKED = "55P03"  # lock_not_available, where a transaction said for how long it would wait
_CONFINE = sa.select(
    sa.func.set_config("connector.partner_id", sa.bindparam("partner"), sa.true()),
    sa.func.set_config("connector.tenant_id", sa.bindparam("tenant"), sa.true()),
    sa.func.set_config("connector.lease_id", sa.bindparam("lease"), sa.true()),
)


@asynccontextmanager
async def confined(engine: AsyncEngine, scope: Scope) -> AsyncIterator[AsyncConnection]:
    """A transaction that PostgreSQL limits to `scope`; raises Unavailable when the database cannot be reached."""
    try:
        async with engine.begin() as connection:
            await connection.execute(
                _CONFINE,
                {
                    "partner": str(scope.partner_id or ""),
                    "tenant": str(scope.tenant_id or ""),
                    "lease": str(scope.lease_id or ""),
                },
            )
            yield connection
    except (OSError, sa.exc.TimeoutError) as cause:
        raise Unavailable from cause
    except DBAPIError as cause:
        if cause.connection_invalidated or _out_of_service(cause):
            raise Unavailable from cause
        raise


def _out_of_service(cause: DBAPIError) -> bool:
    """Whether PostgreSQL itself is the trouble: starting, stopping, or out of connections or of room."""
    code = getattr(cause.orig, "sqlstate", None) or ""
    return code[:2] in {"08", "53"} or code.startswith("57P") or code == _LOCKED


class PostgresStore:
    """The truth: rows under `within`, and across tenants only ids, digests and dates."""

    def __init__(self, app: AsyncEngine, sweeper: AsyncEngine) -> None:
        self._app = app
        self._sweeper = sweeper

    @asynccontextmanager
    async def within(self, scope: Scope) -> AsyncIterator[Work]:
        """One transaction under `scope`, committed when the block ends and undone when it raises."""
        async with confined(self._app, scope) as connection:
            yield Work(
                directory=DirectoryRows(connection),
                consents=ConsentRows(connection),
                connections=ConnectionRows(connection),
                renewals=RenewalRows(connection),
                breakers=BreakerRows(connection),
                certificates=CertificateRows(connection),
                entitlements=EntitlementRows(connection),
                fetches=FetchRows(connection),
                mirror=MirrorRows(connection),
                inbox=InboxRows(connection),
                resting=RestingRows(connection),
            )

    async def key_named(self, key: KeyId) -> KeyOwner | None:
        """Whose key this is and what proves it; None: no such key."""
        async with self._sweep() as connection:
            return await sweeps.key_named(connection, key)

    async def link_behind(self, digest: bytes) -> tuple[TenantId, LinkId] | None:
        """The link whose secret has this digest; None: no such link."""
        async with self._sweep() as connection:
            return await sweeps.link_behind(connection, digest)

    async def attempt_behind(self, state_digest: bytes) -> tuple[TenantId, AttemptId] | None:
        """The attempt whose state has this digest; None: no such attempt."""
        async with self._sweep() as connection:
            return await sweeps.attempt_behind(connection, state_digest)

    async def fetches_due(self, now: datetime, *, most: int) -> Sequence[tuple[TenantId, FetchId]]:
        """Of each list that nobody is reading the fetch whose time came first."""
        async with self._sweep() as connection:
            return await sweeps.fetches_due(connection, now, most=most)

    async def windows_due(
        self, schedule: Sequence[Due], now: datetime, *, most: int
    ) -> Sequence[tuple[TenantId, ConnectionId, Due]]:
        """What the schedule asks of which active connection, nobody has asked for since, and no contract refuses."""
        async with self._sweep() as connection:
            return await sweeps.windows_due(connection, schedule, now, most=most)

    async def lease_due(
        self, provider: ProviderKey, owner: UUID, now: datetime, *, most: int
    ) -> Sequence[tuple[TenantId, ConnectionId]]:
        """Takes the right to renew what is due, those with the least time left first."""
        async with self._sweep() as connection:
            return await sweeps.lease_due(connection, provider, owner, now, most=most)

    async def renewals_abandoned(self, now: datetime, *, most: int) -> Sequence[tuple[TenantId, ConnectionId]]:
        """Connections whose renewer let its lease end without a word."""
        async with self._sweep() as connection:
            return await sweeps.renewals_abandoned(connection, now, most=most)

    async def connections_of(self, provider: ProviderKey) -> int:
        """How many connections the provider has that somebody consented to."""
        async with self._sweep() as connection:
            return await sweeps.connections_of(connection, provider)

    async def consents_ending(self, provider: ProviderKey) -> Sequence[tuple[TenantId, ConnectionId, datetime]]:
        """When each consent at the provider will end if it is not renewed."""
        async with self._sweep() as connection:
            return await sweeps.consents_ending(connection, provider)

    async def given_up(self, provider: ProviderKey, since: datetime) -> Sequence[tuple[TenantId, ConnectionId]]:
        """Connections that have lapsed since then."""
        async with self._sweep() as connection:
            return await sweeps.given_up(connection, provider, since)

    async def census(self, now: datetime) -> Sequence[Counted]:
        """How many connections stand how, and since when."""
        async with self._sweep() as connection:
            return await sweeps.census(connection, now)

    async def connections_unreadable(self) -> Sequence[tuple[TenantId, ConnectionId]]:
        """Connections whose token our own keys do not open, those that stand so the longest first."""
        async with self._sweep() as connection:
            return await sweeps.connections_unreadable(connection)

    async def keys_in_use(self) -> Sequence[tuple[str, TenantId, DataKeyId]]:
        """Every key-encryption key that wraps a data key, and the newest data key it wraps."""
        async with self._sweep() as connection:
            return await sweeps.keys_in_use(connection)

    async def reachable(self) -> bool:
        """Whether PostgreSQL answers as both roles."""
        try:
            async with self._sweep(), self._app.connect() as connection:
                await connection.execute(sa.select(sa.true()))
        except (OSError, DBAPIError, sa.exc.TimeoutError, Unavailable):
            return False
        return True

    async def close(self) -> None:
        """Closes every connection."""
        await self._app.dispose()
        await self._sweeper.dispose()

    @asynccontextmanager
    async def _sweep(self) -> AsyncIterator[AsyncConnection]:
        async with confined(self._sweeper, Scope(partner_id=None, tenant_id=None)) as connection:
            yield connection
