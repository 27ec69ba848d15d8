"""Nothing comes into use, and nobody gains anything, before a person has said yes for the second time."""

import asyncio

import pytest

from connector.domain.access import Scope, Tenant
from connector.errors import ConsentEnded, InvalidInput, NotFound
from connector.ids import ConnectionId, ProviderKey, TenantId, new_id
from connector.secret import Secret
from tests.connector.site.walking import (
    NOTHING,
    ONE_OF_EACH,
    PFID,
    TOKEN_CALLS,
    activated,
    administer,
    assert_refused,
    database,
    invited,
    progress,
    read,
    somebody,
)
from tests.world import INFOMART, World, graph_id

INVOICES = "query ($tenant: ID!) { tenant(id: $tenant) { receivedInvoices(first: 1) { totalCount } } }"
DONE = "連携が完了しました"


async def test_a_walk_given_up_before_the_last_yes_leaves_nothing_in_use_and_starts_over(world: World) -> None:
    tenant, link = await invited(world)
    async with somebody() as person:
        await person.come_back(link)
    assert await progress(world) == ["redeemed"]
    assert await activated(world) == NOTHING
    assert await world.read_all(tenant) == []
    ((connection,),) = await administer(world, "select id from connections")
    with pytest.raises(ConsentEnded):
        await world.flows.upkeep.access_token(tenant.id, ConnectionId(connection))  # type: ignore[arg-type]  # a uuid

    async with somebody() as person:
        assert DONE in " ".join(read(await person.join(link)).words)
    assert await progress(world) == ["redeemed", "confirmed"]
    assert await activated(world) == ONE_OF_EACH
    assert [fetch.rows for fetch in await world.read_all(tenant)] == [3]


async def test_the_last_yes_said_twice_or_ten_times_at_once_activates_once(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        address = await person.come_back(link)
        page = await person.open(address)
        pressed = await asyncio.gather(*(person.press(page) for _ in range(10)))
        assert [each.status_code for each in pressed] == [303] * 10
        before = await database(world)
        again = await person.press(page)
        assert (again.status_code, again.headers["location"]) == (303, pressed[0].headers["location"])
        assert DONE in " ".join(read(await person.open(address)).words)
    assert await database(world) == before
    assert await activated(world) == ONE_OF_EACH
    assert len(world.twin.ledger(*TOKEN_CALLS)) == 1


async def test_a_second_consent_replaces_the_first_only_when_it_is_confirmed(world: World) -> None:
    tenant, link = await invited(world)
    async with somebody() as person:
        await person.join(link)
        ((connection, first),) = await administer(world, "select id, grant_id from connections")
        again = await person.come_back(await world.link(tenant))

        async def in_use() -> object:
            return (await world.flows.upkeep.access_token(tenant.id, ConnectionId(connection))).grant_id  # type: ignore[arg-type]  # a uuid

        assert await administer(world, "select standing, grant_id from connections") == [("active", first)]
        assert await in_use() == first
        assert [fetch.rows for fetch in await world.read_all(tenant)] == [3]

        await person.confirm(again)
        ((active, second),) = await administer(world, "select standing, grant_id from connections")
        assert active == "active"
        assert second != first
        assert await in_use() == second
    assert await administer(world, "select count(*) from grants") == [(2,)]
    assert len(world.twin.ledger("token_issued")) == 2


async def test_a_denied_or_broken_second_consent_leaves_the_first_in_use(world: World) -> None:
    tenant, link = await invited(world)
    async with somebody() as person:
        await person.join(link)
        before = await administer(world, "select standing, grant_id, consent_ends_at from connections")
        page = await person.open(await person.deny(await person.start(await world.link(tenant))))
        assert page.status_code == 400
    assert await administer(world, "select standing, grant_id, consent_ends_at from connections") == before


async def test_a_second_partner_reads_a_company_s_invoices_only_once_the_company_has_said_yes(world: World) -> None:
    tenant, link = await invited(world)
    second, its_key = await world.another_partner("株式会社よその会社")
    async with somebody() as person:
        await person.join(link)
        await world.read_all(tenant)
        async with world.flows.enrolling.store.within(Scope.of_tenant(tenant.id)) as work:
            await work.directory.invite(tenant.id, second.id, world.clock.now())

        address = await person.come_back(await world.link(tenant, second))
        refused = await world.ask(INVOICES, its_key, tenant=graph_id(tenant))
        assert (await read_by(world, world.key, tenant), refused["data"]) == (3, {"tenant": {"receivedInvoices": None}})
        assert [error["extensions"]["code"] for error in refused["errors"]] == ["NOT_ENTITLED"]
        accepted = "select partner_id from acceptances where accepted_at is not null"
        assert await administer(world, accepted) == [(world.partner.id,)]

        await person.confirm(address)
    assert sorted(await administer(world, accepted)) == sorted([(world.partner.id,), (second.id,)])
    assert (await read_by(world, world.key, tenant), await read_by(world, its_key, tenant)) == (3, 3)


async def read_by(world: World, key: Secret, tenant: Tenant) -> int:
    """How many of the tenant's invoices this key reads."""
    answer = await world.ask(INVOICES, key, tenant=graph_id(tenant))
    count: int = answer["data"]["tenant"]["receivedInvoices"]["totalCount"]
    return count


async def test_a_link_that_ran_out_between_the_two_consents_activates_nothing(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        address = await person.come_back(link)
        page = await person.open(address)
        await administer(world, "update onboarding_links set withdrawn_at = now()")
        before = await database(world)
        assert_refused(await person.press(page), 410, "LINK_UNUSABLE", "この招待リンクは取り消されています。")
    assert await database(world) == before
    assert await activated(world) == NOTHING


async def test_nobody_makes_a_link_for_a_tenant_of_another_partner_or_an_unknown_provider(world: World) -> None:
    tenant = await world.enrol("株式会社湊待食堂")
    stranger, _ = await world.another_partner("株式会社よその会社")
    onboarding, mine = world.flows.onboarding, Scope.of_partner(world.partner.id)
    before = await database(world)
    for scope, whom in (
        (Scope.of_partner(stranger.id), tenant.id),
        (mine, TenantId(new_id())),
        (Scope.of_tenant(tenant.id), tenant.id),
    ):
        with pytest.raises(NotFound):
            await onboarding.invite(scope, whom, INFOMART)
    with pytest.raises(InvalidInput):
        await onboarding.invite(mine, tenant.id, ProviderKey("nope"))
    assert await database(world) == before


async def test_two_people_of_one_company_who_walk_at_once_end_with_one_connection(world: World) -> None:
    tenant, link = await invited(world)
    second = await world.link(tenant)
    async with somebody() as one, somebody() as other:
        pages = await asyncio.gather(one.join(link), other.join(second))
    assert [DONE in " ".join(read(page).words) for page in pages] == [True, True]
    assert await activated(world) == {**ONE_OF_EACH, "used_links": 2}
    assert [fetch.rows for fetch in await world.read_all(tenant)] == [3]
    assert {entry["pfid"] for entry in world.twin.ledger("token_issued")} == {PFID}
