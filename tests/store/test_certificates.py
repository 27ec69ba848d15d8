"""PostgreSQL lets no key go without a certificate, and takes none for a tenant that has one, whoever asks."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope, Tenant
from connector.domain.certificate import Certificate
from connector.domain.sealing import WrappedKey
from connector.ids import DataKeyId, TenantId
from connector.store.custody import PostgresCustody
from connector.store.shelf import PostgresShelf
from connector.store.tables import SEALED, data_keys, metadata
from connector.store.work import PostgresStore, confined
from tests.store.databases import engine_as

WRAPPED = WrappedKey("kek-1", b"wrapped")


@pytest.fixture
async def tenant(store: PostgresStore) -> TenantId:
    own = TenantId(uuid4())
    async with store.within(Scope.of_tenant(own)) as work:
        await work.directory.add_tenant(Tenant(own, "株式会社みなと", datetime.now(UTC)))
    return own


@pytest.fixture
async def app(shared_database_url: str) -> AsyncIterator[AsyncEngine]:
    async with engine_as(shared_database_url, "app") as engine:
        yield engine


def certificate_for(tenant: TenantId) -> Certificate:
    told = {
        "tenant": {"id": str(tenant)},
        "shreddedAt": datetime.now(UTC).isoformat(),
        "invoices": {"found": 0, "deleted": False},
    }
    return Certificate(json.dumps(told), b"digest")


async def test_every_sealed_column_of_every_table_is_counted() -> None:
    named = {str(column) for table in metadata.tables.values() for column in table.columns if "sealed" in column.name}
    assert {str(column) for column in SEALED} == named


async def test_keys_go_with_their_certificate_and_the_reach_names_them(
    store: PostgresStore, app: AsyncEngine, tenant: TenantId
) -> None:
    shelf, key = PostgresShelf(app), DataKeyId(uuid4())
    await PostgresCustody(app, app).enrol(WRAPPED.kek_id, b"canary")
    await shelf.keep_primary(tenant, key, WRAPPED)
    async with confined(app, Scope.of_tenant(tenant)) as connection:
        assert (await connection.execute(sa.delete(data_keys))).rowcount == 0  # not without one

    async with store.within(Scope.of_tenant(tenant)) as work:
        [found] = (await work.certificates.reach(tenant)).keys
        assert (found.id, found.kek_id) == (key, "kek-1")
        assert found.sha256 == hashlib.sha256(WRAPPED.blob).hexdigest()
        assert await work.certificates.destroy(certificate_for(tenant)) == 1
    assert await shelf.data_key(tenant, key) is None


async def test_no_key_is_taken_for_a_shredded_tenant_by_the_shelf_or_by_anybody_who_forgets_to_ask(
    store: PostgresStore, app: AsyncEngine, tenant: TenantId
) -> None:
    async with store.within(Scope.of_tenant(tenant)) as work:
        await work.certificates.destroy(certificate_for(tenant))
    shelf = PostgresShelf(app)
    await shelf.keep_primary(tenant, DataKeyId(uuid4()), WRAPPED)
    assert await shelf.primary_key(tenant) is None
    row = {"tenant_id": tenant, "id": uuid4(), "kek_id": "kek-1", "wrapped": b"w", "is_primary": True}
    with pytest.raises(DBAPIError, match="row-level security policy"):
        async with confined(app, Scope.of_tenant(tenant)) as connection:
            await connection.execute(sa.insert(data_keys).values(row))


async def test_a_key_made_while_its_tenant_is_being_shredded_waits_and_is_not_kept(
    store: PostgresStore, app: AsyncEngine, tenant: TenantId
) -> None:
    shelf = PostgresShelf(app)
    async with store.within(Scope.of_tenant(tenant)) as work:
        await work.certificates.alone(tenant)
        making = asyncio.create_task(shelf.keep_primary(tenant, DataKeyId(uuid4()), WRAPPED))
        done, _ = await asyncio.wait({making}, timeout=0.3)
        assert done == set()
        await work.certificates.destroy(certificate_for(tenant))
    await making
    assert await shelf.primary_key(tenant) is None


async def test_a_certificate_is_never_changed_and_never_a_second_one(
    store: PostgresStore, app: AsyncEngine, tenant: TenantId
) -> None:
    async with store.within(Scope.of_tenant(tenant)) as work:
        await work.certificates.destroy(certificate_for(tenant))
    with pytest.raises(DBAPIError, match="duplicate key"):
        async with store.within(Scope.of_tenant(tenant)) as work:
            await work.certificates.destroy(certificate_for(tenant))
    with pytest.raises(DBAPIError, match="permission denied"):
        async with confined(app, Scope.of_tenant(tenant)) as connection:
            await connection.execute(sa.update(metadata.tables["certificates"]).values(digest=b"other"))


async def test_the_newest_data_key_of_each_key_encryption_key_is_known_to_the_sweeper_and_nothing_wrapped(
    store: PostgresStore, app: AsyncEngine, shared_database_url: str
) -> None:
    name, shelf, owners = f"kek-{uuid4()}", PostgresShelf(app), []
    await PostgresCustody(app, app).enrol(name, b"canary")
    for _ in range(2):
        own = TenantId(uuid4())
        async with store.within(Scope.of_tenant(own)) as work:
            await work.directory.add_tenant(Tenant(own, "みなと", datetime.now(UTC)))
        await shelf.keep_primary(own, DataKeyId(uuid4()), WrappedKey(name, b"w"))
        owners.append(own)
    assert [owner for kek_id, owner, _ in await store.keys_in_use() if kek_id == name] == [owners[-1]]
    async with engine_as(shared_database_url, "sweeper") as sweeper, sweeper.connect() as connection:
        with pytest.raises(DBAPIError, match="permission denied"):
            await connection.execute(sa.text("select wrapped from data_keys"))
