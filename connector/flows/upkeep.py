"""Gives access tokens, and renews them one at a time when they are about to end."""

import asyncio
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import structlog

from connector.domain.access import Scope
from connector.domain.connection import Connection, Grant, SealedGrant, Standing, access_seat, refresh_seat
from connector.domain.renewal import LEASE, TURNED_DOWN_AGAIN, Renewed
from connector.errors import CannotOpen, ConnectorError, ConsentEnded, NotFound, OutcomeUnknown, Unavailable
from connector.flows.guarding import Guarding
from connector.flows.renewing import Renewing
from connector.ids import ConnectionId, GrantId, TenantId, new_id
from connector.ports import Clock, Register, Store, Vault, Watch
from connector.secret import Secret

_LOOK_AGAIN = 0.2  # seconds between looks at a row somebody else is renewing
_PATIENCE = timedelta(seconds=20)  # how long a renewal by somebody else is waited for

T = TypeVar("T")

_log = structlog.get_logger("connector.upkeep")


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


@dataclass(slots=True)
class Upkeep:
    """Gives access tokens, renewing them when they are about to end."""

    store: Store
    vault: Vault
    register: Register
    renewing: Renewing
    guarding: Guarding
    watch: Watch
    clock: Clock
    patience: timedelta = _PATIENCE
    _turns: WeakValueDictionary[ConnectionId, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def access_token(
        self, tenant: TenantId, connection_id: ConnectionId, *, refused: GrantId | None = None
    ) -> AccessToken:
        """A usable access token; `refused` names the grant whose token the provider has just turned down.

        Raises ConsentEnded when a person must consent again, CannotOpen when our own key does not open the token, and
        Unavailable while a renewal cannot be made or its outcome is being found out.
        """
        turn = self._turns.setdefault(connection_id, asyncio.Lock())
        async with turn:  # within one process the first caller renews and the others find its grant
            for _ in range(1 + int(self.patience.total_seconds() / _LOOK_AGAIN)):
                connection, grant = await self._current(tenant, connection_id)
                margin = self.register.provider(connection.provider).access_margin
                no_good = grant.id == refused
                if not no_good and grant.access_usable(self.clock.now(), margin=margin):
                    if token := await self._opened(connection, grant):
                        self.watch.access_given(connection.provider, renewed=False)
                        return token
                    no_good = True
                if renewed := await _to_the_end(self._renew(connection, grant, no_good=no_good)):
                    self.watch.access_given(connection.provider, renewed=True)
                    return renewed
                await asyncio.sleep(_LOOK_AGAIN)
        raise Unavailable(wait=LEASE)

    async def seal(self, connection: Connection, grant: Grant, *, grant_id: GrantId) -> SealedGrant:
        """The first grant of a line as it may be stored; raises OutcomeUnknown when it could never be renewed."""
        if grant.refresh is None:
            raise OutcomeUnknown
        sealer = await self.vault.prepare(connection.tenant_id)
        access = None if grant.access is None else sealer.seal(grant.access, access_seat(connection, grant_id))
        return SealedGrant(
            id=grant_id,
            parent_id=None,
            access_sealed=access,
            refresh_sealed=sealer.seal(grant.refresh, refresh_seat(connection, grant_id)),
            access_ends_at=grant.access_ends_at,
            refresh_ends_at=grant.refresh_ends_at,
            obtained_at=self.clock.now(),
        )

    async def _current(self, tenant: TenantId, connection_id: ConnectionId) -> tuple[Connection, SealedGrant]:
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            connection = await work.connections.connection(connection_id)
            grant = await work.connections.current_grant(connection_id)
        if connection is None:
            raise NotFound(noun="connection")
        if connection.standing is Standing.UNREADABLE:
            raise CannotOpen(purpose="refresh_token")
        if grant is None or connection.standing in {
            Standing.AWAITING_CONSENT,
            Standing.LAPSED,
            Standing.DISCONNECTED,
        }:
            raise ConsentEnded(provider=connection.provider)
        return connection, grant

    async def _opened(self, connection: Connection, grant: SealedGrant) -> AccessToken | None:
        """The grant's access token; None: it does not open, and whether its refresh token does is for a renewal."""
        if grant.access_sealed is None:
            return None
        try:
            text = await self.vault.open(grant.access_sealed, access_seat(connection, grant.id))
        except CannotOpen as failure:
            _log.error("access token does not open", connection=str(connection.id), failure=str(failure))
            return None
        return AccessToken(text=text, grant_id=grant.id)

    async def _renew(self, connection: Connection, before: SealedGrant, *, no_good: bool) -> AccessToken | None:
        """The next grant's token; None: somebody else holds the lease, or came first.

        `no_good`: the token in hand has time left and is of no use. That is done about every few minutes at most.
        """
        now = self.clock.now()
        if connection.standing is not Standing.ACTIVE:
            raise Unavailable(wait=max((connection.due_at or now) - now, timedelta(seconds=1)))
        owner, since = new_id(), time.monotonic()
        async with self.store.within(Scope.of_tenant(connection.tenant_id)) as work:
            if no_good and not await work.renewals.turn_down(connection.id, now - TURNED_DOWN_AGAIN, now):
                raise Unavailable(wait=TURNED_DOWN_AGAIN)
            await self.guarding.admit(work, connection.provider)
            leased = await work.renewals.lease(connection.id, before.id, owner, now)
            batch = await work.renewals.held(owner) if leased else ()
        if not batch:
            await self.guarding.not_tried(connection.provider)
            return None
        ended = (await self.renewing.carry_out(batch, since=since))[connection.id]
        if isinstance(ended, Renewed) and ended.access is not None:
            return AccessToken(text=ended.access, grant_id=ended.grant.id)
        if isinstance(ended, OutcomeUnknown | ConsentEnded):
            return None  # what it means was written down, and is read there
        if isinstance(ended, ConnectorError):
            raise ended
        return None
