"""Tokens are kept usable by one renewal at a time; none is lost by us, and nobody is declared dead by mistake."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from connector.bootstrap import opened
from connector.domain.access import Tenant
from connector.domain.connection import Grant, Standing
from connector.domain.sealing import DataKey, Seat
from connector.errors import CannotOpen, NotFound, OutcomeUnknown, Unavailable
from connector.flows.upkeep import Upkeep
from connector.ids import DataKeyId, GrantId, TenantId
from connector.ports import Sealer, Vault
from connector.secret import Secret
from connector.twins.infomart.faults import Fault, Kind
from connector.twins.infomart.ledger import fingerprint
from tests.connector.flows.bench import administrator, connection_of, joined, later, rows
from tests.connector.flows.renewals import of_connection, refresh_text, rotations, swept, token, token_calls
from tests.connector.flows.shared import anew
from tests.world import World

FOUR_MINUTES, LEASE = timedelta(minutes=4), timedelta(seconds=90)
LINEAGE = "select * from grants where tenant_id = :tenant order by obtained_at"


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def tenant(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=0)


async def test_a_token_is_used_for_four_of_its_five_minutes(world: World, tenant: Tenant) -> None:
    first = await token(world, tenant)
    later(world, FOUR_MINUTES - timedelta(seconds=5))
    assert {(await token(world, tenant)).text.reveal() for _ in range(10)} == {first.text.reveal()}
    assert rotations(world) == 0

    later(world, timedelta(seconds=6))
    second = await token(world, tenant)
    assert second.text != first.text
    assert second.grant_id != first.grant_id
    assert rotations(world) == 1
    assert world.twin.ledger("token_rotated")[0]["access_token"] == fingerprint(second.text.reveal())
    assert (await token(world, tenant)).text == second.text


@asynccontextmanager
async def installations(world: World, number: int) -> AsyncIterator[list[Upkeep]]:
    """As many processes' worth of upkeep, with nothing in common but the database."""
    async with AsyncExitStack() as stack:
        yield [
            (await stack.enter_async_context(opened(world.settings, clock=world.clock))).flows.upkeep
            for _ in range(number)
        ]


async def test_fifty_callers_here_and_four_installations_elsewhere_cost_one_renewal_and_share_its_token(
    world: World, tenant: Tenant
) -> None:
    connection = await connection_of(world, tenant)
    later(world, FOUR_MINUTES)
    world.twin.world.faults.add(Fault("token", Kind.DELAY, seconds=0.3))
    async with installations(world, 4) as others:
        asking = [each.access_token(tenant.id, connection.id) for each in [world.flows.upkeep] * 50 + others * 5]
        tokens = await asyncio.gather(*asking)

    assert len({each.text.reveal() for each in tokens}) == 1
    assert len({each.grant_id for each in tokens}) == 1
    assert rotations(world) == token_calls(world) - 1 == 1  # the delay is in the ledger as well
    assert world.twin.ledger("token_rotated")[0]["access_token"] == fingerprint(tokens[0].text.reveal())


async def test_a_token_turned_down_is_renewed_once_however_many_were_turned_down_with_it(
    world: World, tenant: Tenant
) -> None:
    first = await token(world, tenant)
    renewed = await asyncio.gather(*[token(world, tenant, refused=first.grant_id) for _ in range(10)])
    assert len({each.text.reveal() for each in renewed}) == 1
    assert renewed[0].text != first.text
    assert rotations(world) == 1


async def test_each_renewal_adds_to_the_lineage_and_changes_nothing_that_stands_there(
    world: World, tenant: Tenant
) -> None:
    connection = await connection_of(world, tenant)
    seen = await rows(world, LINEAGE, tenant=tenant.id)
    for _ in range(4):
        later(world, FOUR_MINUTES)
        newest = await token(world, tenant)
        now = await rows(world, LINEAGE, tenant=tenant.id)
        assert now[:-1] == seen
        assert now[-1]["id"] == newest.grant_id
        assert now[-1]["parent_id"] == seen[-1]["id"]
        seen = now

    assert seen[0]["parent_id"] is None
    assert len({each["refresh_sealed"] for each in seen}) == 5
    assert await of_connection(world, tenant, "grant_id") == seen[-1]["id"]
    assert await of_connection(world, tenant, "consent_ends_at") == seen[-1]["refresh_ends_at"]
    assert await of_connection(world, tenant, "attempt") == 4
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
    assert (await refresh_text(world, connection)).reveal().encode() not in b"".join(
        bytes(each["refresh_sealed"]) for each in seen
    )


