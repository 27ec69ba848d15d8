"""Tenants: those a key may act for, oldest first, and anything with an id found again by it."""

from typing import Any
from uuid import uuid4

import pytest

from connector.ids import ConnectionId, FetchId, InvoiceId, TenantId
from tests.graphql_schema.graph import (
    Company,
    Graph,
    connection_id,
    fetch_id,
    invoice_id,
    statements,
    tenant_id,
)
from tests.store.companies import Company as Stored
from tests.store.companies import a_fetch, an_invoice

TENANTS = """query ($first: Int, $after: String, $filter: TenantFilter) {
    tenants(first: $first, after: $after, filter: $filter) {
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { id name } } } }"""
NODE = """query ($id: ID!) { node(id: $id) { __typename id
    ... on Tenant { name } ... on ProviderConnection { provider standing }
    ... on ReceivedInvoice { key raw } ... on Fetch { reading firstDay } } }"""
TENANT = "query ($id: ID!) { tenant(id: $id) { id name connections { id } fetches { id } entitlements { flag } } }"


async def listed(graph: Graph, key: Any, **variables: object) -> dict[str, Any]:
    told = await graph.ask(TENANTS, key, **{"first": 50, **variables})
    assert "errors" not in told, told
    page: dict[str, Any] = told["data"]["tenants"]
    return page


def names(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["name"] for edge in page["edges"]]


async def test_tenants_are_listed_oldest_first_page_by_page_while_others_join(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    for name in "甲乙丙丁":
        await graph.joined(partner, name)
    first = await listed(graph, key, first=2)
    await graph.joined(partner, "戊")
    second = await listed(graph, key, first=2, after=first["pageInfo"]["endCursor"])
    third = await listed(graph, key, first=2, after=second["pageInfo"]["endCursor"])

    assert [names(page) for page in (first, second, third)] == [["甲", "乙"], ["丙", "丁"], ["戊"]]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second, third)] == [True, True, False]
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, second, third)] == [False, True, True]


@pytest.mark.parametrize(
    ("name", "found"),
    [("%", ["50%"]), ("_", ["a_b"]), ("\\", ["a\\b"]), ("", ["50%", "a_b", "a\\b"]), (None, ["50%", "a_b", "a\\b"])],
)
async def test_tenants_are_sought_by_part_of_their_name(graph: Graph, name: str | None, found: list[str]) -> None:
    partner, key = await graph.a_partner()
    for each in ("50%", "a_b", "a\\b"):
        await graph.joined(partner, each)

    assert names(await listed(graph, key, filter={"name": name})) == found


async def test_a_tenant_that_was_only_invited_shows_its_name_and_nothing_of_its_business(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    tenant = await graph.invited(partner, "招待中")

    told = await graph.ask(TENANT, key, id=tenant_id(tenant.id))

    assert told["data"]["tenant"] == {
        "id": tenant_id(tenant.id),
        "name": "招待中",
        "connections": [],
        "fetches": [],
        "entitlements": [],
    }


async def test_many_tenants_cost_as_many_statements_as_one(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    for number in range(8):
        await graph.joined(partner, str(number))
    document = """query ($first: Int!) { tenants(first: $first) { edges { node {
        name connections { provider } entitlements { flag } } } } }"""
    await graph.ask("{ __typename }", key)
    counts = []
    for first in (1, 8):
        with statements() as sent:
            told = await graph.ask(document, key, first=first)
        assert len(told["data"]["tenants"]["edges"]) == first
        counts.append(len(sent))

    assert counts == [6, 6]


@pytest.fixture(scope="module")
async def everything(graph: Graph) -> tuple[Company, dict[str, str]]:
    """A company, and the id of one of each thing it has."""
    company = await graph.a_company()
    tenant = company.tenant.id
    (invoice,) = await graph.mirror(company, [an_invoice("1001")])
    fetch = await a_fetch(graph.installation.store, Stored(company.partner.id, tenant, company.connection))
    return company, {
        "Tenant": tenant_id(tenant),
        "ProviderConnection": connection_id(tenant, company.connection.id),
        "ReceivedInvoice": invoice,
        "Fetch": fetch_id(tenant, fetch.id),
    }


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Tenant", {"name": "株式会社湊"}),
        ("ProviderConnection", {"provider": "infomart", "standing": "ACTIVE"}),
        ("ReceivedInvoice", {"key": "1001", "raw": {"invoice_mng_num": "1001"}}),
        ("Fetch", {"reading": "WAITING", "firstDay": "2026-03-01"}),
    ],
)
async def test_anything_with_an_id_is_found_again_by_it(
    graph: Graph, everything: tuple[Company, dict[str, str]], kind: str, told: dict[str, Any]
) -> None:
    company, ids = everything

    answer = await graph.ask(NODE, company.key, id=ids[kind])

    assert answer == {"data": {"node": {"__typename": kind, "id": ids[kind], **told}}}


def strange_ids(ids: dict[str, str]) -> list[str]:
    """Texts that name nothing: damaged, of another kind, of another length, or of a thing that never was."""
    kinds = {text.partition("_")[0]: text.partition("_")[2] for text in ids.values()}
    mixed = [f"{kind}_{content}" for kind in kinds for other, content in kinds.items() if other != kind]
    damaged = [each for text in ids.values() for each in (text[:-1], text + "A", text.upper(), text.replace("_", "-"))]
    never = [
        tenant_id(TenantId(uuid4())),
        connection_id(TenantId(uuid4()), ConnectionId(uuid4())),
        invoice_id(TenantId(uuid4()), InvoiceId(uuid4())),
        fetch_id(TenantId(uuid4()), FetchId(uuid4())),
    ]
    return [*mixed, *damaged, *never, "", "_", "ten_", "ten_ten", "nothing_AAAA", "鍵", "ten_\x00", " " * 1000, "1"]


async def test_a_text_that_names_nothing_is_null_and_no_error(
    graph: Graph, everything: tuple[Company, dict[str, str]]
) -> None:
    company, ids = everything
    for text in strange_ids(ids):
        assert await graph.ask(NODE, company.key, id=text) == {"data": {"node": None}}, text
        assert await graph.ask(TENANT, company.key, id=text) == {"data": {"tenant": None}}, text


async def test_a_thing_is_not_found_under_another_tenants_id(
    graph: Graph, everything: tuple[Company, dict[str, str]]
) -> None:
    company, ids = everything
    sister = await graph.joined(company.partner, "姉妹会社")
    (fetch,) = (await graph.ask(TENANT, company.key, id=ids["Tenant"]))["data"]["tenant"]["fetches"]
    assert fetch["id"] == ids["Fetch"]

    assert await graph.ask(NODE, company.key, id=connection_id(sister.id, company.connection.id)) == {
        "data": {"node": None}
    }
