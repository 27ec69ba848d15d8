"""The key service is away: whose key is in memory goes on for a bounded while, and nobody waits for somebody else's."""

import asyncio
from uuid import uuid4

import pytest

from connector.domain.sealing import TRUSTED_FOR, Seat, WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured, Unavailable
from connector.ids import DataKeyId, TenantId
from connector.secret import Secret
from connector.vault.keyring import OPEN_FOR, OVERTIME_TO, PRIMARY_FOR, Keyring
from tests.contract.keys import Failing, PretendKeyService, PretendShelf

WARM, COLD = TenantId(uuid4()), TenantId(uuid4())
TOKEN = Secret("a-refresh-token")
MINUTE = 60.0


def seat(tenant: TenantId) -> Seat:
    return Seat(tenant, "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())


class Seconds:
    """A clock that stands still until it is pushed."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class World:
    """A keyring whose service has unwrapped one tenant's key just now."""

    def __init__(self) -> None:
        self.service, self.shelf, self.seconds = Failing(), PretendShelf(), Seconds()
        self.ring = Keyring(self.service, self.shelf, b"pepper", seconds=self.seconds)
        self.seat = seat(WARM)

    async def warmed(self) -> bytes:
        return await self.ring.seal(TOKEN, self.seat)


async def test_for_half_an_hour_without_its_service_a_tenant_in_use_is_served_and_a_new_one_is_told_to_come_back() -> (
    None
):
    world = World()
    sealed = await world.warmed()
    world.seconds.now += OPEN_FOR - 1
    world.service.failure = Unavailable()
    for _ in range(30):
        world.seconds.now += MINUTE
        assert await world.ring.open(sealed, world.seat) == TOKEN
        await world.ring.seal(TOKEN, world.seat)
        with pytest.raises(Unavailable):
            await world.ring.prepare(COLD)

    world.service.failure = None
    unwrapped = world.service.unwrapped
    world.seconds.now += MINUTE
    await world.ring.open(sealed, world.seat)
    await world.ring.prepare(COLD)
    assert world.service.unwrapped == unwrapped + 2  # both within a minute of its return


async def test_an_hour_after_it_was_unwrapped_a_key_whose_service_is_still_away_opens_nothing_and_is_gone() -> None:
    world = World()
    sealed = await world.warmed()
    world.service.failure = Unavailable()
    world.seconds.now += OVERTIME_TO - 1
    assert await world.ring.open(sealed, world.seat) == TOKEN
    world.seconds.now += 1
    with pytest.raises(Unavailable):
        await world.ring.open(sealed, world.seat)
    assert list(world.ring._open._kept) == []  # noqa: SLF001 - its memory is the claim


async def test_a_service_that_is_away_is_not_waited_for_by_everybody_whose_key_is_in_memory() -> None:
    world = World()
    sealed = await world.warmed()
    asked = 0

    class Counting(Failing):
        async def unwrap(self, *_: object) -> bytes:
            nonlocal asked
            asked += 1
            raise Unavailable

    world.ring._service = Counting()  # noqa: SLF001 - the same service, on its bad day
    world.seconds.now += OPEN_FOR
    for _ in range(20):
        world.seconds.now += 1
        await world.ring.open(sealed, world.seat)
    assert asked == 2


@pytest.mark.parametrize("refusal", [CannotOpen(purpose="data_key"), Misconfigured(problems=["key disabled"])])
async def test_a_service_that_refuses_is_believed_at_once_and_for_as_long_as_it_is_away_afterwards(
    refusal: ConnectorError,
) -> None:
    world = World()
    sealed = await world.warmed()
    world.seconds.now += OPEN_FOR
    world.service.failure = refusal
    with pytest.raises(type(refusal)):
        await world.ring.open(sealed, world.seat)
    world.service.failure = Unavailable()
    with pytest.raises(Unavailable):
        await world.ring.open(sealed, world.seat)


async def test_a_key_that_is_destroyed_while_its_service_is_away_opens_nothing_five_seconds_later() -> None:
    world = World()
    sealed = await world.warmed()
    world.service.failure = Unavailable()
    world.seconds.now += OPEN_FOR
    assert await world.ring.open(sealed, world.seat) == TOKEN
    world.shelf.rows.clear()
    world.seconds.now += TRUSTED_FOR.total_seconds()
    with pytest.raises(CannotOpen):
        await world.ring.open(sealed, world.seat)


class Hanging(PretendKeyService):
    """A key service that answers no question about a first key until it may; `full` says that so many wait."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.may, self.full, self.wrapping, self._most = asyncio.Event(), asyncio.Event(), 0, most
        self.may.set()

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        self.wrapping += 1
        if self.wrapping == self._most:
            self.full.set()
        await self.may.wait()
        return await super().wrap(key, context)


async def test_new_tenants_that_wait_for_their_first_key_hold_nobody_else_up_and_have_one_key_each() -> None:
    service, shelf, seconds = Hanging(4), PretendShelf(), Seconds()
    ring = Keyring(service, shelf, b"pepper", seconds=seconds)
    await ring.prepare(WARM)
    seconds.now += PRIMARY_FOR
    service.may.clear()
    others = [TenantId(uuid4()) for _ in range(3)]
    waiting = [asyncio.create_task(ring.prepare(tenant)) for tenant in others for _ in range(2)]
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await ring.prepare(WARM)
        await service.full.wait()
    service.may.set()
    assert len({key.id for key in await asyncio.gather(*waiting)}) == len(others)
    assert service.wrapping == 1 + len(others)


async def test_what_was_read_before_a_rotation_is_not_taken_for_longer_than_what_is_read_now() -> None:
    seconds = Seconds()

    class SlowShelf(PretendShelf):
        async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None:
            found = await super().primary_key(tenant)
            seconds.now += 30  # the answer is on its way
            return found

    service, shelf = PretendKeyService(), SlowShelf()
    await Keyring(service, shelf, b"pepper", seconds=seconds).prepare(WARM)
    slow, quick = [Keyring(service, shelf, b"pepper", seconds=seconds) for _ in range(2)]
    before = (await slow.prepare(WARM)).id
    after = await quick.replace_key(WARM, before)  # by when it is a minute since the slow one asked
    assert (await slow.prepare(WARM)).id == after
