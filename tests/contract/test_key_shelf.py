"""What every shelf of wrapped keys promises, the pretended one too."""

from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from connector.domain.access import Scope, Tenant
from connector.domain.sealing import WrappedKey
from connector.ids import DataKeyId, TenantId
from connector.ports import KeyShelf
from connector.store.custody import PostgresCustody
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.store.work import PostgresStore
from tests.contract.keys import PretendShelf
from tests.store.databases import engine_as

FIRST, SECOND = WrappedKey("kek", b"first"), WrappedKey("kek", b"second")
OURS, THEIRS = TenantId(uuid4()), TenantId(uuid4())

Retire = Callable[[str], Coroutine[None, None, None]]


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
    for name in ("kek", "held", "old", "older"):
        await PostgresCustody(engine, engine).enrol(name, b"canary")
    yield PostgresShelf(engine)
    await engine.dispose()


@pytest.fixture
def retire(shelf: KeyShelf, database_url: str) -> Retire:
    """Says of a key-encryption key that it was retired."""

    async def say(kek_id: str) -> None:
        if isinstance(shelf, PretendShelf):
            shelf.retired.add(kek_id)
            return
        async with engine_as(database_url) as administrator, administrator.begin() as connection:
            statement = sa.text("update key_encryption_keys set retired_at = now() where id = :id")
            assert (await connection.execute(statement, {"id": kek_id})).rowcount == 1

    return say


@pytest.fixture
def lease(shelf: KeyShelf, database_url: str) -> Callable[[TenantId, UUID], Coroutine[None, None, None]]:
    """Lets somebody hold the lease of a connection of the tenant's."""

    async def take(tenant: TenantId, owner: UUID) -> None:
        if isinstance(shelf, PretendShelf):
            shelf.leases.setdefault(owner, set()).add(tenant)
            return
        async with engine_as(database_url) as administrator, administrator.begin() as connection:
            statement = sa.text(
                "insert into connections (tenant_id, id, provider, standing, changed_at, lease_owner)"
                " values (:tenant, :id, :provider, 'active', now(), :owner)"
            )
            told = {"tenant": tenant, "id": uuid4(), "provider": f"provider-{uuid4()}", "owner": owner}
            await connection.execute(statement, told)

    return take


async def test_a_lease_shows_all_keys_of_its_tenants_at_once_and_nobody_elses(
    shelf: KeyShelf, lease: Callable[[TenantId, UUID], Coroutine[None, None, None]]
) -> None:
    owner, old, new = uuid4(), DataKeyId(uuid4()), DataKeyId(uuid4())
    await shelf.keep_primary(OURS, old, FIRST)
    await shelf.keep_primary(OURS, new, SECOND, instead_of=old)
    await shelf.keep_primary(THEIRS, DataKeyId(uuid4()), FIRST)
    assert await shelf.leased(owner) == []
    await lease(OURS, owner)
    found = await shelf.leased(owner)
    assert sorted(found, key=lambda each: each[3]) == [(OURS, old, FIRST, False), (OURS, new, SECOND, True)]


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


async def test_a_primary_key_is_replaced_once_and_the_old_one_stays_readable(shelf: KeyShelf) -> None:
    first, second, third = (DataKeyId(uuid4()) for _ in range(3))
    assert await shelf.keep_primary(OURS, first, FIRST)
    assert await shelf.keep_primary(OURS, second, SECOND, instead_of=first)
    assert not await shelf.keep_primary(OURS, third, FIRST, instead_of=first)

    assert await shelf.primary_key(OURS) == (second, SECOND)
    assert await shelf.data_key(OURS, first) == FIRST
    assert await shelf.data_key(OURS, third) is None


async def test_a_lost_key_is_put_back_beside_the_primary_one_and_one_that_is_there_stands(shelf: KeyShelf) -> None:
    lost, primary = DataKeyId(uuid4()), DataKeyId(uuid4())
    assert await shelf.put_back(OURS, lost, FIRST)
    assert await shelf.primary_key(OURS) is None
    assert await shelf.keep_primary(OURS, primary, FIRST)
    assert not await shelf.put_back(OURS, lost, SECOND)
    assert not await shelf.put_back(OURS, primary, SECOND)

    assert await shelf.primary_key(OURS) == (primary, FIRST)
    assert await shelf.data_key(OURS, lost) == FIRST
    assert await shelf.data_key(THEIRS, lost) is None


async def test_a_key_is_rewrapped_only_over_the_wrapping_that_was_read(shelf: KeyShelf) -> None:
    key = DataKeyId(uuid4())
    await shelf.keep_primary(OURS, key, FIRST)
    late = WrappedKey("older", b"late")

    assert await shelf.rewrap(OURS, key, FIRST, SECOND)
    assert not await shelf.rewrap(OURS, key, FIRST, late)
    assert not await shelf.rewrap(OURS, key, WrappedKey("another", SECOND.blob), late)
    assert not await shelf.rewrap(THEIRS, key, SECOND, late)
    assert await shelf.data_key(OURS, key) == SECOND


async def test_an_installation_key_is_rewrapped_only_over_the_wrapping_that_was_read(shelf: KeyShelf) -> None:
    await shelf.keep_installation_key("pepper", FIRST)
    assert await shelf.rewrap_installation_key("pepper", FIRST, SECOND)
    assert not await shelf.rewrap_installation_key("pepper", FIRST, WrappedKey("older", b"late"))
    assert await shelf.installation_key("pepper") == SECOND


async def test_nothing_is_wrapped_any_more_by_a_key_that_was_retired(shelf: KeyShelf, retire: Retire) -> None:
    key, held = DataKeyId(uuid4()), WrappedKey("held", b"held")
    old = WrappedKey("old", b"old")
    await shelf.keep_primary(OURS, key, held)
    await shelf.keep_installation_key("pepper", held)
    await retire("old")

    assert not await shelf.keep_primary(THEIRS, DataKeyId(uuid4()), old)
    assert not await shelf.keep_primary(OURS, DataKeyId(uuid4()), old, instead_of=key)
    assert not await shelf.put_back(OURS, DataKeyId(uuid4()), old)
    assert not await shelf.rewrap(OURS, key, held, old)
    assert not await shelf.rewrap_installation_key("pepper", held, old)
    assert await shelf.primary_key(OURS) == (key, held)
    assert await shelf.installation_key("pepper") == held


async def test_a_key_under_a_retired_one_says_so(shelf: KeyShelf, retire: Retire) -> None:
    key = DataKeyId(uuid4())
    await shelf.keep_primary(OURS, key, FIRST)
    await retire("kek")
    found = await shelf.data_key(OURS, key)
    assert found is not None
    assert found.retired
