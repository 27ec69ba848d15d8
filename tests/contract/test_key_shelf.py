"""What every shelf of wrapped keys promises, the pretended one too."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from connector.domain.access import Scope, Tenant
from connector.domain.sealing import WrappedKey
from connector.ids import DataKeyId, TenantId
from connector.ports import KeyShelf
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.store.work import PostgresStore
from tests.contract.keys import PretendShelf

FIRST, SECOND = WrappedKey("kek", b"first"), WrappedKey("kek", b"second")
OURS, THEIRS = TenantId(uuid4()), TenantId(uuid4())


@pytest.fixture(params=["postgres", "pretended"])
async def shelf(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[KeyShelf]:
    if request.param == "pretended":
        yield PretendShelf()
        return
    engine = open_engine(database_url, "app")
    store = PostgresStore(engine, engine)
    for tenant in (OURS, THEIRS):
        async with store.within(Scope.of_tenant(tenant)) as work:
            await work.directory.add_tenant(Tenant(tenant, "株式会社みなと", datetime.now(UTC)))
    yield PostgresShelf(engine)
    await engine.dispose()


async def test_a_tenant_starts_without_a_key(shelf: KeyShelf) -> None:
    assert await shelf.primary_key(OURS) is None
    assert await shelf.data_key(OURS, DataKeyId(uuid4())) is None


async def test_the_first_primary_key_stands_and_a_second_changes_nothing(shelf: KeyShelf) -> None:
    first, second = DataKeyId(uuid4()), DataKeyId(uuid4())
    await shelf.keep_primary(OURS, first, FIRST)
    await shelf.keep_primary(OURS, second, SECOND)

    assert await shelf.primary_key(OURS) == (first, FIRST)
    assert await shelf.data_key(OURS, first) == FIRST
    assert await shelf.data_key(OURS, second) is None


async def test_a_key_is_its_own_tenants_only(shelf: KeyShelf) -> None:
    key = DataKeyId(uuid4())
    await shelf.keep_primary(OURS, key, FIRST)

    assert await shelf.primary_key(THEIRS) is None
    assert await shelf.data_key(THEIRS, key) is None


async def test_the_first_installation_key_of_a_name_stands(shelf: KeyShelf) -> None:
    assert await shelf.installation_key("pepper") is None
    await shelf.keep_installation_key("pepper", FIRST)
    await shelf.keep_installation_key("pepper", SECOND)
    assert await shelf.installation_key("pepper") == FIRST
    assert await shelf.installation_key("salt") is None
