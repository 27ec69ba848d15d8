"""A breaker is one for all processes, its trial is one call's, and connections are given up only so many at a time."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from connector.domain.access import Scope
from connector.domain.breaker import Breaker, Trouble
from connector.ids import ProviderKey
from connector.store.work import PostgresStore
from tests.store.companies import NOW

NOBODY = Scope(partner_id=None, tenant_id=None)
MINUTE = timedelta(minutes=1)


def a_breaker(minutes: int = 1, trouble: Trouble = Trouble.UNREACHABLE, provider: str | None = None) -> Breaker:
    key = ProviderKey(provider or uuid4().hex)
    return Breaker(provider=key, trouble=trouble, opened_at=NOW, open_until=NOW + minutes * MINUTE)


async def test_a_breaker_is_closed_until_it_is_opened_and_again_when_it_is_closed(store: PostgresStore) -> None:
    told = a_breaker()
    async with store.within(NOBODY) as work:
        assert await work.breakers.breaker(told.provider) is None
        await work.breakers.open(told)
        assert await work.breakers.breaker(told.provider) == told
        await work.breakers.close(told.provider)
        assert await work.breakers.breaker(told.provider) is None


async def test_of_two_troubles_the_longer_one_stands(store: PostgresStore) -> None:
    long = a_breaker(10, Trouble.CLIENT_REFUSED)
    async with store.within(NOBODY) as work:
        await work.breakers.open(long)
        await work.breakers.open(a_breaker(1, provider=long.provider))
        assert await work.breakers.breaker(long.provider) == long


async def test_of_twenty_processes_one_has_the_trial_and_nobody_before_its_time(store: PostgresStore) -> None:
    told = a_breaker()
    async with store.within(NOBODY) as work:
        await work.breakers.open(told)

    async def take(after: timedelta) -> bool:
        async with store.within(NOBODY) as work:
            return await work.breakers.take_trial(told, NOW + after, NOW + after + MINUTE)

    assert not any(await asyncio.gather(*[take(MINUTE - timedelta(microseconds=1)) for _ in range(5)]))
    assert sum(await asyncio.gather(*[take(MINUTE) for _ in range(20)])) == 1
    assert await take(2 * MINUTE)


async def test_so_many_connections_are_given_up_in_a_while_and_as_many_in_the_next(store: PostgresStore) -> None:
    provider = ProviderKey(uuid4().hex)

    async def give_up(after: timedelta) -> bool:
        async with store.within(NOBODY) as work:
            now = NOW + after
            return await work.breakers.count_death(provider, now, since=now - 10 * MINUTE, most=3)

    assert sum(await asyncio.gather(*[give_up(timedelta(seconds=n)) for n in range(20)])) == 3
    assert not await give_up(9 * MINUTE)
    assert sum([await give_up(11 * MINUTE) for _ in range(5)]) == 3
