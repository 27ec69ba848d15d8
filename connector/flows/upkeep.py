"""Keeps a connection's tokens usable: one renewal at a time, and nothing overwritten."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

from connector.domain.access import Scope
from connector.domain.connection import Connection, Grant, SealedGrant, Standing
from connector.domain.sealing import Seat
from connector.errors import ConsentEnded, NotFound, OutcomeUnknown, Unavailable
from connector.ids import ConnectionId, GrantId, TenantId, new_id
from connector.ports import Clock, Provider, Register, Store, Vault
from connector.secret import Secret

_LEASE = timedelta(seconds=90)  # longer than a token call's hard deadline plus its commit
_LOOK_AGAIN = 0.2  # seconds between looks at a row somebody else is renewing
_PATIENCE = timedelta(seconds=20)  # how long a renewal by somebody else is waited for


T = TypeVar("T")


async def _to_the_end(renewal: Coroutine[Any, Any, T]) -> T:
    """The renewal's outcome; a caller who is told to stop waits for it first, since half a renewal costs the token."""
    task = asyncio.create_task(renewal)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token for one call, and the grant it came from, so that a refusal can be told apart from an older one."""

    text: Secret
    grant_id: GrantId


def access_seat(connection: Connection, grant_id: GrantId) -> Seat:
    """Where an access token rests."""
    return _seat(connection, grant_id, "access_token", "grants.access_sealed")


def refresh_seat(connection: Connection, grant_id: GrantId) -> Seat:
    """Where a refresh token rests."""
    return _seat(connection, grant_id, "refresh_token", "grants.refresh_sealed")


def _seat(connection: Connection, grant_id: GrantId, purpose: str, place: str) -> Seat:
    return Seat(
        tenant_id=connection.tenant_id,
        purpose=purpose,
        provider=connection.provider,
        owner_id=connection.id,
        place=place,
        version_id=grant_id,
    )


@dataclass(slots=True)
class Upkeep:
    """Gives access tokens, renewing them when they are about to end."""

    store: Store
    vault: Vault
    register: Register
    clock: Clock
    patience: timedelta = _PATIENCE
    _turns: WeakValueDictionary[ConnectionId, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def access_token(
        self, tenant: TenantId, connection_id: ConnectionId, *, refused: GrantId | None = None
    ) -> AccessToken:
        """A usable access token; `refused` names the grant whose token the provider has just turned down.

        Raises ConsentEnded when a person must consent again, and Unavailable while a renewal cannot be made.
        """
        turn = self._turns.setdefault(connection_id, asyncio.Lock())
        async with turn:  # within one process the first caller renews and the others find its grant
            for _ in range(1 + int(self.patience.total_seconds() / _LOOK_AGAIN)):
                connection, grant = await self._current(tenant, connection_id)
                provider = self.register.provider(connection.provider)
                fresh = grant.access_usable(self.clock.now(), margin=provider.access_margin)
                if fresh and grant.id != refused:
                    text = await self.vault.open(grant.access_sealed, access_seat(connection, grant.id))
                    return AccessToken(text=text, grant_id=grant.id)
                if renewed := await _to_the_end(self._renew(connection, grant, provider)):
                    return renewed
                await asyncio.sleep(_LOOK_AGAIN)
        raise Unavailable(wait=_LEASE)

    async def seal(
        self, connection: Connection, grant: Grant, *, grant_id: GrantId, parent: SealedGrant | None
    ) -> SealedGrant:
        """The grant as it may be stored; a provider that gave no new refresh token keeps the old one alive."""
        refresh = grant.refresh
        refresh_ends_at = grant.refresh_ends_at
        if refresh is None:
            if parent is None:
                raise OutcomeUnknown
            refresh = await self.vault.open(parent.refresh_sealed, refresh_seat(connection, parent.id))
            refresh_ends_at = parent.refresh_ends_at
        return SealedGrant(
            id=grant_id,
            parent_id=None if parent is None else parent.id,
            access_sealed=await self.vault.seal(grant.access, access_seat(connection, grant_id)),
            refresh_sealed=await self.vault.seal(refresh, refresh_seat(connection, grant_id)),
            access_ends_at=grant.access_ends_at,
            refresh_ends_at=refresh_ends_at,
            obtained_at=self.clock.now(),
        )

    async def _current(self, tenant: TenantId, connection_id: ConnectionId) -> tuple[Connection, SealedGrant]:
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            connection = await work.connections.connection(connection_id)
            grant = await work.connections.current_grant(connection_id)
        if connection is None:
            raise NotFound(noun="connection")
        if grant is None or connection.standing is not Standing.ACTIVE:
            raise ConsentEnded(provider=connection.provider)
        return connection, grant

    async def _renew(self, connection: Connection, before: SealedGrant, provider: Provider) -> AccessToken | None:
        """The next grant's token; None: somebody else holds the lease, or came first."""
        scope = Scope.of_tenant(connection.tenant_id)
        owner = new_id()
        now = self.clock.now()
        async with self.store.within(scope) as work:
            if not await work.connections.lease(connection.id, owner, now, now + _LEASE):
                return None
            standing = await work.connections.current_grant(connection.id)
        if standing is None or standing.id != before.id:
            await self._release(connection, owner)
            return None
        try:
            # Everything that can fail without harm is done before the call: from then on the old token may be dead.
            refresh = await self.vault.open(before.refresh_sealed, refresh_seat(connection, before.id))
            await self.vault.prepare(connection.tenant_id)
            grant = await provider.consent.renew(refresh, now=self.clock.now())
        except ConsentEnded:
            async with self.store.within(scope) as work:
                lapsed = await work.connections.lapse(connection.lapsed(self.clock.now()), before.id)
                await work.connections.release(connection.id, owner)
            if not lapsed:  # a person has consented again meanwhile, and the refusal is of the line before
                return None
            raise
        except OutcomeUnknown:
            # The lease stays until it ends by itself: a second call must not overtake the first.
            raise Unavailable(wait=_LEASE) from None
        except Exception:
            await self._release(connection, owner)
            raise
        sealed = await self.seal(connection, grant, grant_id=GrantId(new_id()), parent=before)
        async with self.store.within(scope) as work:
            await work.connections.add_grant(connection.id, sealed)
            await work.connections.make_current(connection.id, sealed)
            await work.connections.release(connection.id, owner)
        return AccessToken(text=grant.access, grant_id=sealed.id)

    async def _release(self, connection: Connection, owner: UUID) -> None:
        async with self.store.within(Scope.of_tenant(connection.tenant_id)) as work:
            await work.connections.release(connection.id, owner)
