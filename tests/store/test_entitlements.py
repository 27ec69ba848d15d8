"""What is known of a contract is the newest observation of each flag."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.ids import ProviderKey
from connector.store.work import PostgresStore
from tests.store.companies import NOW, PROVIDER, Company, a_company

DECLARED = Entitlement(
    provider=PROVIDER,
    flag=Flag.API_OPTION,
    verdict=Verdict.GRANTED,
    source=Source.DECLARED,
    observed_at=NOW,
    expires_at=None,
)
REFUTED = replace(DECLARED, verdict=Verdict.REFUSED, source=Source.REFUTED, expires_at=NOW + timedelta(days=1))


async def recorded(store: PostgresStore, company: Company, *facts: Entitlement) -> Sequence[Entitlement]:
    for fact in facts:
        async with store.within(company.scope) as work:
            await work.entitlements.record(company.tenant, [fact])
    async with store.within(company.scope) as work:
        return (await work.entitlements.of_tenants([company.tenant])).get(company.tenant, ())


@pytest.mark.parametrize(
    ("passed", "kept"), [(timedelta(seconds=-1), DECLARED), (timedelta(), REFUTED), (timedelta(seconds=1), REFUTED)]
)
async def test_a_newer_observation_takes_the_place_of_an_older_and_never_the_other_way_round(
    store: PostgresStore, passed: timedelta, kept: Entitlement
) -> None:
    refuted = replace(REFUTED, observed_at=NOW + passed)

    told = await recorded(store, await a_company(store), DECLARED, refuted)

    assert told == [DECLARED if kept is DECLARED else refuted]


async def test_observations_that_arrive_in_any_order_at_once_leave_the_newest(store: PostgresStore) -> None:
    company = await a_company(store)
    observed = [replace(DECLARED, observed_at=NOW + timedelta(seconds=7 * each % 20)) for each in range(20)]

    await asyncio.gather(*[recorded(store, company, fact) for fact in observed])

    assert [fact.observed_at for fact in await recorded(store, company)] == [NOW + timedelta(seconds=19)]


async def test_each_flag_of_each_provider_is_known_by_itself(store: PostgresStore) -> None:
    facts = [
        DECLARED,
        replace(DECLARED, flag=Flag.RECEIVER_PAID_MEMBER, verdict=Verdict.UNKNOWN),
        replace(DECLARED, provider=ProviderKey("another"), verdict=Verdict.REFUSED),
    ]

    told = await recorded(store, await a_company(store), *facts)

    assert told == [facts[2], facts[0], facts[1]]


async def test_a_tenant_of_which_nothing_is_known_is_absent_and_so_is_another_partners(store: PostgresStore) -> None:
    known, unknown, foreign = [await a_company(store) for _ in range(3)]
    await recorded(store, known, DECLARED)
    await recorded(store, foreign, DECLARED)

    async with store.within(known.scope) as work:
        await work.entitlements.record(known.tenant, [])
        told = await work.entitlements.of_tenants([known.tenant, unknown.tenant, foreign.tenant])

    assert told == {known.tenant: [DECLARED]}
