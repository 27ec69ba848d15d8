"""A token that our own key does not open is renewed where that can be, named and counted where not, and comes back."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from connector.domain.access import Tenant
from connector.domain.connection import Cause, Standing
from connector.errors import CannotOpen, Unavailable
from connector.flows.unsealing import Unreadable
from tests.connector.flows.bench import connection_of, joined, later, rows
from tests.connector.flows.renewals import swept, token, token_calls
from tests.connector.flows.shared import anew
from tests.connector.flows.shreds import another
from tests.world import World, graph_id

ASK = "query ($t: ID!) { tenant(id: $t) { connections { standing cause explanation { whoActs why } } } }"


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=0)


async def damage(world: World, tenant: Tenant, column: str) -> None:
    """One bit of the newest grant's ciphertext is not what it was."""
    flipped = f"set_byte({column}, 40, get_byte({column}, 40) # 1)"
    statement = (
        f"update grants set {column} = {flipped} where id ="  # noqa: S608 - columns of ours
        " (select grant_id from connections where tenant_id = :t)"
    )
    await rows(world, statement, t=tenant.id)


async def found(world: World, tenant: Tenant) -> Sequence[Unreadable]:
    """What is counted of this tenant."""
    counted = await world.flows.unsealing.unreadable()
    return [each for each in counted if each.connection.tenant_id == tenant.id]


async def key_of(world: World, tenant: Tenant) -> UUID:
    [row] = await rows(world, "select id from data_keys where tenant_id = :t", t=tenant.id)
    key: UUID = row["id"]
    return key


async def fails(world: World, tenant: Tenant) -> CannotOpen:
    """Why a process that holds no key yet gets no token."""
    connection = await connection_of(world, tenant)
    async with another(world) as cold:
        with pytest.raises(CannotOpen) as failure:
            await cold.flows.upkeep.access_token(tenant.id, connection.id)
    return failure.value


async def test_a_damaged_access_token_is_renewed_since_its_refresh_token_opens(world: World, tenant: Tenant) -> None:
    first = await token(world, tenant)
    await damage(world, tenant, "access_sealed")
    second = await token(world, tenant)

    assert second.text != first.text
    assert token_calls(world) == 1
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
    assert await found(world, tenant) == []

    # What is damaged again and again is not renewed again and again.
    await damage(world, tenant, "access_sealed")
    with pytest.raises(Unavailable):
        await token(world, tenant)
    assert token_calls(world) == 1
    later(world, timedelta(minutes=5, seconds=1))
    await token(world, tenant)
    assert token_calls(world) == 2


async def test_a_grant_that_is_damaged_whole_is_named_and_counted_and_nothing_is_asked_with_it(
    world: World, tenant: Tenant
) -> None:
    await damage(world, tenant, "access_sealed")
    await damage(world, tenant, "refresh_sealed")
    with pytest.raises(CannotOpen):
        await token(world, tenant)

    [counted] = await found(world, tenant)
    assert (counted.connection.standing, counted.connection.cause) == (Standing.UNREADABLE, Cause.TOKEN_DAMAGED)
    assert counted.key_id == await key_of(world, tenant)
    assert token_calls(world) == 0


async def test_a_key_that_is_gone_is_named_and_the_connection_comes_back_with_it(world: World, tenant: Tenant) -> None:
    [kept] = await rows(world, "select * from data_keys where tenant_id = :t", t=tenant.id)
    await rows(world, "delete from data_keys where tenant_id = :t", t=tenant.id)
    later(world, timedelta(minutes=4))
    await fails(world, tenant)

    [counted] = await found(world, tenant)
    assert (counted.connection.cause, counted.key_id) == (Cause.KEY_MISSING, kept["id"])
    [told] = (await world.ask(ASK, t=graph_id(tenant)))["data"]["tenant"]["connections"]
    assert (told["standing"], told["cause"]) == ("UNREADABLE", "KEY_MISSING")
    why = "The tenant's data key is not in the database."
    assert told["explanation"] == {"whoActs": "OPERATOR", "why": why}

    await rows(world, "insert into data_keys values (:tenant_id, :id, :kek_id, :wrapped, true, :created_at)", **kept)
    later(world, timedelta(minutes=10))
    await swept(world)
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
    assert await found(world, tenant) == []


async def test_a_key_wrapped_by_another_key_encryption_key_is_told_apart_and_comes_back(
    world: World, tenant: Tenant
) -> None:
    [kept] = await rows(world, "select * from data_keys where tenant_id = :t", t=tenant.id)
    older = await joined(world, f"tenant-{uuid4()}", invoices=0)  # the sample at start is the newest key's
    assert older != tenant
    await rows(world, "update data_keys set wrapped = :w where id = :id", w=bytes(60), id=kept["id"])
    later(world, timedelta(minutes=4))
    await fails(world, tenant)
    [counted] = await found(world, tenant)
    assert (counted.connection.cause, counted.key_id) == (Cause.KEY_NOT_UNWRAPPED, kept["id"])

    await rows(world, "update data_keys set wrapped = :w where id = :id", w=kept["wrapped"], id=kept["id"])
    later(world, timedelta(minutes=10))
    await swept(world)
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
