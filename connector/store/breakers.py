"""Rows of breakers: one a provider, the same for every process."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.breaker import Breaker, Trouble
from connector.ids import ProviderKey
from connector.store.tables import breakers


class BreakerRows:
    """Breakers; they belong to no tenant."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def breaker(self, provider: ProviderKey) -> Breaker | None:
        """The provider's open breaker; None: it is closed."""
        of = breakers.c
        statement = sa.select(breakers).where(of.provider == provider, of.reason.is_not(None))
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return Breaker(
            provider=provider, trouble=Trouble(row.reason), opened_at=row.opened_at, open_until=row.open_until
        )

    async def open(self, breaker: Breaker) -> None:
        """Opens the provider's breaker; one that is open for longer already stays as it is."""
        of = breakers.c
        told = {
            "reason": breaker.trouble,
            "opened_at": breaker.opened_at,
            "open_until": breaker.open_until,
        }
        statement = insert(breakers).values(provider=breaker.provider, **told)
        kept = {
            "reason": statement.excluded.reason,
            "opened_at": sa.func.coalesce(of.opened_at, statement.excluded.opened_at),
            "open_until": statement.excluded.open_until,
        }
        shorter = sa.or_(of.open_until.is_(None), of.open_until < statement.excluded.open_until)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=[of.provider], set_=kept, where=shorter)
        )

    async def take_trial(self, breaker: Breaker, now: datetime, until: datetime) -> bool:
        """Takes the one call that may try the provider; False: somebody else has it."""
        of = breakers.c
        statement = sa.update(breakers).where(of.provider == breaker.provider, of.open_until <= now)
        return (await self._connection.execute(statement.values(open_until=until))).rowcount == 1

    async def give_trial_back(self, provider: ProviderKey, until: datetime, now: datetime) -> None:
        """Leaves a trial that was taken until then to whoever comes next, unless the breaker was opened since."""
        of = breakers.c
        mine = sa.and_(of.provider == provider, of.open_until == until)
        await self._connection.execute(sa.update(breakers).where(mine).values(open_until=now))

    async def close(self, provider: ProviderKey) -> None:
        """The provider answers again."""
        closed = {"reason": None, "opened_at": None, "open_until": None}
        await self._connection.execute(sa.update(breakers).where(breakers.c.provider == provider).values(closed))

    async def count_death(self, provider: ProviderKey, now: datetime, *, since: datetime, most: int) -> bool:
        """Counts a connection given up; False: `most` were given up after `since` already, and this one is not."""
        of = breakers.c
        await self._connection.execute(insert(breakers).values(provider=provider).on_conflict_do_nothing())
        afresh = sa.or_(of.deaths_since.is_(None), of.deaths_since <= since)
        statement = (
            sa.update(breakers)
            .where(of.provider == provider, sa.or_(afresh, of.deaths < most))
            .values(
                deaths=sa.case((afresh, 1), else_=of.deaths + 1),
                deaths_since=sa.case((afresh, now), else_=of.deaths_since),
            )
        )
        return (await self._connection.execute(statement)).rowcount == 1
