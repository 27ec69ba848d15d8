"""What a sweep finds: fetches whose time has come, lists nobody has read for long, windows that wait."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.connection import Standing
from connector.domain.entitlement import Flag, Verdict
from connector.domain.fetch import SETTLED, Age, Due
from connector.domain.invoice import Side
from connector.ids import ConnectionId, FetchId, ProviderKey, TenantId
from connector.store.tables import metadata
from connector.store.work import PostgresStore
from tests.store.rows import MOMENT, Row, a_row_everywhere, keep


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({"reading": "waiting"}, True),
        ({"reading": "running", "lease_until": MOMENT}, True),
        ({"reading": "running", "lease_until": MOMENT + timedelta(seconds=1)}, False),
        ({"due_at": MOMENT + timedelta(seconds=1)}, False),
        ({"reading": "complete"}, False),
        ({"reading": "failed"}, False),
    ],
)
async def test_a_fetch_is_due_when_it_is_open_its_time_has_come_and_nobody_holds_it(
    store: PostgresStore, administrator: AsyncEngine, company: dict[str, Row], change: dict[str, object], *, due: bool
) -> None:
    fetches = metadata.tables["fetches"]
    async with administrator.begin() as connection:
        await connection.execute(sa.update(fetches).where(fetches.c.id == company["fetches"]["id"]).values(**change))

    found = await store.fetches_due(MOMENT, most=1000)

    assert ((TenantId(company["tenants"]["id"]), FetchId(company["fetches"]["id"])) in found) is due


async def test_the_fetch_that_waits_longest_is_due_first(store: PostgresStore, administrator: AsyncEngine) -> None:
    ids = []
    for minutes in (5, 15, 10):
        waiting = {"reading": "waiting", "lease_until": None, "due_at": MOMENT - timedelta(days=1, minutes=minutes)}
        rows = a_row_everywhere(uuid4().hex, {"fetches": waiting})
        ids.append(rows["fetches"]["id"])
        async with administrator.begin() as connection:
            await keep(connection, rows)

    assert [fetch for _, fetch in await store.fetches_due(MOMENT - timedelta(days=1), most=2)] == [ids[1], ids[2]]


@pytest.mark.parametrize(
    ("standing", "asked", "unread"),
    [
        (Standing.ACTIVE, timedelta(hours=-1), True),
        (Standing.ACTIVE, timedelta(), True),
        (Standing.ACTIVE, timedelta(hours=1), False),
        (Standing.LAPSED, timedelta(hours=-1), False),
        (Standing.AWAITING_CONSENT, timedelta(hours=-1), False),
        (Standing.DISCONNECTED, timedelta(hours=-1), False),
    ],
)
async def test_a_connection_is_unread_when_it_is_active_and_no_fetch_was_asked_since(
    store: PostgresStore, administrator: AsyncEngine, standing: Standing, asked: timedelta, *, unread: bool
) -> None:
    due = Due(ProviderKey(uuid4().hex), Side.RECEIVER, Age.RECENT, since=MOMENT, failed_since=MOMENT, settled_by=MOMENT)
    given: dict[str, dict[str, object]] = {
        "connections": {"standing": standing, "provider": due.provider},
        "fetches": {"requested_at": MOMENT + asked, "side": due.side, "age": due.age},
    }
    rows = a_row_everywhere(uuid4().hex, given)
    async with administrator.begin() as connection:
        await keep(connection, rows)

    found = await store.windows_due([due], MOMENT, most=1000)

    assert ((TenantId(rows["tenants"]["id"]), ConnectionId(rows["connections"]["id"]), due) in found) is unread


async def test_no_more_is_swept_than_was_asked_for(store: PostgresStore, administrator: AsyncEngine) -> None:
    provider = ProviderKey(uuid4().hex)
    async with administrator.begin() as connection:
        for _ in range(2):
            given = {"connections": {"standing": Standing.ACTIVE, "provider": provider}}
            await keep(connection, a_row_everywhere(uuid4().hex, given))
    due = Due(
        provider, Side.RECEIVER, Age.RECENT, since=MOMENT + timedelta(days=1), failed_since=MOMENT, settled_by=MOMENT
    )

    assert len(await store.windows_due([due], MOMENT, most=1000)) == 2
    assert len(await store.windows_due([due], MOMENT, most=1)) == 1
    assert await store.windows_due([], MOMENT, most=1) == []


async def test_what_was_asked_of_one_side_or_age_says_nothing_of_another(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    provider = ProviderKey(uuid4().hex)
    given: dict[str, dict[str, object]] = {
        "connections": {"standing": Standing.ACTIVE, "provider": provider},
        "fetches": {"requested_at": MOMENT, "side": Side.RECEIVER, "age": Age.OLDER},
    }
    async with administrator.begin() as connection:
        await keep(connection, a_row_everywhere(uuid4().hex, given))
    since = MOMENT - timedelta(hours=1)
    schedule = [
        Due(provider, side, age, since=since, failed_since=since, settled_by=MOMENT) for side in Side for age in Age
    ]

    found = [(due.side, due.age) for _, _, due in await store.windows_due(schedule, MOMENT, most=1000)]

    assert found == [(due.side, due.age) for due in schedule if (due.side, due.age) != (Side.RECEIVER, Age.OLDER)]


@pytest.mark.parametrize(("reading", "due"), [("complete", False), ("failed", True), ("waiting", False)])
async def test_old_days_that_failed_are_asked_for_again_before_a_month_has_gone(
    store: PostgresStore, administrator: AsyncEngine, reading: str, *, due: bool
) -> None:
    provider, hour = ProviderKey(uuid4().hex), timedelta(hours=1)
    asked = {"requested_at": MOMENT - 7 * hour, "side": Side.RECEIVER, "age": Age.OLD, "reading": reading}
    active = {"standing": Standing.ACTIVE, "provider": provider}
    async with administrator.begin() as connection:
        await keep(connection, a_row_everywhere(uuid4().hex, {"connections": active, "fetches": asked}))
    since, failed_since = MOMENT - timedelta(days=30), MOMENT - 6 * hour
    old = Due(provider, Side.RECEIVER, Age.OLD, since=since, failed_since=failed_since, settled_by=MOMENT)

    assert (len(await store.windows_due([old], MOMENT, most=1)) == 1) is due


@pytest.mark.parametrize(("ago", "due"), [(timedelta(minutes=59), False), (timedelta(hours=1), True)])
async def test_older_days_wait_until_a_connection_has_settled(
    store: PostgresStore, administrator: AsyncEngine, ago: timedelta, *, due: bool
) -> None:
    provider = ProviderKey(uuid4().hex)
    given: dict[str, dict[str, object]] = {
        "connections": {"standing": Standing.ACTIVE, "provider": provider, "changed_at": MOMENT - ago},
    }
    async with administrator.begin() as connection:
        await keep(connection, a_row_everywhere(uuid4().hex, given))
    older = Due(provider, Side.RECEIVER, Age.OLDER, since=MOMENT, failed_since=MOMENT, settled_by=MOMENT - SETTLED)

    assert (len(await store.windows_due([older], MOMENT, most=1)) == 1) is due


async def test_a_tenant_with_fifty_fetches_waiting_takes_one_place_for_each_of_its_lists(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    """However many it has and however long they have waited, another's is among the first."""
    long_ago = MOMENT - timedelta(days=9)
    busy = a_row_everywhere(uuid4().hex, {"fetches": {"reading": "waiting", "due_at": long_ago, "lease_until": None}})
    calm = a_row_everywhere(uuid4().hex, {"fetches": {"reading": "waiting", "due_at": MOMENT - timedelta(days=8)}})
    calm["fetches"]["lease_until"] = None
    fetches = metadata.tables["fetches"]
    async with administrator.begin() as connection:
        await keep(connection, busy)
        await keep(connection, calm)
        for number in range(1, 50):
            more = {**busy["fetches"], "id": uuid4(), "first_day": date.fromordinal(700_000 + number)}
            await connection.execute(
                sa.insert(fetches).values({**more, "due_at": long_ago + timedelta(seconds=number)})
            )

    found = await store.fetches_due(MOMENT - timedelta(days=8), most=2)

    assert found == [
        (TenantId(busy["tenants"]["id"]), FetchId(busy["fetches"]["id"])),
        (TenantId(calm["tenants"]["id"]), FetchId(calm["fetches"]["id"])),
    ]


