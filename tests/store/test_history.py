"""What history tells is what looks saw, and everything it claims is true of the walk that nobody saw whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.fetch import LEASE, FetchedPage, Receipt, Window
from connector.domain.history import Change, Observation, Sight, history
from connector.domain.invoice import InvoiceFilter, Side, Stage
from connector.store.work import PostgresStore
from tests.store.companies import NOW, Company, a_company, an_invoice

WINDOW = Window(date(2026, 3, 31), date(2026, 3, 31))
SIGHTS: list[Sight] = [(Stage.AWAITING_FIRST_APPROVAL, 50), (Stage.RETURNED, 59), (Stage.APPROVED, 71), None]
FIRST = SIGHTS[0]


@dataclass(frozen=True, slots=True)
class Look:
    """When it was asked for and answered, and what it saw in between."""

    asked_at: datetime
    answered_at: datetime
    sight: Sight


def walked(steps: Sequence[tuple[int, Sight]]) -> list[tuple[datetime, Sight]]:
    """Where the invoice stands, and from when: from the start at its first stage."""
    moment, walk = NOW, [(NOW, FIRST)]
    for seconds, sight in steps:
        moment += timedelta(seconds=seconds)
        walk.append((moment, sight))
    return walk


def within(walk: Sequence[tuple[datetime, Sight]], first: datetime, last: datetime) -> list[Sight]:
    """Everything it stood at between two moments, in order."""
    before = [sight for since, sight in walk if since <= first]
    return [before[-1], *[sight for since, sight in walk if first < since <= last]]


def look_at(walk: Sequence[tuple[datetime, Sight]], times: Sequence[tuple[int, int, int]]) -> list[Look]:
    """Looks one after another, each of which saw one moment between its asking and its answer."""
    moment, looks = NOW, []
    for apart, takes, saw in times:
        asked_at = moment + timedelta(seconds=apart)
        moment = asked_at + timedelta(seconds=takes)
        seen = within(walk, NOW, asked_at + timedelta(seconds=min(saw, takes)))[-1]
        looks.append(Look(asked_at, moment, seen))
    return looks


def told_by(looks: Sequence[Look]) -> list[Observation]:
    """What these looks, and nothing else, allow anybody to say."""
    seen: list[Observation] = []
    for before, look in pairwise([None, *looks]):
        assert look is not None
        if not seen:
            seen += [Observation(look.sight, None, look.answered_at)] if look.sight else []
        elif seen[-1].sight != look.sight:
            assert before is not None
            seen.append(Observation(look.sight, before.asked_at, look.answered_at))
    return seen


async def written(store: PostgresStore, company: Company, look: Look) -> None:
    """One look, as a fetch writes it."""
    owner, told = uuid4(), []
    if look.sight is not None:
        told = [an_invoice(stage=look.sight[0], stage_code=look.sight[1], day=WINDOW.first_day)]
    async with store.within(company.scope) as work:
        fetch, _ = await work.fetches.request(company.tenant, company.connection.id, WINDOW, look.asked_at)
        assert await work.fetches.claim(fetch.id, owner, look.asked_at, look.answered_at + LEASE) is not None
        page = FetchedPage(
            1, [each.key for each in told], last=True, asked_at=look.asked_at, answered_at=look.answered_at
        )
        assert await work.fetches.turn_page(fetch.id, owner, page, look.answered_at)
        await work.mirror.put(company.connection, told, look.answered_at, asked_at=look.asked_at, window=WINDOW)
        receipt = Receipt(
            fetch_id=fetch.id,
            in_pass=1,
            passes=1,
            pages=1,
            rows=len(told),
            keys_digest=b"",
            as_of=look.asked_at,
            answered_at=look.answered_at,
            completed_at=look.answered_at,
        )
        assert await work.fetches.complete(receipt, owner)
        await work.mirror.mark_gone(fetch, receipt)


async def history_of(store: PostgresStore, company: Company) -> Sequence[Observation]:
    async with store.within(company.scope) as work:
        held = [
            each
            for gone in (False, True)
            for each in (
                await work.mirror.invoices(Side.RECEIVER, company.tenant, InvoiceFilter(gone=gone), first=9, after=None)
            ).items
        ]
        if not held:
            return []
        [invoice] = held
        changes = await work.mirror.changes(Side.RECEIVER, [invoice.id])
    now = None if invoice.gone_at else (invoice.stage, invoice.stage_code)
    return history(now, invoice.first_seen_at, changes.get(invoice.id, ()))


@settings(max_examples=15, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(1, 40), st.sampled_from(SIGHTS)), max_size=12),
    times=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=7),
)
async def test_everything_history_claims_was_seen_and_is_true_of_the_walk(
    store: PostgresStore, steps: list[tuple[int, Sight]], times: list[tuple[int, int, int]]
) -> None:
    company, walk = await a_company(store), walked(steps)
    looks = look_at(walk, times)
    for look in looks:
        await written(store, company, look)

    told = await history_of(store, company)

    assert [(each.sight, each.not_after) for each in told] == [(each.sight, each.not_after) for each in told_by(looks)]
    for before, after in pairwise(told):
        assert before.sight != after.sight
        assert after.not_before is not None
        assert after.not_before < after.not_after
        # In that order, with whatever else between: the one stage was left and the other reached within the gap.
        gap = within(walk, after.not_before, after.not_after)
        assert before.sight in gap
        assert after.sight in gap[gap.index(before.sight) :]
    for before, each, seen in zip(told, told[1:], told_by(looks)[1:], strict=False):
        # After an absence the gap begins with the first look that missed it, which is what the mark remembers.
        missed = [look.asked_at for look in looks if look.answered_at == before.not_after]
        assert each.not_before == (missed[0] if before.sight is None else seen.not_before)


async def test_two_steps_between_two_looks_are_one_change_with_an_unknown_middle(store: PostgresStore) -> None:
    company = await a_company(store)
    minute = timedelta(minutes=1)
    first = Look(NOW, NOW + minute / 60, SIGHTS[0])
    last = Look(NOW + 10 * minute, NOW + 10 * minute + minute / 60, SIGHTS[2])
    same = Look(NOW + 5 * minute, NOW + 5 * minute + minute / 60, SIGHTS[0])
    for look in (first, same, last):
        await written(store, company, look)
    assert await history_of(store, company) == [
        Observation(SIGHTS[0], None, first.answered_at),
        Observation(SIGHTS[2], same.asked_at, last.answered_at),
    ]


async def test_a_change_of_anything_but_the_stage_is_no_observation(store: PostgresStore) -> None:
    company = await a_company(store)
    for subject in ("三月分", "三月分（訂正）"):
        async with store.within(company.scope) as work:
            await work.mirror.put(company.connection, [an_invoice(subject=subject)], NOW, window=WINDOW)
    assert len(await history_of(store, company)) == 1


CHANGED = Change(SIGHTS[0], SIGHTS[1], NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("now", "first_seen_at", "told"),
    [
        (SIGHTS[1], NOW, [(SIGHTS[0], None, 0), (SIGHTS[1], 0, 1)]),
        # emptied and filled again: it is first seen later than it was known to change
        (SIGHTS[1], NOW + timedelta(hours=9), [(SIGHTS[0], None, 1), (SIGHTS[1], 0, 1)]),
        (SIGHTS[2], NOW + timedelta(hours=9), [(SIGHTS[0], None, 1), (SIGHTS[1], 0, 1), (SIGHTS[2], 0, 9)]),
    ],
)
def test_a_mirror_that_was_emptied_and_filled_again_widens_a_gap_and_makes_nothing_up(
    now: Sight, first_seen_at: datetime, told: list[tuple[Sight, int | None, int]]
) -> None:
    hours = [
        Observation(sight, None if since is None else NOW + timedelta(hours=since), NOW + timedelta(hours=until))
        for sight, since, until in told
    ]
    assert history(now, first_seen_at, [CHANGED]) == hours
