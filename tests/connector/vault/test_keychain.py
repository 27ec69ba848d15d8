"""The keychain: the database says which key wraps, whoever lacks a key says so, and a file that grows is read again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.custody import Process
from connector.domain.sealing import Seat, WrappedKey
from connector.errors import CannotOpen, Misconfigured, Unavailable
from connector.flows.holding import Holding
from connector.ids import DataKeyId, TenantId
from connector.secret import Secret
from connector.store.custody import PostgresCustody
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.vault.keychain import Keychain
from connector.vault.keyring import Keyring
from connector.vault.kms.local import LocalFile
from connector.vault.reach import Reach
from tests.contract.keys import PretendKeyService, PretendShelf

A = TenantId(uuid4())
TOKEN = Secret("a-refresh-token")
SEAT = Seat(A, "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    opened = open_engine(database_url, "app")
    yield opened
    await opened.dispose()


@pytest.fixture
def custody(engine: AsyncEngine, database_url: str) -> PostgresCustody:
    return PostgresCustody(engine, open_engine(database_url, "sweeper"))


def copied(here: Path, there: Path) -> None:
    there.write_bytes(here.read_bytes())


def spoil(path: Path) -> None:
    path.write_text("{")


def lose(path: Path) -> None:
    path.unlink()


def chain(custody: PostgresCustody, *files: Path) -> Keychain:
    return Keychain(Reach([f"file:{each}" for each in files], local_allowed=True), custody)


@pytest.fixture
def kek(tmp_path: Path) -> Path:
    LocalFile.create(tmp_path / "kek.json", "old")
    return tmp_path / "kek.json"


@pytest.fixture
async def founded(custody: PostgresCustody, engine: AsyncEngine, kek: Path) -> Keyring:
    return await Keyring.opened(chain(custody, kek), PostgresShelf(engine))


async def test_the_first_key_wraps_and_a_newer_one_does_so_only_once_it_is_promoted(
    founded: Keyring, custody: PostgresCustody, kek: Path
) -> None:
    del founded
    keychain = chain(custody, kek)
    LocalFile.add(kek, "new")
    assert (await keychain.foremost(), await keychain.current()) == ("new", "old")
    assert (await keychain.wrap(b"key", b"context")).kek_id == "old"

    await custody.enrol("new", (await keychain.canary()).blob)
    assert (await keychain.wrap(b"key", b"context")).kek_id == "old"
    assert await custody.promote("new") == []
    wrapped = await keychain.wrap(b"key", b"context")
    assert (wrapped.kek_id, await keychain.unwrap(wrapped, b"context")) == ("new", b"key")


async def test_a_process_that_lacks_a_known_key_is_told_to_try_later_and_one_that_has_it_is_told_the_truth(
    founded: Keyring, custody: PostgresCustody, kek: Path, tmp_path: Path
) -> None:
    del founded
    copied(kek, tmp_path / "lagging.json")
    LocalFile.add(kek, "new")
    lagging, ahead = chain(custody, tmp_path / "lagging.json"), chain(custody, kek)
    await custody.enrol("new", (await ahead.canary()).blob)
    await custody.promote("new")
    wrapped = await ahead.wrap(b"key", b"context")

    with pytest.raises(Unavailable):
        await lagging.unwrap(wrapped, b"context")
    with pytest.raises(Unavailable):
        await lagging.wrap(b"key", b"context")
    for spoilt in (replace(wrapped, blob=wrapped.blob[:-1]), WrappedKey("never heard of", wrapped.blob[:-1])):
        with pytest.raises(CannotOpen):
            await ahead.unwrap(spoilt, b"context")

    copied(kek, tmp_path / "lagging.json")  # and it needs no restart
    assert await lagging.unwrap(wrapped, b"context") == b"key"


async def test_a_process_without_the_promoted_key_does_not_start_and_is_waited_for_by_nobody(
    founded: Keyring, custody: PostgresCustody, kek: Path, tmp_path: Path
) -> None:
    del founded
    copied(kek, tmp_path / "lagging.json")
    LocalFile.add(kek, "new")
    await custody.enrol("new", (await chain(custody, kek).canary()).blob)
    await custody.promote("new")

    with pytest.raises(Misconfigured, match="key new"):
        async with Holding(custody, chain(custody, tmp_path / "lagging.json")).announced():
            pytest.fail("it started")
    await custody.enrol("newer", b"")
    assert await custody.promote("newer") == []


async def test_a_key_is_promoted_only_when_every_living_process_can_open_it(
    founded: Keyring, custody: PostgresCustody, kek: Path
) -> None:
    del founded
    LocalFile.add(kek, "new")
    await custody.enrol("new", (await chain(custody, kek).canary()).blob)
    lagging = Process(uuid4(), "web-1", 7, ["old"])
    await custody.beat(lagging)
    await custody.beat(Process(uuid4(), "web-2", 8, ["new", "old"]))

    [named] = await custody.promote("new")
    assert (named.host, named.pid) == ("web-1", 7)
    assert (await custody.keks())[0].id == "old"
    await custody.beat(replace(lagging, opens=["old", "new"]))
    assert await custody.promote("new") == []
    assert (await custody.keks())[0].id == "new"


async def test_a_key_file_that_is_spoilt_changes_nothing_for_those_who_have_read_it(
    founded: Keyring, custody: PostgresCustody, kek: Path
) -> None:
    del founded
    keychain = chain(custody, kek)
    wrapped = await keychain.wrap(b"key", b"context")
    spoil(kek)
    assert await keychain.unwrap(wrapped, b"context") == b"key"
    lose(kek)
    assert await keychain.unwrap(wrapped, b"context") == b"key"


async def test_another_service_takes_over_from_the_one_before(
    founded: Keyring, custody: PostgresCustody, engine: AsyncEngine, kek: Path, tmp_path: Path
) -> None:
    del founded
    LocalFile.create(tmp_path / "elsewhere.json", "elsewhere")
    keychain = chain(custody, tmp_path / "elsewhere.json", kek)
    assert await keychain.foremost() == "elsewhere"
    ring = await Keyring.opened(keychain, PostgresShelf(engine))
    assert await keychain.held() == ["old"]
    assert ring.digest("api_key", TOKEN)


class Versioned(PretendKeyService):
    """A service with versions of its own, that wraps with the newest whatever it is asked for."""


async def test_a_service_that_went_on_to_a_newer_version_wraps_with_that_and_makes_it_known(
    custody: PostgresCustody, engine: AsyncEngine
) -> None:
    service = Versioned("transit:1")
    keychain = Keychain(lambda: [service], custody)
    await Keyring.opened(keychain, PostgresShelf(engine))
    service.kek_id = "transit:2"

    wrapped = await keychain.wrap(b"key", b"context")
    assert wrapped.kek_id == "transit:2"
    assert await keychain.unwrap(wrapped, b"context") == b"key"
    assert [kek.id for kek in await custody.keks()] == ["transit:1", "transit:2"]
    assert list(await keychain.held()) == ["transit:1", "transit:2"]


class Moved(PretendShelf):
    """A shelf on which a key is rewrapped while somebody has just read it."""

    def __init__(self, then: WrappedKey) -> None:
        super().__init__()
        self.then = then
        self.reads = 0

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None:
        found = await super().data_key(tenant, key)
        self.reads += 1
        self.rows[tenant, key] = self.then
        return found


async def test_a_key_that_was_rewrapped_while_it_was_read_is_read_again() -> None:
    service = PretendKeyService()
    key_id = DataKeyId(uuid4())
    context = b"data_key" + A.bytes + key_id.bytes
    shelf = Moved(await service.wrap(b"k" * 32, context))
    shelf.rows[A, key_id] = WrappedKey("gone", b"gone")
    ring = Keyring(service, shelf, b"pepper")
    shelf._primary[A] = key_id  # noqa: SLF001 - a shelf of this test's own
    place = replace(SEAT)
    assert await ring.open(await ring.seal(TOKEN, place), place) == TOKEN


async def test_what_a_retired_key_wrapped_is_refused_and_that_is_an_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    service, shelf = PretendKeyService("old"), PretendShelf()
    sealed = await Keyring(service, shelf, b"pepper").seal(TOKEN, SEAT)
    shelf.retired.add("old")
    with pytest.raises(CannotOpen):
        await Keyring(service, shelf, b"pepper").open(sealed, SEAT)
    assert "a retired key was asked for" in capsys.readouterr().out
