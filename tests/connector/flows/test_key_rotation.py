"""Keys are rotated while they are in use: what was sealed opens, what is left is counted, what is done with ends."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.bootstrap import Flows, opened
from connector.domain.access import Scope
from connector.domain.renewal import ANSWER_WITHIN
from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, InvalidInput, NotFound
from connector.flows.rotating import Rotated
from connector.ids import DataKeyId, TenantId
from connector.vault.keyring import PRIMARY_FOR
from connector.vault.kms.local import LocalFile
from tests.conftest import Cluster
from tests.connector.flows.bench import value
from tests.world import TwinServer, World, serving

NOTHING = timedelta()
A_FEW_BEATS = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Joined:
    """An installation with a key file of its own, and a tenant that has connected."""

    world: World
    kek: Path
    tenant: TenantId

    @property
    def flows(self) -> Flows:
        return self.world.flows

    async def rotate(self) -> Rotated:
        return await self.flows.rotating.rotate(patience=A_FEW_BEATS, waiting=lambda _: None, told=lambda *_: None)

    async def rotate_only(self, key: DataKeyId) -> None:
        rotating = self.flows.rotating
        await rotating.custody.enrol("new", (await rotating.holder.canary()).blob)
        assert await rotating._promoted("new", A_FEW_BEATS, lambda _: None) == []  # noqa: SLF001 - and no more of it
        assert await rotating.rewrapper.rewrap(self.tenant, key, "new")

    async def token(self) -> str:
        connection = await value(self.world, "select id from connections")
        return (await self.flows.upkeep.access_token(self.tenant, connection)).text.reveal()


@pytest.fixture
async def joined(database_url: str, cluster: Cluster, twin: TwinServer, tmp_path: Path) -> AsyncIterator[Joined]:
    kek = tmp_path / "kek.json"
    LocalFile.create(kek, "old")
    async with serving(database_url, cluster.redis_url, kek, twin) as world:
        tenant = await world.connected("みなと商事", invoices=3)
        yield Joined(world, kek, tenant.id)


async def test_everything_goes_under_the_new_key_and_the_old_one_ends(joined: Joined) -> None:
    before, now = await joined.token(), datetime.now(UTC)
    LocalFile.add(joined.kek, "new")
    early = await joined.flows.rotating.retire("old", None)
    assert (early.retired, early.wraps, dict(early.references)) == (
        False,
        True,
        {"data_keys": 1, "installation_keys": 1},
    )

    done = await joined.rotate()
    assert (done.kek_id, done.rewrapped, done.left, done.complete) == ("new", 1, 0, True)
    assert await value(joined.world, "select array_agg(kek_id) from data_keys") == ["new"]
    assert await value(joined.world, "select array_agg(kek_id) from installation_keys") == ["new"]
    assert (await joined.rotate()).rewrapped == 0

    with_backup = await joined.flows.rotating.retire("old", now)
    assert (with_backup.retired, with_backup.backup_needs_it) == (False, True)
    assert (await joined.flows.rotating.retire("old", datetime.now(UTC) + timedelta(seconds=1))).retired
    assert await joined.token() == before
    with pytest.raises(NotFound):
        await joined.flows.rotating.retire("never heard of", None)


async def test_a_retired_key_is_not_rotated_to_again(joined: Joined) -> None:
    old = joined.kek.read_bytes()
    LocalFile.add(joined.kek, "new")
    await joined.rotate()
    assert (await joined.flows.rotating.retire("old", None)).retired
    joined.kek.write_bytes(old)
    with pytest.raises(InvalidInput, match="was retired"):
        await joined.rotate()


async def test_a_data_key_is_replaced_and_what_is_in_use_goes_under_the_new_one(joined: Joined) -> None:
    before = await joined.token()
    old = DataKeyId(await value(joined.world, "select id from data_keys"))
    flow = replace(joined.flows.resealing, noticed_after=NOTHING)
    done = await flow.rotate([joined.tenant], leaked=True, told=lambda *_: None)
    assert (done.resealed, done.made_due, done.failed) == (2, 1, 0)

    fresh = await value(joined.world, "select id from data_keys where is_primary")
    under = "select array_agg(distinct substr({0}, 3, 16)) from grants g join connections c on c.grant_id = g.id"
    for column in ("access_sealed", "refresh_sealed"):
        assert await value(joined.world, under.format(column)) == [fresh.bytes]
    assert await value(joined.world, "select due_at <= now() from connections")
    assert fresh != old
    assert await joined.token() == before
    assert (await flow.rotate([joined.tenant], leaked=False, told=lambda *_: None)).resealed == 2


async def test_one_damaged_ciphertext_is_counted_and_leaves_no_other_under_the_old_key(joined: Joined) -> None:
    await value(joined.world, "update grants set access_sealed = access_sealed || '\\x00' returning 1")
    flow = replace(joined.flows.resealing, noticed_after=NOTHING)
    done = await flow.rotate([joined.tenant], leaked=True, told=lambda *_: None)
    assert (done.resealed, done.unreadable, done.made_due, done.failed) == (1, 1, 1, 0)

    fresh = await value(joined.world, "select id from data_keys where is_primary")
    assert await value(joined.world, "select array_agg(substr(refresh_sealed, 3, 16)) from grants") == [fresh.bytes]


async def test_an_old_data_key_ends_when_neither_lineage_nor_escrow_can_need_it(joined: Joined) -> None:
    old = DataKeyId(await value(joined.world, "select id from data_keys"))
    flow = replace(joined.flows.resealing, noticed_after=NOTHING)
    with pytest.raises(NotFound):
        await flow.retire(joined.tenant, old)
    await flow.rotate([joined.tenant], leaked=False, told=lambda *_: None)

    early = await flow.retire(joined.tenant, old)
    assert (early.retired, early.references) == (False, 0)
    assert early.kept_until is not None
    joined.world.clock.ahead = timedelta(days=35, minutes=1)
    assert (await flow.retire(joined.tenant, old)).retired
    assert await value(joined.world, "select count(*) from data_keys where retired_at is not null") == 1


async def test_a_renewal_that_comes_first_is_not_overwritten(joined: Joined) -> None:
    store, vault = joined.flows.upkeep.store, joined.flows.upkeep.vault
    sealer = await vault.prepare(joined.tenant)
    fresh = await vault.replace_key(joined.tenant, sealer.id)
    async with store.within(Scope.of_tenant(joined.tenant)) as work:
        [access, refresh] = await work.resting.not_under(joined.tenant, fresh, joined.world.clock.now())
        assert await work.resting.put(access, b"first")
        assert not await work.resting.put(access, b"late")
        assert not await work.resting.put(replace(refresh, sealed=b"another"), b"late")


async def test_what_nobody_can_open_is_left_and_said(joined: Joined) -> None:
    LocalFile.add(joined.kek, "new")
    key = DataKeyId(await value(joined.world, "select id from data_keys"))
    shelf = joined.flows.rotating.rewrapper._shelf  # type: ignore[attr-defined]  # noqa: SLF001 - the way to the row
    kept = await shelf.data_key(joined.tenant, key)
    assert await shelf.rewrap(joined.tenant, key, kept, WrappedKey("old", b"spoilt"))

    done = await joined.rotate()
    assert (done.rewrapped, done.left, done.complete) == (0, 1, False)
    assert not (await joined.flows.rotating.retire("old", None)).retired
    with pytest.raises(CannotOpen):
        await joined.flows.rotating.rewrapper.rewrap(joined.tenant, key, "new")


async def test_a_retired_data_key_that_is_alone_under_its_wrapper_keeps_no_process_from_starting(
    joined: Joined,
) -> None:
    """As when a rotation of the key-encryption key was killed between a tenant's old data key and its new one."""
    retired = DataKeyId(await value(joined.world, "select id from data_keys"))
    flow = replace(joined.flows.resealing, noticed_after=NOTHING)
    await flow.rotate([joined.tenant], leaked=False, told=lambda *_: None)
    joined.world.clock.ahead = timedelta(days=35, minutes=1)
    assert (await flow.retire(joined.tenant, retired)).retired
    LocalFile.add(joined.kek, "new")
    primary = DataKeyId(await value(joined.world, "select id from data_keys where is_primary"))
    await joined.rotate_only(primary)

    async with opened(joined.world.settings, clock=joined.world.clock):
        pass


async def test_a_data_key_is_looked_through_again_when_no_call_under_way_can_seal_with_the_old_one(
    joined: Joined,
) -> None:
    assert joined.flows.resealing.noticed_after == timedelta(seconds=PRIMARY_FOR) + ANSWER_WITHIN