async def test_no_transaction_stays_open_while_the_provider_is_waited_for(world: World, tenant: Tenant) -> None:
    later(world, FOUR_MINUTES)
    world.twin.world.faults.add(Fault("token", Kind.DELAY, seconds=0.6))
    asking = asyncio.create_task(token(world, tenant))
    looks, idle = 0, []
    async with administrator(world) as admin:
        while not asking.done():
            await asyncio.sleep(0.05)
            if world.twin.ledger("fault_struck") and not asking.done():
                found = await admin.exec_driver_sql(
                    "select query from pg_stat_activity where datname = current_database()"
                    " and state like 'idle in transaction%%' and now() - state_change > interval '200 ms'"
                )
                idle += found.all()
                looks += 1
    await asking
    assert idle == []
    assert looks >= 5


class StandsStill:
    """A vault during whose work the machine stands still for as long as a lease lasts."""

    def __init__(self, real: Vault, world: World) -> None:
        self._real, self._world = real, world

    async def look_over(self, owner: UUID) -> None:
        await self._real.look_over(owner)

    async def prepare(self, tenant: TenantId) -> Sealer:
        later(self._world, LEASE)
        return await self._real.prepare(tenant)

    async def seal(self, secret: Secret, seat: Seat) -> bytes:
        return await self._real.seal(secret, seat)

    async def open(self, sealed: bytes, seat: Seat) -> Secret:
        return await self._real.open(sealed, seat)

    async def put_back(self, key: DataKey) -> bool:
        return await self._real.put_back(key)

    def key_of(self, sealed: bytes, seat: Seat) -> DataKeyId:
        return self._real.key_of(sealed, seat)

    async def replace_key(self, tenant: TenantId, before: DataKeyId) -> DataKeyId:
        return await self._real.replace_key(tenant, before)

    def digest(self, purpose: str, text: Secret) -> bytes:
        return self._real.digest(purpose, text)


async def test_a_renewer_that_stood_still_until_its_lease_was_over_asks_for_nothing(
    world: World, tenant: Tenant
) -> None:
    later(world, FOUR_MINUTES)
    upkeep = world.flows.upkeep
    still = replace(upkeep.renewing, vault=StandsStill(upkeep.vault, world))
    connection = await connection_of(world, tenant)
    with pytest.raises(Unavailable):
        await replace(upkeep, renewing=still).access_token(tenant.id, connection.id)
    assert token_calls(world) == 0
    await token(world, tenant)
    assert rotations(world) == 1


async def test_a_caller_who_is_told_to_stop_finishes_the_renewal_it_began(world: World, tenant: Tenant) -> None:
    later(world, FOUR_MINUTES)
    world.twin.world.faults.add(Fault("token", Kind.DELAY, seconds=0.4))
    asking = asyncio.create_task(token(world, tenant))
    while not world.twin.ledger("fault_struck"):
        assert not asking.done()
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking

    kept = await token(world, tenant)
    assert rotations(world) == 1
    assert world.twin.ledger("token_rotated")[0]["access_token"] == fingerprint(kept.text.reveal())
    assert await of_connection(world, tenant, "renewal_id") is None


async def test_an_old_ciphertext_put_back_does_not_open_and_nothing_is_asked_with_it(
    world: World, tenant: Tenant
) -> None:
    later(world, FOUR_MINUTES)
    await token(world, tenant)
    old, new = await rows(world, LINEAGE, tenant=tenant.id)
    await rows(
        world, "update grants set refresh_sealed = :sealed where id = :id", sealed=old["refresh_sealed"], id=new["id"]
    )
    later(world, FOUR_MINUTES)
    with pytest.raises(CannotOpen) as failure:
        await token(world, tenant)
    assert failure.value.purpose == "refresh_token"
    assert token_calls(world) == 1
    assert (await connection_of(world, tenant)).standing is Standing.UNREADABLE
    assert await of_connection(world, tenant, "renewal_id") is None

    # What was there before is put back, and found again without anybody's help.
    await rows(
        world, "update grants set refresh_sealed = :sealed where id = :id", sealed=new["refresh_sealed"], id=new["id"]
    )
    later(world, timedelta(minutes=10))
    await swept(world)
    assert (await connection_of(world, tenant)).standing is Standing.ACTIVE
    assert token_calls(world) == 2


async def test_a_consent_that_could_never_be_renewed_is_not_begun(world: World, tenant: Tenant) -> None:
    connection = await connection_of(world, tenant)
    grant = Grant(Secret("A"), None, world.clock.now(), None)
    with pytest.raises(OutcomeUnknown):
        await world.flows.upkeep.seal(connection, grant, grant_id=GrantId(uuid4()))


async def test_a_connection_is_its_own_tenants_only(world: World, tenant: Tenant) -> None:
    stranger = await world.enrol("よその会社")
    connection = await connection_of(world, tenant)
    with pytest.raises(NotFound):
        await world.flows.upkeep.access_token(stranger.id, connection.id)
    assert token_calls(world) == 0
