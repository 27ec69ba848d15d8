"""One of two key services is away or refuses us: only what it alone opens has to wait."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connector.domain.sealing import WrappedKey
from connector.errors import ConnectorError, Misconfigured, Unavailable
from connector.flows import holding
from connector.flows.holding import Holding
from connector.flows.rotating import Rotated, Rotating
from connector.ids import TenantId
from connector.store import custody as custody_rows
from connector.store.custody import PostgresCustody
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.vault.keychain import Keychain
from connector.vault.keyring import Keyring
from connector.vault.rewrapping import Rewrapper
from tests.contract.keys import Failing, PretendKeyService


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(database_url, "app")
    yield engine
    await engine.dispose()


@pytest.fixture
async def custody(app: AsyncEngine, database_url: str) -> AsyncIterator[PostgresCustody]:
    sweeper = open_engine(database_url, "sweeper")
    yield PostgresCustody(app, sweeper)
    await sweeper.dispose()


FAILURES = [Unavailable(), Misconfigured(problems=["it is disabled"])]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_key_service_that_is_only_being_added_keeps_nobody_waiting(
    custody: PostgresCustody, app: AsyncEngine, failure: ConnectorError
) -> None:
    old, new = PretendKeyService("old"), Failing("new")
    await Keyring.opened(Keychain(lambda: [old], custody), PostgresShelf(app))
    wrapped = await old.wrap(b"key", b"context")
    new.failure = failure
    keychain = Keychain(lambda: [new, old], custody)
    assert await keychain.unwrap(wrapped, b"context") == b"key"
    assert (await keychain.wrap(b"key", b"context")).kek_id == "old"
    assert await keychain.held() == ["old"]


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_key_service_that_wraps_nothing_any_more_may_end_before_its_key_is_retired(
    custody: PostgresCustody, app: AsyncEngine, failure: ConnectorError
) -> None:
    old, new = Failing("old"), PretendKeyService("new")
    shelf = PostgresShelf(app)
    await Keyring.opened(Keychain(lambda: [old], custody), shelf)
    both = Keychain(lambda: [new, old], custody)
    await custody.enrol("new", (await both.canary()).blob)
    await custody.promote("new")
    old.failure = failure
    wrapped = await new.wrap(b"key", b"context")

    fresh = Keychain(lambda: [new, old], custody)
    assert await fresh.unwrap(wrapped, b"context") == b"key"
    with pytest.raises(type(failure)):  # the pepper is still under the old one
        async with Holding(custody, fresh).announced():
            pytest.fail("it started")

    old.failure = None
    await Rewrapper(both, shelf).rewrap_pepper("new")
    await custody.note_unused()
    old.failure = failure
    async with Holding(custody, fresh).announced():
        assert await fresh.held() == ["new"]


async def test_a_process_whose_key_service_is_away_goes_on_saying_what_it_could_open_last(
    custody: PostgresCustody, app: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(holding, "BEAT", timedelta(milliseconds=20))
    monkeypatch.setattr(custody_rows, "SILENT", timedelta(seconds=1))
    service = Failing("old")
    keychain = Keychain(lambda: [service], custody)
    await Keyring.opened(keychain, PostgresShelf(app))
    async with Holding(custody, keychain).announced():
        service.failure = Unavailable()
        await asyncio.sleep(1.5)
        await custody.enrol("new", b"")
        assert len(await custody.promote("new")) == 1


class GoesOn(PretendKeyService):
    """A service that has made a newer version of its key by the time that it is asked to wrap a data key."""

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        if context.startswith(b"data_key") and self.kek_id == "transit:2":
            self.kek_id = "transit:3"
        return await super().wrap(key, context)


async def test_a_key_that_gets_a_newer_version_in_the_middle_of_its_rotation_leaves_the_rest_to_the_next(
    custody: PostgresCustody, app: AsyncEngine, database_url: str
) -> None:
    tenant = TenantId(uuid4())
    admin = create_async_engine(database_url)
    async with admin.begin() as connection:
        await connection.execute(sa.text("insert into tenants values (:id, 'みなと', now())"), {"id": tenant})
    await admin.dispose()
    service, shelf = GoesOn("transit:1"), PostgresShelf(app)
    keychain = Keychain(lambda: [service], custody)
    await (await Keyring.opened(keychain, shelf)).prepare(tenant)
    service.kek_id = "transit:2"
    rotating = Rotating(custody, keychain, Rewrapper(keychain, shelf))

    async def rotated() -> Rotated:
        async with asyncio.timeout(10):
            return await rotating.rotate(patience=timedelta(), waiting=lambda _: None, told=lambda *_: None)

    first = await rotated()
    assert (first.kek_id, first.left, first.complete) == ("transit:2", 1, False)
    second = await rotated()
    assert (second.kek_id, second.left, second.complete) == ("transit:3", 0, True)
