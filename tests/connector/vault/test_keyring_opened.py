"""An installation's keyring over a real database: one key for many processes, and no start with a wrong one."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from connector.bootstrap import opened
from connector.errors import Misconfigured
from connector.ids import TenantId
from connector.settings import read_settings
from connector.store.custody import PostgresCustody
from connector.store.engines import open_engine
from connector.store.shelf import PostgresShelf
from connector.vault.keyring import Keyring
from connector.vault.kms.local import LocalFile
from tests.conftest import Cluster
from tests.connector.vault.test_keyring import TOKEN, A, seat
from tests.world import environment


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


async def test_an_installation_refuses_to_start_while_a_data_key_in_use_was_wrapped_by_a_key_it_does_not_have(
    database_url: str, cluster: Cluster, kek: Path, tmp_path: Path
) -> None:
    lost = tmp_path / "kek.json"
    LocalFile.create(lost, "lost-2024")
    http = "http://127.0.0.1:1"
    told = read_settings(environment(database_url, cluster.redis_url, kek, public_url=http, provider_url=http))
    async with opened(told):
        pass
    admin = create_async_engine(database_url)
    tenants = [TenantId(uuid4()) for _ in range(3)]
    async with admin.begin() as connection:
        for tenant in tenants:
            await connection.execute(sa.text("insert into tenants values (:id, 'みなと', now())"), {"id": tenant})
    engine = open_engine(database_url, "app")
    shelf = PostgresShelf(engine)
    await PostgresCustody(engine, engine).enrol("lost-2024", b"canary")
    for tenant, path in zip(tenants, (kek, lost, lost), strict=True):
        await Keyring(LocalFile.read(path), shelf, b"pepper").prepare(tenant)
    await engine.dispose()
    async with admin.begin() as connection:  # by hand: we retire no key that something is wrapped by
        await connection.execute(sa.text("update key_encryption_keys set retired_at = now() where id = 'lost-2024'"))
    await admin.dispose()

    with pytest.raises(Misconfigured) as refusal:
        async with opened(told):
            pass
    [problem] = refusal.value.problems
    assert problem.startswith("CONNECTOR_KEK: data keys in use do not open; give back key-encryption key lost-2024 (")
    assert problem.count("key-encryption key") == 1
