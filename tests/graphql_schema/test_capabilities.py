"""`capabilities` says what works for a tenant at each provider and, where something does not, why and who acts."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from connector.domain.access import Scope
from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Standing
from connector.domain.entitlement import Capability, Flag
from connector.store.tables import breakers
from tests.graphql_schema.graph import Company, Graph, of_the_request, statements
from tests.store.companies import an_invoice
from tests.store.databases import engine_as
from tests.world import GRANTED, INFOMART, ON_BOTH_SIDES

TOLD = "provider capability works obstacle flag whoActs what whatJa action actionJa"
OF_TENANT = f"query ($id: ID!) {{ tenant(id: $id) {{ capabilities {{ {TOLD} }} }} }}"
OF_CONNECTION = f"query ($id: ID!) {{ tenant(id: $id) {{ connections {{ provider capabilities {{ {TOLD} }} }} }} }}"
OF_ALL = (
    f"{{ tenants {{ edges {{ node {{ capabilities {{ {TOLD} }} connections {{ capabilities {{ works }} }} }} }} }} }}"
)


async def told(graph: Graph, company: Company) -> dict[str, dict[str, Any]]:
    """What the tenant's capabilities say, by capability; its connections say the same."""
    of_tenant = await graph.ask(OF_TENANT, company.key, id=company.graph_id)
    of_connection = await graph.ask(OF_CONNECTION, company.key, id=company.graph_id)
    assert "errors" not in of_tenant, of_tenant
    found: list[dict[str, Any]] = of_tenant["data"]["tenant"]["capabilities"]
    assert of_connection["data"]["tenant"]["connections"] == [{"provider": "infomart", "capabilities": found}]
    return {each["capability"]: each for each in found}


async def test_a_tenant_on_the_receiver_side_is_told_what_works_and_who_can_order_the_rest(graph: Graph) -> None:
    company = await graph.a_company(declared=GRANTED)

    found = await told(graph, company)

    assert set(found) == {each.name for each in Capability}
    assert found["READ_RECEIVED_INVOICES"] == {
        "provider": "infomart",
        "capability": "READ_RECEIVED_INVOICES",
        "works": True,
        "obstacle": None,
        "flag": None,
        "whoActs": "NOBODY",
        "what": "It works.",
        "whatJa": "利用できます。",
        "action": "There is nothing to do.",
        "actionJa": "することはありません。",
    }
    issued = found["READ_ISSUED_INVOICES"]
    assert (issued["works"], issued["obstacle"], issued["flag"], issued["whoActs"]) == (
        False,
        "CONTRACT",
        "ISSUER_PAID_MEMBER",
        "TENANT",
    )
    assert "(issuer_paid_member)" in issued["what"]
    assert "発行側の有料会員" in issued["whatJa"]
    assert "connector tenants declare" in issued["actionJa"]


async def test_what_is_said_to_work_is_answered_and_what_is_said_not_to_is_refused(graph: Graph) -> None:
    """The words of `capabilities` and the guards of the lists come from the same needs and facts."""
    for declared in ({}, GRANTED, ON_BOTH_SIDES, {**ON_BOTH_SIDES, Flag.API_OPTION: False}):
        company = await graph.a_company([an_invoice()], declared=declared)
        found = await told(graph, company)
        for field, capability in (
            ("receivedInvoices", Capability.READ_RECEIVED_INVOICES),
            ("issuedInvoices", Capability.READ_ISSUED_INVOICES),
        ):
            document = f"query ($id: ID!) {{ tenant(id: $id) {{ {field} {{ totalCount }} }} }}"
            answer = await graph.ask(document, company.key, id=company.graph_id)
            assert found[capability.name]["works"] is (answer["data"]["tenant"][field] is not None)


async def test_a_contract_of_which_nothing_is_known_is_for_us_to_find_out(graph: Graph) -> None:
    found = await told(graph, await graph.a_company(declared={}))

    assert {(each["obstacle"], each["whoActs"]) for each in found.values()} == {("CONTRACT", "WE")}


async def test_a_tenant_whose_connection_ended_must_connect_again(graph: Graph) -> None:
    company = await graph.a_company(declared=ON_BOTH_SIDES)
    async with graph.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
        await work.connections.put(replace(company.connection, standing=Standing.LAPSED))

    found = await told(graph, company)

    assert {(each["works"], each["obstacle"], each["whoActs"]) for each in found.values()} == {
        (False, "CONNECTION", "TENANT")
    }
    assert all("createOnboardingLink" in each["action"] for each in found.values())


async def test_a_tenant_that_never_connected_is_told_to(graph: Graph) -> None:
    company = await graph.a_company(declared=ON_BOTH_SIDES)
    async with engine_as(graph.database_url) as engine, engine.begin() as admin:
        gone = sa.text("delete from connections where tenant_id = :tenant")
        await admin.execute(gone, {"tenant": company.tenant.id})

    answer = await graph.ask(OF_TENANT, company.key, id=company.graph_id)

    found = answer["data"]["tenant"]["capabilities"]
    assert {(each["obstacle"], each["whoActs"]) for each in found} == {("CONNECTION", "TENANT")}
    assert {each["whatJa"] for each in found} == {"このテナントには、有効な連携がありません。"}


async def test_while_the_provider_is_in_maintenance_it_is_said_to_be_away(graph: Graph) -> None:
    company, now = await graph.a_company(declared=ON_BOTH_SIDES), graph.clock.now()
    breaker = Breaker(
        provider=INFOMART, trouble=Trouble.MAINTENANCE, opened_at=now, open_until=now + timedelta(hours=1)
    )
    async with graph.installation.store.within(Scope(partner_id=None, tenant_id=None)) as work:
        await work.breakers.open(breaker)
    try:
        found = await told(graph, company)
    finally:
        async with engine_as(graph.database_url) as engine, engine.begin() as admin:
            await admin.execute(sa.delete(breakers))

    assert {(each["obstacle"], each["whoActs"]) for each in found.values()} == {("PROVIDER_AWAY", "PROVIDER")}
    assert {each["what"] for each in found.values()} == {"The provider is in maintenance."}


async def test_the_capabilities_of_many_tenants_cost_as_many_statements_as_those_of_one(graph: Graph) -> None:
    counts = []
    for tenants in (1, 9):
        partner, key = await graph.a_partner()
        for place in range(tenants):
            await graph.joined(partner, f"{place}")
        await graph.ask("{ __typename }", key)
        with statements() as sent:
            answer = await graph.ask(OF_ALL, key)
        assert len(answer["data"]["tenants"]["edges"]) == tenants
        counts.append(len(of_the_request(sent)))

    assert counts[0] == counts[1]
