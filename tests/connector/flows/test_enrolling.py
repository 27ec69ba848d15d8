"""An operator adds partners and tenants, by names that can be printed, and declares only what is known."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy as sa

from connector.domain.access import Partner, Scope
from connector.domain.entitlement import Flag, Source, Verdict
from connector.errors import InvalidInput, NotFound
from connector.flows.enrolling import Enrolling
from connector.ids import PartnerId, ProviderKey
from connector.store.tables import partners, tenants
from tests.conftest import Cluster
from tests.graphql_schema.graph import Graph, graph_in
from tests.store.databases import engine_as
from tests.world import INFOMART


@pytest.fixture(scope="module")
async def graph(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[Graph]:
    async with graph_in(shared_database_url, cluster.redis_url, kek) as running:
        yield running


@pytest.fixture
def enrolling(graph: Graph) -> Enrolling:
    return graph.installation.flows.enrolling


@pytest.fixture
async def partner(enrolling: Enrolling) -> Partner:
    return await enrolling.add_partner("株式会社サンプルソフト")


async def enrolled(graph: Graph) -> tuple[int, int]:
    """How many partners and tenants there are."""
    async with engine_as(graph.database_url) as engine, engine.connect() as connection:
        counts = [
            (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            for table in (partners, tenants)
        ]
    return counts[0], counts[1]


NO_NAMES = ["", "   ", "\u3000\u3000", "\t\n", "a" * 201, "上\n下", "a\x00b", "bell\x07", "hidden\u202ename", "\ud800"]


@pytest.mark.parametrize("name", NO_NAMES, ids=range(len(NO_NAMES)))
async def test_a_name_that_cannot_be_printed_is_refused_and_nothing_is_added(
    graph: Graph, enrolling: Enrolling, partner: Partner, name: str
) -> None:
    before = await enrolled(graph)

    with pytest.raises(InvalidInput) as refusal:
        await enrolling.add_partner(name)
    assert (refusal.value.path, refusal.value.reason) == (["name"], "a name has 1 to 200 printable characters")
    with pytest.raises(InvalidInput):
        await enrolling.add_tenant(partner.id, name, provider=INFOMART, declared={})

    assert await enrolled(graph) == before


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  株式会社\u3000湊 ", "株式会社\u3000湊"),
        ("\u3000湊\u3000", "湊"),
        ("a" * 200, "a" * 200),
        ("ｶﾅ\U0001f41f", "ｶﾅ\U0001f41f"),
    ],
)
async def test_a_name_is_kept_as_it_was_given_without_the_blanks_around_it(
    enrolling: Enrolling, given: str, kept: str
) -> None:
    assert (await enrolling.add_partner(given)).name == kept


async def test_a_tenant_that_was_added_may_be_invited_and_is_not_the_partners_to_read_yet(
    graph: Graph, enrolling: Enrolling, partner: Partner
) -> None:
    tenant = await enrolling.add_tenant(partner.id, "甲", provider=INFOMART, declared={Flag.API_OPTION: True})

    async with graph.installation.store.within(Scope.of_partner(partner.id)) as work:
        assert await work.directory.tenant(tenant.id) == tenant
        assert await work.entitlements.of_tenants([tenant.id]) == {}
    async with graph.installation.store.within(Scope.of_tenant(tenant.id)) as work:
        await work.directory.accept(tenant.id, partner.id, graph.clock.now())
    async with graph.installation.store.within(Scope.of_partner(partner.id)) as work:
        assert set(await work.entitlements.of_tenants([tenant.id])) == {tenant.id}


async def test_what_the_operator_declares_is_known_and_what_he_does_not_mention_is_not(
    graph: Graph, enrolling: Enrolling, partner: Partner
) -> None:
    declared = {Flag.API_OPTION: True, Flag.RECEIVER_WORKFLOW: False}
    tenant = await enrolling.add_tenant(partner.id, "甲", provider=INFOMART, declared=declared)

    async with graph.installation.store.within(Scope.of_tenant(tenant.id)) as work:
        facts = (await work.entitlements.of_tenants([tenant.id]))[tenant.id]

    assert [(fact.provider, fact.flag, fact.verdict) for fact in facts] == [
        (INFOMART, Flag.API_OPTION, Verdict.GRANTED),
        (INFOMART, Flag.RECEIVER_WORKFLOW, Verdict.REFUSED),
    ]
    assert {(fact.source, fact.observed_at, fact.expires_at) for fact in facts} == {
        (Source.DECLARED, tenant.created_at, None)
    }


async def test_a_tenant_of_nobody_or_of_an_unknown_provider_is_not_added(
    graph: Graph, enrolling: Enrolling, partner: Partner
) -> None:
    before = await enrolled(graph)

    with pytest.raises(NotFound) as nobody:
        await enrolling.add_tenant(PartnerId(uuid4()), "甲", provider=INFOMART, declared={})
    with pytest.raises(InvalidInput) as nowhere:
        await enrolling.add_tenant(partner.id, "甲", provider=ProviderKey("nowhere"), declared={})

    assert nobody.value.noun == "partner"
    assert nowhere.value.path == ["provider"]
    assert await enrolled(graph) == before


async def test_two_partners_may_have_one_name_and_stay_two(enrolling: Enrolling) -> None:
    first, second = [await enrolling.add_partner("同名") for _ in range(2)]

    assert first.id != second.id
