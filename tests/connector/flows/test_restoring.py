"""A database that was restored knows less than its journal and its escrow, and they bring it back to now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.bootstrap import Installation
from connector.domain.connection import Connection
from connector.domain.renewal import TokenAnswer
from connector.errors import Unavailable
from connector.ports import Provider
from connector.settings import read_settings
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import connection_of, joined, later, trouble
from tests.connector.flows.renewals import FOUR_MINUTES
from tests.connector.flows.shreds import another
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

    async def answers(self, installation: Installation) -> list[TokenAnswer]:
        escrow = installation.flows.escrowing.escrow
        assert escrow is not None
        return [each async for each in escrow.entries(self.began)]


@pytest.fixture
async def behind(world: World, tmp_path: Path) -> Behind:
    began = world.clock.now() - timedelta(minutes=1)
    tenant = await joined(world, "みなと商事", invoices=0)
    connection = await connection_of(world, tenant)
    backup = await asyncio.to_thread(backup_of, world.environment["DATABASE_URL"])
    told = {"CONNECTOR_ESCROW": f"file:{tmp_path / 'escrow'}", "CONNECTOR_JOURNAL": str(tmp_path / "journal")}
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