async def test_while_one_window_of_a_list_is_read_its_other_windows_are_not_due(
    store: PostgresStore, administrator: AsyncEngine, company: dict[str, Row]
) -> None:
    fetches = metadata.tables["fetches"]
    other = {**company["fetches"], "id": uuid4(), "first_day": date(2025, 1, 1)}
    read = {"reading": "running", "lease_until": MOMENT + timedelta(seconds=1)}
    issued = {**other, **read, "id": uuid4(), "side": Side.ISSUER}
    ours = (TenantId(company["tenants"]["id"]), FetchId(other["id"]))
    async with administrator.begin() as connection:
        await connection.execute(sa.insert(fetches).values([other, issued]))
        due = sa.update(fetches).where(fetches.c.id == company["fetches"]["id"])
        await connection.execute(due.values(due_at=MOMENT + timedelta(days=1)))
    assert ours in await store.fetches_due(MOMENT, most=1000)

    async with administrator.begin() as connection:
        await connection.execute(due.values(**read))
    assert ours not in await store.fetches_due(MOMENT, most=1000)


@pytest.mark.parametrize(
    ("fact", "due"),
    [
        ({"verdict": Verdict.REFUSED, "expires_at": None}, False),
        ({"verdict": Verdict.REFUSED, "expires_at": MOMENT + timedelta(seconds=1)}, False),
        ({"verdict": Verdict.REFUSED, "expires_at": MOMENT}, True),
        ({"verdict": Verdict.UNKNOWN, "expires_at": None}, True),
        ({"verdict": Verdict.GRANTED, "expires_at": None}, True),
        ({"verdict": Verdict.REFUSED, "expires_at": None, "flag": Flag.RECEIVER_PAID_MEMBER}, True),
        ({"verdict": Verdict.REFUSED, "expires_at": None, "provider": "another"}, True),
    ],
)
async def test_what_a_contract_is_known_to_refuse_is_not_asked_for_until_that_is_too_long_ago(
    store: PostgresStore, administrator: AsyncEngine, fact: dict[str, object], *, due: bool
) -> None:
    provider, before = ProviderKey(uuid4().hex), MOMENT - timedelta(hours=1)
    needs = (Flag.ISSUER_PAID_MEMBER, Flag.API_OPTION)
    issued = Due(provider, Side.ISSUER, Age.RECENT, since=MOMENT, failed_since=MOMENT, settled_by=MOMENT, needs=needs)
    given: dict[str, dict[str, object]] = {
        "connections": {"standing": Standing.ACTIVE, "provider": provider},
        "fetches": {"requested_at": before, "side": Side.ISSUER, "age": Age.RECENT, "reading": "complete"},
        "entitlements": {"provider": provider, "flag": Flag.ISSUER_PAID_MEMBER, **fact},
    }
    async with administrator.begin() as connection:
        await keep(connection, a_row_everywhere(uuid4().hex, given))

    assert (len(await store.windows_due([issued], MOMENT, most=2)) == 1) is due
