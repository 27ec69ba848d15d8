"""A key service that is away fails a cold tenant in a second and marks nobody; it is used again once it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest

from connector.domain.sealing import Seat
from connector.errors import Misconfigured, Unavailable, Whose
from connector.ids import TenantId
from connector.ports import KeyService
from connector.secret import Secret
from connector.vault.keyring import Keyring
from tests.contract.conftest import patient
from tests.contract.gate import Gate
from tests.contract.keys import PretendShelf
from tests.contract.stands import Stand

KEY, CONTEXT = bytes(range(32)), b"data_key of tenant A"
NEVER = 30.0  # seconds: far from a second on however busy a machine, and near enough to tell it from waiting for ever
WARM, COLD = TenantId(uuid4()), TenantId(uuid4())
Dial = Callable[..., KeyService]
T = TypeVar("T")


def seat(tenant: TenantId) -> Seat:
    return Seat(tenant, "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())


def through(gate: Gate, stand: Stand, address: str) -> tuple[str, dict[str, str]]:
    """The same key, reached through the gate."""
    return address.replace(f"localhost:{stand.server.port}", f"localhost:{gate.port}"), stand.environment(gate.port)


async def soon(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, once there is one: gRPC tries a broken line again within a second, HTTP at each question."""
    async with asyncio.timeout(NEVER):
        while True:
            try:
                return await ask()
            except Unavailable:
                await asyncio.sleep(0.1)


async def test_what_cannot_be_reached_is_away_and_works_at_once_when_it_is_back(stand: Stand, dial: Dial) -> None:
    async with Gate(stand.server.port) as gate:
        address, environment = through(gate, stand, stand.key("one"))
        service = dial(patient(address), **environment)
        wrapped = await service.wrap(KEY, CONTEXT)

        await gate.shut()
        for ask in (service.wrap(KEY, CONTEXT), service.unwrap(wrapped, CONTEXT)):
            with pytest.raises(Unavailable) as away:
                await ask
            assert away.value.whose is Whose.OURS

        await gate.open()
        assert await soon(lambda: service.unwrap(wrapped, CONTEXT)) == KEY


async def test_what_hangs_is_away_and_works_at_once_when_it_moves_again(stand: Stand, dial: Dial) -> None:
    service = dial(stand.key("one"), **stand.environment(stand.server.port))
    wrapped = await soon(lambda: service.wrap(KEY, CONTEXT))
    with stand.server.standing_still():
        async with asyncio.timeout(NEVER):
            with pytest.raises(Unavailable):
                await service.unwrap(wrapped, CONTEXT)
    assert await soon(lambda: service.unwrap(wrapped, CONTEXT)) == KEY


async def test_a_thousand_questions_to_what_hangs_end_together_and_hold_no_other_thread(
    stand: Stand, dial: Dial
) -> None:
    service = dial(stand.key("one"), **stand.environment(stand.server.port))
    wrapped = await soon(lambda: service.wrap(KEY, CONTEXT))
    with stand.server.standing_still():
        async with asyncio.timeout(NEVER):
            asked = asyncio.gather(*(service.unwrap(wrapped, CONTEXT) for _ in range(1000)), return_exceptions=True)
            assert await asyncio.to_thread(lambda: "the journal syncs in such a thread") != ""
            assert {type(each) for each in await asked} == {Unavailable}
    assert await soon(lambda: service.unwrap(wrapped, CONTEXT)) == KEY


async def test_open_tenants_go_on_while_the_service_is_away_and_cold_ones_wait(stand: Stand, dial: Dial) -> None:
    async with Gate(stand.server.port) as gate:
        address, environment = through(gate, stand, stand.key("one"))
        ring = await Keyring.opened(dial(patient(address), **environment), PretendShelf())
        place = seat(WARM)
        sealed = await ring.seal(Secret("a-refresh-token"), place)

        await gate.shut()
        assert await ring.open(sealed, place) == Secret("a-refresh-token")
        with pytest.raises(Unavailable):
            await ring.seal(Secret("another"), seat(COLD))

        await gate.open()
        cold = seat(COLD)
        assert await ring.open(await soon(lambda: ring.seal(Secret("another"), cold)), cold) == Secret("another")


async def test_an_installation_does_not_start_while_its_key_service_is_away(stand: Stand, dial: Dial) -> None:
    async with Gate(stand.server.port) as gate:
        address, environment = through(gate, stand, stand.key("one"))
    with pytest.raises(Unavailable):
        await Keyring.opened(dial(patient(address), **environment), PretendShelf())


async def test_an_installation_does_not_start_with_another_key(stand: Stand, dial: Dial) -> None:
    shelf = PretendShelf()
    environment = stand.environment(stand.server.port)
    await Keyring.opened(dial(patient(stand.key("one")), **environment), shelf)
    with pytest.raises(Misconfigured, match="does not open what the database was sealed with"):
        await Keyring.opened(dial(patient(stand.key("two")), **environment), shelf)
