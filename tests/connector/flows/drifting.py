"""A list that moves between the pages read of it, and a judge who knows what it held at every call.

It is a platform of its own, of a hundred rows a page: the twin takes a fifth of a second to write a page out, and here
only the paging counts.
"""

import hashlib
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from connector.domain.access import Scope, Tenant
from connector.domain.connection import Connection
from connector.domain.fetch import Fetch, Reading, Window
from connector.domain.invoice import FetchedInvoice, IssuedStage, Side, Stage
from connector.flows.fetching import Fetching
from connector.ports import Clock, InvoicePage
from connector.secret import Secret
from tests.connector.flows.bench import connection_of
from tests.connector.flows.readers import OneProvider
from tests.listing import listed
from tests.store.companies import an_invoice
from tests.world import INFOMART, World

PAGE = 100
FIRST_DAY = date(2020, 1, 1)
Rows = Mapping[str, date]


@dataclass(slots=True)
class Platform:
    """Answers pages of one list for both sides, and lets it drift before each answer."""

    clock: Clock
    dice: random.Random
    name: str = ""
    window: Window = field(default_factory=lambda: Window(FIRST_DAY, FIRST_DAY))
    restless: float = 0.0  # how likely something changes before an answer
    losing: bool = False  # a row leaves from the front before every answer
    listed: list[tuple[str, date]] = field(default_factory=list)
    calls: list[tuple[datetime, Rows]] = field(default_factory=list)
    _made: int = 0

    def fill(self, name: str, window: Window, count: int) -> None:
        """Another list, of so many rows."""
        self.name, self.window = name, window
        self.listed, self.calls = [self._new() for _ in range(count)], []

    async def received_page(self, _: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage:
        assert uses_workflow
        return self._page(window, page, Stage.AWAITING_FIRST_APPROVAL)

    async def issued_page(self, _: Secret, window: Window, page: int) -> InvoicePage:
        return self._page(window, page, IssuedStage.ISSUED)

    def _page(self, window: Window, page: int, stage: Stage | IssuedStage) -> InvoicePage:
        assert window == self.window
        self._drift()
        self.calls.append((self.clock.now(), dict(self.listed)))
        held = self.listed[(page - 1) * PAGE : page * PAGE]
        return InvoicePage(listed=listed([_told(key, day, stage) for key, day in held]), last=len(held) < PAGE)

    def _drift(self) -> None:
        if self.losing and self.listed:
            self.listed.pop(0)
        if self.dice.random() >= self.restless:
            return
        for _ in range(self.dice.randint(1, 3)):
            here, there = (self.dice.randrange(len(self.listed) + 1) for _ in range(2))
            match self.dice.choice(["arrive", "leave", "move"]):
                case "arrive":
                    self.listed.insert(here, self._new())
                case "leave" if here < len(self.listed):
                    self.listed.pop(here)
                case _ if here < len(self.listed):
                    self.listed.insert(there, self.listed.pop(here))

    def _new(self) -> tuple[str, date]:
        self._made += 1
        days = (self.window.last_day - self.window.first_day).days
        return f"{self.name}/{self._made:06}", self.window.first_day + timedelta(days=self._made % (days + 1))


@lru_cache(maxsize=2000)
def _told(key: str, day: date, stage: Stage | IssuedStage) -> FetchedInvoice:
    return an_invoice(key, stage=stage, day=day, lines=[], tax_summary=[])


@dataclass(slots=True)
class Verdicts:
    """What a judge found over many readings."""

    readings: int = 0
    receipts: int = 0
    refused: int = 0  # readings that ended with a named reason instead
    silent: int = 0  # and with neither
    wrong: int = 0  # receipts for something the list was not at their moment
    kept: int = 0  # rows that were there from the first call to the last
    missed: int = 0  # and that a proven window does not have
    marked: int = 0  # rows newly marked as gone
    falsely: int = 0  # and that were there
    overlooked: int = 0  # rows that had left, and that a proven window did not mark


@dataclass(frozen=True, slots=True)
class Court:
    """Reads a drifting list through the real flow into the real mirror, and judges each reading."""

    world: World
    tenant: Tenant
    connection: Connection
    platform: Platform
    fetching: Fetching
    side: Side
    engine: AsyncEngine  # the administrator's
    found: Verdicts

    @classmethod
    @asynccontextmanager
    async def of(cls, world: World, tenant: Tenant, *, seed: int, side: Side = Side.RECEIVER) -> AsyncIterator["Court"]:
        """A court for one tenant that has joined."""
        platform = Platform(world.clock, random.Random(seed))  # noqa: S311 - the same drift every time
        provider = world.flows.fetching.register.provider(INFOMART)
        reading = replace(provider, received_invoices=platform, issued_invoices=platform)
        fetching = replace(world.flows.fetching, register=OneProvider(reading))
        connection = await connection_of(world, tenant)
        engine = create_async_engine(world.settings.database_url.reveal(), isolation_level="AUTOCOMMIT", pool_size=1)
        yield cls(world, tenant, connection, platform, fetching, side, engine, Verdicts())
        await engine.dispose()

    async def run(self, number: int) -> None:
        """A list of its own days: read twice while it drifts, and then once it rests."""
        dice, platform = self.platform.dice, self.platform
        first = FIRST_DAY + timedelta(days=3 * number)
        window = Window(first, first + timedelta(days=2), self.side)
        platform.fill(f"{self.side}-{number}", window, dice.randint(250, 420))
        platform.restless, platform.losing = dice.choice([0.0, 0.05, 0.1, 0.3, 1.0]), number % 10 == 9
        await self.read(window)
        await self.read(window)
        platform.restless, platform.losing = 0.0, False
        fetch = await self.read(window)
        assert fetch.reading is Reading.COMPLETE, "a list that rests is proven"

    async def read(self, window: Window) -> Fetch:
        """One reading, judged."""
        world, now = self.world, self.world.clock.now()
        gone_before = await self._gone(window)
        self.platform.calls.clear()
        async with world.flows.fetching.store.within(Scope.of_tenant(self.tenant.id)) as work:
            asked, _ = await work.fetches.request(self.tenant.id, self.connection.id, window, now)
        await self.ask("update fetches set due_at = :now where id = :id", now=now, id=asked.id)
        fetch = await self.fetching.read(self.tenant.id, asked.id)
        assert fetch is not None
        await self._judge(fetch, gone_before)
        return fetch

    async def ask(self, statement: str, **values: object) -> Sequence[Mapping[str, Any]]:
        """What the administrator sees."""
        async with self.engine.connect() as connection:
            found = await connection.execute(sa.text(statement), values)
            return [dict(each) for each in found.mappings()] if found.returns_rows else []

    async def _judge(self, fetch: Fetch, gone_before: set[str]) -> None:
        found, calls = self.found, self.platform.calls
        found.readings += 1
        if fetch.reading is not Reading.COMPLETE:
            assert await self._gone(fetch.window) <= gone_before, "only a receipt marks"
            named = (fetch.reading, fetch.problem) == (Reading.WAITING, "UNSTABLE_LIST")
            found.refused += named
            found.silent += not named
            return
        assert fetch.as_of is not None
        as_of = fetch.as_of
        found.receipts += 1
        held = next(listed for moment, listed in calls if moment >= as_of)
        [receipt] = await self.ask("select * from receipts where fetch_id = :id", id=fetch.id)
        found.wrong += bytes(receipt["keys_digest"]) != digest(held) or receipt["rows"] != len(held)
        mirrored, gone = await self._mirrored(fetch.window), await self._gone(fetch.window)
        kept = set.intersection(*[set(listed) for _, listed in calls])
        since = set().union(*[set(listed) for moment, listed in calls if moment >= as_of])
        found.kept += len(kept)
        found.missed += len(kept - (mirrored - gone))
        found.marked += len(gone - gone_before)
        found.falsely += len((gone - gone_before) & set(held)) + len(gone & kept)
        found.overlooked += len(mirrored - gone - since)

    async def _mirrored(self, window: Window) -> set[str]:
        return await self._keys(window, "true")

    async def _gone(self, window: Window) -> set[str]:
        return await self._keys(window, "gone_at is not null")

    async def _keys(self, window: Window, condition: str) -> set[str]:
        table = "received_invoices" if window.side is Side.RECEIVER else "issued_invoices"
        where = f"tenant_id = :tenant and day_from between :first and :last and {condition}"
        statement = f"select key from {table} where {where}"  # noqa: S608 - constants
        days = {"first": window.first_day, "last": window.last_day}
        found = await self.ask(statement, tenant=self.tenant.id, **days)
        keys = {each["key"] for each in found}
        assert len(keys) == len(found)
        return keys


def digest(keys: Sequence[str] | Rows) -> bytes:
    """What a receipt says of these keys."""
    parts = [key.encode() for key in sorted(keys)]
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
