"""Paces the calls of a provider's API, and lets all of them wait while it says that it is away."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from connector.errors import Unavailable, Whose
from connector.flows.guarding import Turns
from connector.ids import ProviderKey
from connector.ports import Clock, Provider

_log = structlog.get_logger("connector.pacing")


@dataclass(slots=True)
class Pacing:
    """What this process may spend at each provider; turns are given in the order in which they are asked for."""

    clock: Clock
    _turns: dict[ProviderKey, Turns] = field(default_factory=dict)
    _away_until: dict[ProviderKey, datetime] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, provider: Provider) -> AsyncIterator[None]:
        """One call's turn; raises Unavailable with the wait that is left once the provider put any of us off."""
        self._refuse_while_away(provider.key)
        if provider.key not in self._turns:
            self._turns[provider.key] = Turns(provider.call_pace)
        async with self._turns[provider.key].turn():
            self._refuse_while_away(provider.key)
            try:
                yield
            except Unavailable as failure:
                if failure.whose is Whose.PROVIDER:
                    until = self._away_until[provider.key] = self.clock.now() + failure.wait
                    _log.warning("the provider is away", provider=provider.key, until=until.isoformat())
                raise

    def _refuse_while_away(self, provider: ProviderKey) -> None:
        now = self.clock.now()
        until = self._away_until.get(provider, now)
        if until > now:
            raise Unavailable(wait=until - now)
