"""Takes the census that an operator watches: how connections stand and which breakers are open, and nobody's name."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.domain.access import Scope
from connector.domain.census import Census
from connector.ports import Clock, Register, Store, Watch

CENSUS_EVERY = timedelta(seconds=30)
_NOBODY = Scope(partner_id=None, tenant_id=None)


@dataclass(slots=True)
class Watching:
    """Takes the census, once for however many ask for it."""

    store: Store
    register: Register
    watch: Watch
    clock: Clock
    wanted: bool  # False: nobody reads it, so the database is not asked
    _taken_at: datetime | None = None

    async def look(self) -> None:
        """Takes a census, unless one was taken within the last half minute; raises Unavailable without a database."""
        now = self.clock.now()
        if not self.wanted or (self._taken_at is not None and now - self._taken_at < CENSUS_EVERY):
            return
        self._taken_at = now  # also when it fails: a database in trouble is not asked more often than a sound one
        counted = await self.store.census(now)
        async with self.store.within(_NOBODY) as work:
            found = [await work.breakers.breaker(provider.key) for provider in self.register.everyone()]
        breakers = [each for each in found if each is not None]
        self.watch.census_taken(Census(taken_at=now, counted=counted, breakers=breakers))
