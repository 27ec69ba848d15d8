"""A database that was restored knows less than its journal and its escrow, and they bring it back to now."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from connector.bootstrap import Installation
from connector.domain.certificate import Certificate
from connector.domain.connection import Connection
from connector.domain.renewal import TokenAnswer
from connector.domain.sealing import DataKey, WrappedKey
from connector.errors import Unavailable
from connector.flows.escrowing import Replayed
from connector.ids import DataKeyId, new_id
from connector.ports import Escrow, Provider
from connector.settings import read_settings
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import connection_of, joined, later, rows, trouble
from tests.connector.flows.renewals import FOUR_MINUTES
from tests.connector.flows.shreds import ORDER, another
from tests.connector.flows.test_shredding_restored import backup_of
from tests.world import INFOMART, World


@dataclass(frozen=True, slots=True)
class Behind:
    """An installation whose database was just put back to before its tokens were renewed."""

    world: World
    connection: Connection
    began: datetime
    told: dict[str, str]
    backup: str

    @asynccontextmanager
    async def now(self) -> AsyncIterator[Installation]:
        """As it was before the restore."""
        async with another(self.world, **self.told) as ours:
            yield ours

    @asynccontextmanager
    async def restored(self) -> AsyncIterator[Installation]:
        """As it is after the restore."""
        settings = read_settings({**self.world.environment, "DATABASE_URL": self.backup})
        back = replace(self.world, settings=settings)
        async with another(back, **self.told, DATABASE_URL=self.backup) as ours:
            yield ours

    async def renew(self, installation: Installation) -> None:
        later(self.world, FOUR_MINUTES)
        await installation.flows.upkeep.access_token(self.connection.tenant_id, self.connection.id)

    @staticmethod
    def provider(installation: Installation) -> Provider:
        return installation.flows.keeping.register.provider(INFOMART)

    async def replace_key(self, installation: Installation) -> None:
        """The tenant gets another data key, and a token that is sealed with it is in the escrow."""
        flow = replace(installation.flows.resealing, noticed_after=timedelta())
        await flow.rotate([self.connection.tenant_id], leaked=False, told=lambda *_: None)
        await self.renew(installation)
        await installation.flows.escrowing.copy()

    @staticmethod
    def escrow(installation: Installation) -> Escrow:
        escrow = installation.flows.escrowing.escrow
        assert escrow is not None
        return escrow

    async def answers(self, installation: Installation) -> list[TokenAnswer]:
        return [each async for each in self.escrow(installation).entries(self.began)]

    async def keys_in_backup(self) -> list[tuple[UUID, bytes, bool]]:
        """Of every data key in the restored database its id, how it is wrapped, and whether new secrets get it."""
        settings = read_settings({**self.world.environment, "DATABASE_URL": self.backup})
        found = await rows(replace(self.world, settings=settings), "select * from data_keys order by created_at")
        return [(each["id"], each["wrapped"], each["is_primary"]) for each in found]


@pytest.fixture
async def behind(world: World, tmp_path: Path, escrow: str) -> Behind:
    began = world.clock.now() - timedelta(minutes=1)
    tenant = await joined(world, "みなと商事", invoices=0)
    connection = await connection_of(world, tenant)
    backup = await asyncio.to_thread(backup_of, world.environment["DATABASE_URL"])
    told = {"CONNECTOR_ESCROW": escrow, "CONNECTOR_JOURNAL": str(tmp_path / "journal")}
    return Behind(world, connection, began, told, backup)


async def test_an_answer_that_never_reached_the_escrow_costs_none_that_came_after_it(behind: Behind) -> None:
    async with behind.now() as ours:
        await behind.renew(ours)
        for lost in ours.flows.escrowing.journal.unescrowed():
            ours.flows.escrowing.journal.escrowed(lost.id)
        for _ in range(2):
            await behind.renew(ours)
        await ours.flows.escrowing.copy()
        assert len(await behind.answers(ours)) == 2
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.connections, done.advanced, done.failed) == (1, 1, 0)
        await behind.renew(back)
        assert (await back.flows.escrowing.replay(behind.began)).advanced == 0


async def test_an_answer_in_the_journal_is_put_in_use_though_the_grant_it_came_from_was_lost(behind: Behind) -> None:
    async with behind.now() as ours:
        for _ in range(2):
            await behind.renew(ours)
        await ours.flows.escrowing.copy()
        [early, newest] = await behind.answers(ours)
    async with behind.restored() as back:
        assert await back.flows.keeping.renewing.settle(newest)
        assert await back.flows.keeping.renewing.settle(early)
        await behind.renew(back)


async def test_an_answer_without_a_token_costs_none_that_is_older_or_newer(behind: Behind) -> None:
    async with behind.now() as ours:
        later(behind.world, FOUR_MINUTES)
        trouble(behind.world, Kind.HTML_200, operation="token")
        with pytest.raises(Unavailable):
            await behind.renew(ours)
        await ours.flows.escrowing.copy()
        later(behind.world, timedelta(minutes=10))
        await ours.flows.keeping.renew_due(behind.provider(ours))
        await ours.flows.escrowing.copy()
        assert len(await behind.answers(ours)) == 2
        later(behind.world, FOUR_MINUTES)
        trouble(behind.world, Kind.HTML_200, operation="token")
        with pytest.raises(Unavailable):
            await behind.renew(ours)
        await ours.flows.escrowing.copy()
        assert len(await behind.answers(ours)) == 3
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.connections, done.advanced, done.failed) == (1, 1, 0)
        await behind.renew(back)


async def test_a_data_key_made_after_the_backup_comes_back_before_the_answers_that_it_sealed(behind: Behind) -> None:
    [before] = await behind.keys_in_backup()
    async with behind.now() as ours:
        await behind.replace_key(ours)
        [kept] = await behind.escrow(ours).keys()
    async with behind.restored() as back:
        assert await back.flows.escrowing.replay(behind.began) == Replayed(1, 1, 1, failed=0, keys=1, shredded=0)
        [same, (own, _, primary)] = await behind.keys_in_backup()
        assert (same, own, primary) == (before, kept.id, False)
        await behind.renew(back)
        again = await back.flows.escrowing.replay(behind.began)
        assert (again.advanced, again.failed, again.keys) == (0, 0, 0)
        assert len(await behind.keys_in_backup()) == 2


async def test_a_data_key_that_is_there_is_left_as_it_is(behind: Behind) -> None:
    before = await behind.keys_in_backup()
    async with behind.now() as ours:
        await behind.renew(ours)
        await ours.flows.escrowing.copy()
        [key] = await behind.escrow(ours).keys()
        assert [(key.id, key.wrapped.blob)] == [(own, wrapped) for own, wrapped, _ in before]
        # Under a key-encryption key that ended since: it is not even asked for.
        await behind.escrow(ours).keep_keys([replace(key, wrapped=WrappedKey("retired since", b"as it was"))])
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.advanced, done.failed, done.keys) == (1, 0, 0)
    assert await behind.keys_in_backup() == before


async def test_a_key_that_was_never_the_tenants_is_refused_and_costs_no_other(behind: Behind) -> None:
    async with behind.now() as ours:
        await behind.replace_key(ours)
        escrow, [key] = behind.escrow(ours), await behind.escrow(ours).keys()
        moved = replace(key, id=DataKeyId(new_id()))
        made_up = DataKey(key.tenant_id, DataKeyId(new_id()), WrappedKey(key.wrapped.kek_id, b"made up"))
        await escrow.keep_keys([moved, made_up])
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.advanced, done.failed, done.keys) == (1, 2, 1)
    assert [own for own, *_ in await behind.keys_in_backup()][1:] == [key.id]


async def test_no_key_of_a_shredded_tenant_comes_back_though_the_escrow_had_it_still(behind: Behind) -> None:
    tenant = behind.connection.tenant_id
    async with behind.now() as ours:
        await behind.replace_key(ours)
        left = await behind.escrow(ours).keys()
        await ours.flows.shredding.shred(tenant, ORDER, confirm="みなと商事")
        assert await behind.escrow(ours).keys() == []
        await behind.escrow(ours).keep_keys(left)
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.shredded, done.failed, done.keys) == (1, 0, 0)
        assert await behind.escrow(back).keys() == []
        assert not await back.flows.escrowing.vault.put_back(left[0])  # nor would the database take it
    assert await behind.keys_in_backup() == []


async def test_a_tenant_that_the_backup_does_not_know_is_passed_over(behind: Behind) -> None:
    async with behind.now() as ours:
        young = await joined(behind.world, "港湾商会", invoices=0)
        connection = await connection_of(behind.world, young)
        later(behind.world, FOUR_MINUTES)
        await ours.flows.upkeep.access_token(young.id, connection.id)
        await behind.replace_key(ours)
        assert len(await behind.escrow(ours).keys()) == 2
    async with behind.restored() as back:
        done = await back.flows.escrowing.replay(behind.began)
        assert (done.connections, done.advanced, done.failed, done.keys) == (2, 1, 0, 1)


async def test_an_escrow_that_was_emptied_has_every_key_in_use_again_within_six_hours(behind: Behind) -> None:
    async with behind.now() as ours:
        await behind.replace_key(ours)
        kept = await behind.escrow(ours).keys()
        await behind.escrow(ours).destroy_keys(behind.connection.tenant_id)
        later(behind.world, timedelta(hours=6))
        await ours.flows.escrowing.copy()
        await behind.renew(ours)
        await ours.flows.escrowing.copy()
        assert await behind.escrow(ours).keys() == kept


async def test_a_shredding_that_comes_while_keys_are_copied_leaves_none_in_the_escrow(behind: Behind) -> None:
    tenant = behind.connection.tenant_id
    async with behind.now() as ours:
        await behind.renew(ours)
        escrow = behind.escrow(ours)
        shredding: list[asyncio.Task[Certificate]] = []

        class Slow:
            """An escrow at which a shredding begins, and ends if nothing keeps it, before a key is kept."""

            def __getattr__(self, name: str) -> object:
                return getattr(escrow, name)

            async def keep_keys(self, keys: Sequence[DataKey]) -> None:
                shredding.append(asyncio.create_task(ours.flows.shredding.shred(tenant, ORDER, confirm="みなと商事")))
                await asyncio.wait(shredding, timeout=1)
                await escrow.keep_keys(keys)

        ours.flows.escrowing.escrow = Slow()  # type: ignore[assignment]  # the rest is passed on
        await ours.flows.escrowing.copy()
        await shredding[0]
        assert await escrow.keys() == []
