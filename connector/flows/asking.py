"""Asks a provider in a tenant's name: a read whose token is turned down is asked once more, a write never."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from connector.errors import AccessExpired
from connector.flows.pacing import Pacing
from connector.flows.upkeep import Upkeep
from connector.ids import ConnectionId, TenantId
from connector.ports import Provider
from connector.secret import Secret

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """One call at a time, each under a token asked for at that moment and in its own turn.

    Raises what the call raises, what `Upkeep.access_token` raises, and Unavailable while the provider is away.
    """

    upkeep: Upkeep
    pacing: Pacing

    async def read(
        self, provider: Provider, tenant: TenantId, connection: ConnectionId, call: Callable[[Secret], Awaitable[T]]
    ) -> T:
        """What the provider answers; a token that it turns down is renewed, and the call made once more [IM-28]."""
        token = await self.upkeep.access_token(tenant, connection)
        try:
            return await self._in_turn(provider, token.text, call)
        except AccessExpired:
            token = await self.upkeep.access_token(tenant, connection, refused=token.grant_id)
            return await self._in_turn(provider, token.text, call)

    async def write(
        self, provider: Provider, tenant: TenantId, connection: ConnectionId, call: Callable[[Secret], Awaitable[T]]
    ) -> T:
        """What the provider answers to the one call there is; AccessExpired says that nothing was done [IM-36].

        The token is renewed all the same: whoever decides to send it again finds a good one.
        """
        token = await self.upkeep.access_token(tenant, connection)
        try:
            return await self._in_turn(provider, token.text, call)
        except AccessExpired:
            await self.upkeep.access_token(tenant, connection, refused=token.grant_id)
            raise

    async def _in_turn(self, provider: Provider, token: Secret, call: Callable[[Secret], Awaitable[T]]) -> T:
        async with self.pacing.turn(provider):
            return await call(token)
