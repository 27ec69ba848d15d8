"""The keyring: a key per tenant, made once, open for minutes, and dead when it is destroyed."""

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from connector.bootstrap import opened
from connector.domain.sealing import Seat
from connector.errors import CannotOpen, Misconfigured
from connector.ids import TenantId
from connector.secret import Secret
from connector.settings import read_settings
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.vault.keyring import OPEN_FOR, Keyring
from connector.vault.kms.local import LocalFile
from tests.conftest import Cluster
from tests.contract.keys import PretendKeyService, PretendShelf
from tests.world import environment

A, B = TenantId(uuid4()), TenantId(uuid4())
TOKEN = Secret("a-refresh-token")


def seat(tenant: TenantId) -> Seat:
    return Seat(tenant, "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())


class Seconds:
    """A clock that stands still until it is pushed."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_sealed_for_a_tenant_opens_for_it() -> None:
    ring = await Keyring.opened(PretendKeyService(), PretendShelf())
    place = seat(A)
    assert await ring.open(await ring.seal(TOKEN, place), place) == TOKEN


async def test_each_tenant_has_one_key_of_its_own() -> None:
    shelf = PretendShelf()
    ring = await Keyring.opened(PretendKeyService(), shelf)
    for tenant in (A, A, B, B, A):
        await ring.seal(TOKEN, seat(tenant))
    assert sorted(tenant for tenant, _ in shelf.rows) == sorted([A, B])


async def test_a_row_of_one_tenant_never_opens_under_another() -> None:
    shelf = PretendShelf()
    ring = await Keyring.opened(PretendKeyService(), shelf)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    await ring.seal(TOKEN, seat(B))
    with pytest.raises(CannotOpen):
        await ring.open(sealed, replace(place, tenant_id=B))
    # Not even when somebody copies A's key to B's shelf along with the row.
    for (_, key), wrapped in list(shelf.rows.items()):
        shelf.rows[B, key] = wrapped
    with pytest.raises(CannotOpen):
        await ring.open(sealed, replace(place, tenant_id=B))


async def test_a_key_put_on_another_tenants_shelf_neither_opens_nor_seals_there() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    await (await Keyring.opened(service, shelf)).seal(TOKEN, seat(A))
    [((_, key), wrapped)] = shelf.rows.items()
    await shelf.keep_primary(B, key, wrapped)
    with pytest.raises(CannotOpen):
        await Keyring(service, shelf, b"pepper").seal(TOKEN, seat(B))


async def test_a_key_made_ready_seals_without_its_service_and_without_its_shelf() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    ring = Keyring(service, shelf, b"pepper")
    await ring.prepare(A)
    shelf.rows.clear()
    service.forget()
    place = seat(A)
    assert await ring.open(await ring.seal(TOKEN, place), place) == TOKEN
    with pytest.raises(CannotOpen):
        await ring.prepare(B)


async def test_a_destroyed_key_opens_nothing_once_it_is_out_of_memory() -> None:
    shelf, seconds = PretendShelf(), Seconds()
    ring = Keyring(PretendKeyService(), shelf, b"pepper", seconds=seconds)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    shelf.rows.clear()

    seconds.now += OPEN_FOR - 1
    assert await ring.open(sealed, place) == TOKEN
    seconds.now += 1
    with pytest.raises(CannotOpen) as refusal:
        await ring.open(sealed, place)
    assert refusal.value.purpose == "refresh_token"
    with pytest.raises(CannotOpen):
        await Keyring(PretendKeyService(), shelf, b"pepper").open(sealed, place)


async def test_an_open_key_stays_for_a_quarter_of_an_hour_and_no_longer() -> None:
    service, seconds = PretendKeyService(), Seconds()
    ring = Keyring(service, PretendShelf(), b"pepper", seconds=seconds)
    place = seat(A)
    sealed = await ring.seal(TOKEN, place)
    for _ in range(3):
        await ring.open(sealed, place)
        seconds.now += OPEN_FOR / 4
    assert service.unwrapped == 1
    seconds.now += OPEN_FOR / 4
    await ring.open(sealed, place)
    assert service.unwrapped == 2


async def test_open_keys_are_bounded_in_number_and_the_one_used_longest_ago_goes_first() -> None:
    service = PretendKeyService()
    ring = Keyring(service, PretendShelf(), b"pepper", most=3)
    seats = [seat(TenantId(uuid4())) for _ in range(4)]
    sealed = [await ring.seal(TOKEN, each) for each in seats[:3]]
    await ring.open(sealed[0], seats[0])
    sealed.append(await ring.seal(TOKEN, seats[3]))
    assert service.unwrapped == 4

    for still_open in (0, 2, 3):
        await ring.open(sealed[still_open], seats[still_open])
    assert service.unwrapped == 4
    await ring.open(sealed[1], seats[1])
    assert service.unwrapped == 5


async def test_a_digest_depends_on_its_purpose_its_text_and_the_installation() -> None:
    service, shelf = PretendKeyService(), PretendShelf()
    one, again = await Keyring.opened(service, shelf), await Keyring.opened(service, shelf)
    other = await Keyring.opened(service, PretendShelf())
    text = Secret("cx_live_key")

    assert one.digest("api_key", text) == again.digest("api_key", text)
    assert len({each.digest(why, text) for each in (one, other) for why in ("api_key", "link")}) == 4
    assert one.digest("a", Secret("b")) != one.digest("ab", Secret(""))
    assert len(one.digest("api_key", text)) == 32


async def test_twenty_processes_that_seal_a_tenants_first_secret_at_once_share_one_key(
    database_url: str, kek: Path
) -> None:
    admin = create_async_engine(database_url)
    async with admin.begin() as connection:
        await connection.execute(sa.text("insert into tenants values (:id, 'みなと', now())"), {"id": A})
    engines = [open_engine(database_url, "app", size=1) for _ in range(20)]
    rings = [await Keyring.opened(LocalFile.read(kek), PostgresShelf(engine)) for engine in engines]
    place = seat(A)

    sealed = await asyncio.gather(*[ring.seal(TOKEN, place) for ring in rings])

    async with admin.begin() as connection:
        assert (await connection.execute(sa.text("select count(*) from data_keys"))).scalar_one() == 1
        assert (await connection.execute(sa.text("select count(*) from installation_keys"))).scalar_one() == 1
    assert [await rings[-1 - number].open(each, place) for number, each in enumerate(sealed)] == [TOKEN] * 20
    assert len({ring.digest("api_key", TOKEN) for ring in rings}) == 1
    for engine in (*engines, admin):
        await engine.dispose()


async def test_an_installation_refuses_to_start_with_another_key_than_it_was_set_up_with(
    database_url: str, cluster: Cluster, kek: Path, tmp_path: Path
) -> None:
    stranger = tmp_path / "kek.json"
    LocalFile.create(stranger, "another")
    http = "http://127.0.0.1:1"
    right = environment(database_url, cluster.redis_url, kek, public_url=http, provider_url=http)
    wrong = environment(database_url, cluster.redis_url, stranger, public_url=http, provider_url=http)

    async with opened(read_settings(right)):
        pass
    with pytest.raises(Misconfigured) as refusal:
        async with opened(read_settings(wrong)):
            pass
    [problem] = refusal.value.problems
    assert problem.startswith("CONNECTOR_KEK: this key does not open what the database was sealed with (key test)")
    async with opened(read_settings(right)):
        pass
