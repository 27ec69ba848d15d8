"""What the clock finds: connections nobody has read for hours, and fetches nobody has heard of."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from connector.domain.fetch import Reading
from connector.errors import Unavailable
from connector.ids import FetchId, TenantId
from connector.twins.infomart.faults import Kind
from tests.connector.flows.bench import joined, later, rows, trouble, value
from tests.connector.flows.readers import Bell
from tests.connector.flows.shared import anew
from tests.world import ON_BOTH_SIDES, World


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


async def swept(world: World, bell: Bell) -> list[tuple[TenantId, FetchId]]:
    return list(await replace(world.flows.fetching, doorbell=bell).sweep())


async def fetches_of(world: World, tenant: TenantId) -> int:
    recent = "select count(*) from fetches where tenant_id = :tenant and age = 'recent'"
    counted: int = await value(world, recent, tenant=tenant)
    return counted


async def test_an_open_fetch_that_nobody_holds_is_rung_for_until_it_is_read(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=1)
    first, second, third = Bell(), Bell(), Bell()
    assert await swept(world, first) == []
    assert await swept(world, second) == []
    assert [each for each, _ in first.heard].count(tenant.id) == 1
    assert [each for each, _ in second.heard].count(tenant.id) == 1

    [fetch] = await world.read_all(tenant)
    assert fetch.reading is Reading.COMPLETE
    await swept(world, third)
    assert tenant.id not in [each for each, _ in third.heard]


async def test_a_fetch_that_is_put_off_is_not_rung_for_before_its_time(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=1)
    trouble(world, Kind.HTTP_503)
    [fetch] = await world.read_all(tenant)
    assert fetch.reading is Reading.WAITING
    for ahead, rung in ((0, 0), (110, 0), (15, 1)):
        later(world, timedelta(seconds=ahead))
        bell = Bell()
        await swept(world, bell)
        assert bell.heard.count((tenant.id, fetch.id)) == rung


async def test_a_connection_is_asked_for_again_every_six_hours(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=1)
    await world.read_all(tenant)
    later(world, timedelta(hours=5, minutes=59))
    await swept(world, Bell())
    assert await fetches_of(world, tenant.id) == 1

    later(world, timedelta(minutes=2))
    bell = Bell()
    await swept(world, bell)
    await swept(world, Bell())
    assert await fetches_of(world, tenant.id) == 2
    assert [each for each, _ in bell.heard].count(tenant.id) == 1


async def test_the_schedule_asks_for_each_side_that_no_contract_refuses_and_an_issuers_days_reach_ahead(
    world: World,
) -> None:
    both = await joined(world, f"tenant-{uuid4()}", invoices=1, declared=ON_BOTH_SIDES, seller_paid=True)
    one = await joined(world, f"tenant-{uuid4()}", invoices=1)
    for tenant in (both, one):
        assert {fetch.reading for fetch in await world.read_all(tenant)} == {Reading.COMPLETE}
    later(world, timedelta(hours=7))
    await swept(world, Bell())

    asked = "select side, age from fetches where tenant_id = :tenant and reading = 'waiting' order by side, age"
    found = {
        tenant.name: [(row["side"], row["age"]) for row in await rows(world, asked, tenant=tenant.id)]
        for tenant in (both, one)
    }
    ages = ["old", "older", "recent"]
    assert found == {
        both.name: [(side, age) for side in ("issuer", "receiver") for age in ages],
        one.name: [("receiver", age) for age in ages],
    }
    days = (
        "select distinct side, last_day - first_day as days from fetches where tenant_id = :tenant and age = 'recent'"
    )
    spans = {row["side"]: row["days"] for row in await rows(world, days, tenant=both.id)}
    assert spans == {"issuer": 362, "receiver": 62}  # no longer than a provider may refuse [IM-52]


async def test_a_connection_that_lapsed_is_not_asked_for(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=1)
    await world.read_all(tenant)
    await rows(world, "update connections set standing = 'lapsed' where tenant_id = :tenant", tenant=tenant.id)
    later(world, timedelta(hours=7))
    await swept(world, Bell())
    assert await fetches_of(world, tenant.id) == 1


async def test_one_connection_at_a_provider_we_no_longer_know_keeps_nobody_else_waiting(world: World) -> None:
    odd, sound = [await joined(world, f"tenant-{uuid4()}", invoices=1) for _ in range(2)]
    for tenant in (odd, sound):
        await world.read_all(tenant)
    await rows(world, "update connections set provider = 'gone' where tenant_id = :tenant", tenant=odd.id)
    later(world, timedelta(hours=7))
    bell = Bell()
    await swept(world, bell)
    await rows(world, "update connections set standing = 'disconnected' where tenant_id = :tenant", tenant=odd.id)
    assert await fetches_of(world, odd.id) == 1
    assert [each for each, _ in bell.heard].count(sound.id) == 1


async def test_without_a_bell_the_sweep_gives_back_all_that_is_due_and_tries_the_bell_once(world: World) -> None:
    tenants = {(await joined(world, f"tenant-{uuid4()}", invoices=1)).id for _ in range(3)}
    bell = Bell(works=False)
    unheard = await swept(world, bell)
    assert bell.rung == 1
    assert tenants <= {tenant for tenant, _ in unheard}

    for tenant, fetch in unheard:
        await world.flows.fetching.read(tenant, fetch)
    assert not tenants & {tenant for tenant, _ in await swept(world, Bell(works=False))}


async def test_a_sweep_without_a_database_says_so(world: World) -> None:
    class Gone:
        """A store out of reach."""

        async def windows_due(self, *_: object, **__: object) -> None:
            raise Unavailable

    with pytest.raises(Unavailable):
        await replace(world.flows.fetching, store=Gone()).sweep()  # type: ignore[arg-type]  # only one question is asked
