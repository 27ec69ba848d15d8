"""Who is who: partners, their tenants in order, and keys known by their digest only."""

from datetime import timedelta

import pytest

from connector.domain.access import ApiKey, Partner, Permission, Scope, Tenant
from connector.ids import PartnerId, TenantId, new_id, new_key_id
from connector.store.work import PostgresStore
from tests.store.companies import NOW, a_company


async def a_partner(store: PostgresStore, *tenants: Tenant) -> Partner:
    """A partner that may invite these tenants."""
    partner = Partner(id=PartnerId(new_id()), name="株式会社サンプルソフト")
    async with store.within(Scope.of_partner(partner.id)) as work:
        await work.directory.add_partner(partner)
    for tenant in tenants:
        async with store.within(Scope.of_tenant(tenant.id)) as work:
            await work.directory.add_tenant(tenant)
            await work.directory.invite(tenant.id, partner.id, NOW)
    return partner


def a_tenant(name: str, *, minutes: int = 0) -> Tenant:
    return Tenant(id=TenantId(new_id()), name=name, created_at=NOW + timedelta(minutes=minutes))


async def listed(store: PostgresStore, scope: Scope, name: str | None = None) -> list[Tenant]:
    async with store.within(scope) as work:
        return list((await work.directory.tenants(first=100, after=None, name=name)).items)


async def test_tenants_are_walked_oldest_first_and_those_of_one_moment_are_neither_repeated_nor_skipped(
    store: PostgresStore,
) -> None:
    tenants = [a_tenant(str(number), minutes=number // 4) for number in range(10)]
    partner = await a_partner(store, *reversed(tenants))
    walked: list[Tenant] = []
    more = True
    while more:
        after = (walked[-1].created_at, walked[-1].id) if walked else None
        async with store.within(Scope.of_partner(partner.id)) as work:
            page = await work.directory.tenants(first=3, after=after, name=None)
        assert page.more_before is (after is not None)
        walked += page.items
        more = page.more_after

    assert walked == sorted(tenants, key=lambda tenant: (tenant.created_at, tenant.id.bytes))


@pytest.mark.parametrize(
    ("sought", "found"),
    [
        ("%", ["100%"]),
        ("_", ["a_b"]),
        ("\\", ["a\\b"]),
        ("A", ["a_b", "a\\b", "acme"]),
        ("湊", ["株式会社湊"]),
        ("", ["100%", "a_b", "a\\b", "acme", "株式会社湊"]),
        ("nobody", []),
    ],
)
async def test_tenants_are_sought_by_part_of_their_name_letter_for_letter(
    store: PostgresStore, sought: str, found: list[str]
) -> None:
    tenants = [a_tenant(name) for name in ("100%", "a_b", "a\\b", "acme", "株式会社湊")]
    partner = await a_partner(store, *tenants)

    assert sorted(each.name for each in await listed(store, Scope.of_partner(partner.id), sought)) == sorted(found)


async def test_a_partner_lists_its_own_tenants_and_a_narrowed_scope_lists_one(store: PostgresStore) -> None:
    first, second, foreign = a_tenant("甲"), a_tenant("乙", minutes=1), a_tenant("丙")
    partner = await a_partner(store, first, second)
    await a_partner(store, foreign)
    scope = Scope.of_partner(partner.id)

    assert await listed(store, scope) == [first, second]
    assert await listed(store, scope.narrowed(second.id)) == [second]
    assert await listed(store, scope.narrowed(foreign.id)) == []
    assert await listed(store, scope.narrowed(first.id).narrowed(second.id)) == []


async def test_inviting_or_accepting_again_changes_nothing(store: PostgresStore) -> None:
    company = await a_company(store)
    async with store.within(company.scope) as work:
        await work.directory.invite(company.tenant, company.partner, NOW + timedelta(days=1))
        await work.directory.accept(company.tenant, company.partner, NOW + timedelta(days=1))

    async with store.within(Scope.of_partner(company.partner)) as work:
        assert (await work.connections.of_tenants([company.tenant]))[company.tenant] == [company.connection]


async def test_a_key_comes_back_as_it_was_written_and_ends_once(store: PostgresStore) -> None:
    partner, stranger = await a_partner(store), await a_partner(store)
    key = ApiKey(
        id=new_key_id(),
        partner_id=partner.id,
        tenant_id=None,
        name="会計ソフト",
        digest=b"digest",
        permissions=[Permission.READ, Permission.FETCH],
        created_at=NOW,
        expires_at=NOW + timedelta(days=90),
        revoked_at=None,
    )
    async with store.within(Scope.of_partner(partner.id)) as work:
        await work.directory.add_key(key)
        assert await work.directory.key(key.id) == key

    async with store.within(Scope.of_partner(stranger.id)) as work:
        assert await work.directory.key(key.id) is None
        assert not await work.directory.revoke_key(key.id, NOW)
    async with store.within(Scope.of_partner(partner.id)) as work:
        assert await work.directory.revoke_key(key.id, NOW + timedelta(days=1))
        assert not await work.directory.revoke_key(key.id, NOW + timedelta(days=2))
        ended = await work.directory.key(key.id)

    assert ended is not None
    assert ended.revoked_at == NOW + timedelta(days=1)


async def test_what_is_outside_the_scope_reads_as_what_does_not_exist(store: PostgresStore) -> None:
    partner, stranger = await a_partner(store, tenant := a_tenant("甲")), await a_partner(store)

    async with store.within(Scope.of_partner(stranger.id)) as work:
        assert await work.directory.partner(partner.id) is None
        assert await work.directory.tenant(tenant.id) is None
        assert await work.directory.partner(PartnerId(new_id())) is None
        assert await work.directory.partner(stranger.id) == stranger
