"""Guards a provider from us and our connections from it: pace, breaker, and a brake on giving connections up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from connector.domain.access import Scope
from connector.domain.breaker import TRIPS_AFTER, Breaker, Trouble, pause
from connector.domain.renewal import HELD_BACK, most_deaths
from connector.errors import Unavailable
from connector.ids import ProviderKey
from connector.ports import Clock, Pace, Provider, Store, Work

_NOBODY = Scope(partner_id=None, tenant_id=None)

_STORE_BACK = timedelta(seconds=5)

_log = structlog.get_logger("connector.guarding")


class Turns:
    """Lets so many calls run at once and so many begin in a second."""

    def __init__(self, pace: Pace) -> None:
        self._room = asyncio.Semaphore(pace.at_once)
        self._apart = 1.0 / pace.per_second
        self._next = 0.0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One call's turn."""
        async with self._room:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + self._apart
            if begin - now > 0.001:  # noqa: PLR2004 - less than a timer can tell
                await asyncio.sleep(begin - now)
            yield


@dataclass(slots=True)
class Guarding:
    """Says whether a provider may be asked, and learns from what it answers."""

    store: Store
    clock: Clock
    _faults: dict[ProviderKey, int] = field(default_factory=dict)
    _trials: dict[ProviderKey, datetime] = field(default_factory=dict)  # until when it is this process's
    _turns: dict[ProviderKey, Turns] = field(default_factory=dict)
    _shut: dict[ProviderKey, datetime] = field(default_factory=dict)
    _store_away_until: datetime | None = None

    async def admit(self, work: Work, provider: ProviderKey) -> bool:
        """Whether the road is open; False: for one trial call only. Raises Unavailable while nobody may ask."""
        breaker = await work.breakers.breaker(provider)
        if breaker is None:
            self._shut.pop(provider, None)
            self._trials.pop(provider, None)
            return True
        now = self.clock.now()
        if breaker.open_until > now:
            raise Unavailable(wait=breaker.open_until - now)
        until = now + pause(breaker.trouble)
        if not await work.breakers.take_trial(breaker, now, until):
            raise Unavailable(wait=pause(breaker.trouble))
        self._trials[provider] = until
        self._shut.pop(provider, None)
        return False

    async def not_tried(self, provider: ProviderKey) -> None:
        """Whoever was admitted asked nothing after all: a trial it took is left to the next one."""
        if (until := self._trials.pop(provider, None)) is not None:
            async with self.store.within(_NOBODY) as work:
                await work.breakers.give_trial_back(provider, until, self.clock.now())

    def check(self, provider: ProviderKey) -> None:
        """Raises Unavailable when this process has learned since it was admitted that nobody may ask."""
        now = self.clock.now()
        until = max(self._shut.get(provider, now), self._store_away_until or now)
        if until > now:
            raise Unavailable(wait=until - now)

    @asynccontextmanager
    async def turn(self, provider: Provider) -> AsyncIterator[None]:
        """The provider's pace, kept by this process."""
        if provider.key not in self._turns:
            self._turns[provider.key] = Turns(provider.pace)
        async with self._turns[provider.key].turn():
            yield

    async def answered(self, provider: ProviderKey) -> None:
        """The provider did its work, whatever it said: an open breaker is closed."""
        self._faults[provider] = 0
        if self._trials.pop(provider, None) is not None:
            async with self.store.within(_NOBODY) as work:
                await work.breakers.close(provider)
            _log.info("breaker closed", provider=provider)

    async def failed(self, provider: ProviderKey, trouble: Trouble, asked: timedelta = timedelta()) -> None:
        """The provider did not; what it says itself opens the breaker at once, and mere failures after a few."""
        self._faults[provider] = self._faults.get(provider, 0) + 1
        at_once = trouble is not Trouble.UNREACHABLE or provider in self._trials
        if not at_once and self._faults[provider] < TRIPS_AFTER:
            return
        now = self.clock.now()
        if self._shut.get(provider, now) > now:
            return  # opened a moment ago, by another call of the same bad minute
        until = self._shut[provider] = now + pause(trouble, asked)
        self._trials.pop(provider, None)
        async with self.store.within(_NOBODY) as work:
            await work.breakers.open(Breaker(provider=provider, trouble=trouble, opened_at=now, open_until=until))
        _log.error("breaker open", provider=provider, trouble=trouble.value, until=until.isoformat())

    def store_failed(self) -> None:
        """The database did not take a grant: until it may be back, nobody is asked for one it could not take either."""
        self._store_away_until = self.clock.now() + _STORE_BACK

    async def may_give_up(self, work: Work, provider: ProviderKey) -> bool:
        """Whether one more connection may be given up now, counted in the caller's own transaction.

        False: so many were given up lately that the provider is more likely wrong than they are.
        """
        now = self.clock.now()
        most = most_deaths(await self.store.connections_of(provider))
        return await work.breakers.count_death(provider, now, since=now - HELD_BACK, most=most)
