"""A list that moves while its pages are read: nothing is missed, nothing falsely marked, and no receipt is a guess."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connector.domain.access import Scope
from connector.domain.fetch import FetchedPage, Reading, Window, patience
from connector.domain.invoice import Side
from connector.flows import fetching
from connector.flows.tallying import MOST_PASSES, Ruling, Tally, Whole
from connector.ids import InvoiceId
from tests.connector.flows.bench import joined, rows, value
from tests.connector.flows.drifting import FIRST_DAY, Court, Verdicts
from tests.connector.flows.shared import anew
from tests.world import ON_BOTH_SIDES, World

DAYS = Window(FIRST_DAY, FIRST_DAY + timedelta(days=2))


_WHOLE = Whole(frozenset(), 1, 1, datetime.now(UTC), datetime.now(UTC), in_one_answer=False)


class OnePass(Tally):
    """The planted mistake: a pass that came to its end is taken for the whole, whatever moved meanwhile."""

    def add(self, page: FetchedPage) -> Ruling:
        ruling = super().add(page)
        if page.last and self.whole is None:
            keys = frozenset(self._pass.keys) | set(page.keys)
            self.whole = replace(_WHOLE, keys=keys, pages=page.number, as_of=page.asked_at)
        return Ruling.WHOLE if page.last else ruling


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@asynccontextmanager
async def a_court(world: World, *, seed: int = 1, side: Side = Side.RECEIVER) -> AsyncIterator[Court]:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0, declared=ON_BOTH_SIDES, seller_paid=True)
    await world.read_all(tenant)
    async with Court.of(world, tenant, seed=seed, side=side) as court:
        yield court


def just(found: Verdicts) -> bool:
    return not (found.wrong or found.missed or found.falsely or found.silent or found.overlooked)


@pytest.mark.parametrize("side", Side)
async def test_no_row_is_missed_or_falsely_marked_and_what_moves_too_much_is_refused_with_its_reason(
    world: World, side: Side
) -> None:
    async with a_court(world, seed=7, side=side) as court:
        for number in range(5):
            await court.run(number)
        assert just(court.found), court.found
        assert court.found.readings == 15
        assert court.found.refused > 0
        assert court.found.receipts > 5
        assert court.found.marked > 0
        other = "issued_invoices" if side is Side.RECEIVER else "received_invoices"
        assert await value(world, f"select count(*) from {other} where tenant_id = :t", t=court.tenant.id) == 0  # noqa: S608


async def test_one_pass_only_would_have_been_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "Tally", OnePass)
    async with a_court(world, seed=7) as court:
        for number in range(5):
            await court.run(number)
        assert court.found.wrong > 0
        assert court.found.missed > 0
        assert court.found.falsely > 0


async def test_a_list_that_never_rests_is_given_up_waits_longer_each_time_and_says_why(world: World) -> None:
    async with a_court(world) as court:
        court.platform.fill("restless", DAYS, 300)
        for stumbles in range(3):
            court.platform.losing = True
            fetch = await court.read(DAYS)
            assert (fetch.reading, fetch.problem, fetch.stumbles) == (Reading.WAITING, "UNSTABLE_LIST", stumbles + 1)
            assert fetch.in_pass == MOST_PASSES * (stumbles + 1) + 1
            waits = fetch.due_at - world.clock.now()
            assert patience(stumbles) - timedelta(seconds=30) < waits <= patience(stumbles)
            assert fetch.rows > 0  # what was read is true, and stands in the mirror
        assert await value(world, "select count(*) from receipts where fetch_id = :id", id=fetch.id) == 0
        court.platform.losing = False
        assert (await court.read(DAYS)).problem is None


async def test_an_invoice_that_left_is_marked_and_comes_back_when_it_is_listed_again(world: World) -> None:
    async with a_court(world) as court:
        court.platform.fill("coming", DAYS, 120)
        await court.read(DAYS)
        [(key, day)] = court.platform.listed[50:51]
        court.platform.listed.remove((key, day))
        await court.read(DAYS)
        told = "select id, gone_at, changed_at from received_invoices where tenant_id = :t and key = :k"
        [gone] = await rows(world, told, t=court.tenant.id, k=key)
        assert gone["gone_at"] is not None
        assert (
            await value(
                world, "select count(*) from received_invoices where gone_at is not null and key like 'coming%'"
            )
            == 1
        )

        court.platform.listed.append((key, day))
        fetch = await court.read(DAYS)
        [back] = await rows(world, told, t=court.tenant.id, k=key)
        assert (back["id"], back["gone_at"]) == (gone["id"], None)
        assert back["changed_at"] > gone["changed_at"]
        assert (fetch.rows, fetch.reading) == (120, Reading.COMPLETE)
        async with world.flows.fetching.store.within(Scope.of_tenant(court.tenant.id)) as work:
            [left, came] = (await work.mirror.changes(Side.RECEIVER, [InvoiceId(back["id"])]))[InvoiceId(back["id"])]
        assert (left.after, came.before, came.after) == (None, None, left.before)
        assert left.not_before < left.not_after
        assert left.not_before < gone["gone_at"] == came.not_before < came.not_after


async def test_a_window_marks_only_what_lies_within_its_days(world: World) -> None:
    async with a_court(world) as court:
        court.platform.fill("wide", DAYS, 130)
        await court.read(DAYS)
        narrow = Window(DAYS.first_day, DAYS.first_day)
        court.platform.window, court.platform.listed = narrow, []
        await court.read(narrow)
        statement = "select day_from, gone_at is not null as gone from received_invoices where tenant_id = :t"
        found = {(each["day_from"], each["gone"]) for each in await rows(world, statement, t=court.tenant.id)}
        assert found == {(DAYS.first_day + timedelta(days=days), days == 0) for days in range(3)}
