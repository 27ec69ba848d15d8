"""A key service that is away fails a cold tenant in a second and marks nobody; it is used again once it is back."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest

from connector.bootstrap import opened
from connector.domain.sealing import Seat
from connector.errors import Misconfigured, Unavailable, Whose
from connector.ids import TenantId
from connector.ports import KeyService
from connector.secret import Secret
from connector.settings import read_settings
from connector.vault.keyring import Keyring
from tests.conftest import Cluster
from tests.contract.conftest import patient
from tests.contract.gate import Gate
from tests.contract.keys import PretendShelf
from tests.contract.stands import Stand
from tests.world import environment

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


async def no_thread_of_ours() -> bool:
    if any(each.name.startswith("key-service") for each in threading.enumerate()):
        raise Unavailable
    return True


async def test_what_cannot_be_reached_is_away_and_works_at_once_when_it_is_back(stand: Stand, dial: Dial) -> None:
    async with Gate(stand.server.port) as gate:
        address, given = through(gate, stand, stand.key("one"))
        service = dial(patient(address), **given)
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
            await asyncio.sleep(0)  # now all have been asked
            await asyncio.to_thread(bool)  # as the journal syncs
            assert not asked.done()
            assert {type(each) for each in await asked} == {Unavailable}
    assert await soon(lambda: service.unwrap(wrapped, CONTEXT)) == KEY


async def test_open_tenants_go_on_while_the_service_is_away_and_cold_ones_wait(stand: Stand, dial: Dial) -> None:
    async with Gate(stand.server.port) as gate:
        address, given = through(gate, stand, stand.key("one"))
        ring = await Keyring.opened(dial(patient(address), **given), PretendShelf())
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
        address, given = through(gate, stand, stand.key("one"))
    with pytest.raises(Unavailable):
        await Keyring.opened(dial(patient(address), **given), PretendShelf())


async def test_an_installation_opens_with_each_service_and_leaves_it_again(
    stand: Stand, monkeypatch: pytest.MonkeyPatch, database_url: str, cluster: Cluster, kek: Path
) -> None:
    for name, value in stand.environment(stand.server.port).items():
        monkeypatch.setenv(name, value)
    http = "http://127.0.0.1:1"
    told = environment(database_url, cluster.redis_url, kek, public_url=http, provider_url=http)
    settings = read_settings(told | {"CONNECTOR_KEK": patient(stand.key("one"))})
    for _ in range(2):  # made the first time, found the second
        async with opened(settings):
            assert any(each.name.startswith("key-service") for each in threading.enumerate())
    assert await soon(no_thread_of_ours)


async def test_an_installation_does_not_start_with_another_key(stand: Stand, dial: Dial) -> None:
    shelf = PretendShelf()
    given = stand.environment(stand.server.port)
    await Keyring.opened(dial(patient(stand.key("one")), **given), shelf)
    with pytest.raises(Misconfigured, match="does not open what the database was sealed with"):
        await Keyring.opened(dial(patient(stand.key("two")), **given), shelf)
