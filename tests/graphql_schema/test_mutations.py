"""Writes: what is done, and how an expected failure is said without anything having been done."""

from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from connector.ids import TenantId
from connector.store.tables import fetches, onboarding_links
from tests.graphql_schema.graph import Company, Graph, tenant_id
from tests.store.databases import engine_as

ERRORS = "userErrors { code path message messageJa remedy remedyJa retryable }"
INVITE = f"""mutation ($tenant: ID!, $provider: String!) {{
    createOnboardingLink(input: {{tenantId: $tenant, provider: $provider}}) {{
        link {{ url provider expiresAt }} {ERRORS} }} }}"""
READ_NOW = f"""mutation ($tenant: ID!) {{ requestFetch(input: {{tenantId: $tenant}}) {{
    fetches {{ id reading pages rows problem finishedAt }} {ERRORS} }} }}"""


async def invite(graph: Graph, company: Company, tenant: str, provider: str = "infomart") -> dict[str, Any]:
    told = await graph.ask(INVITE, company.key, tenant=tenant, provider=provider)
    payload: dict[str, Any] = told["data"]["createOnboardingLink"]
    return payload


async def read_now(graph: Graph, company: Company, tenant: str) -> dict[str, Any]:
    payload: dict[str, Any] = (await graph.ask(READ_NOW, company.key, tenant=tenant))["data"]["requestFetch"]
    return payload


async def written(graph: Graph, tenant: TenantId) -> tuple[int, int]:
    """How many links and fetches there are for the tenant."""
    async with engine_as(graph.database_url) as engine, engine.connect() as connection:
        counts = [
            (
                await connection.execute(
                    sa.select(sa.func.count()).select_from(table).where(table.c.tenant_id == tenant)
                )
            ).scalar_one()
            for table in (onboarding_links, fetches)
        ]
    return counts[0], counts[1]


@pytest.fixture(scope="module")
async def company(graph: Graph) -> Company:
    return await graph.a_company()


async def test_a_link_is_made_for_a_tenant_that_was_invited_and_its_secret_is_nowhere_in_the_database(
    graph: Graph, company: Company
) -> None:
    tenant = await graph.invited(company.partner, "招待中")

    payload = await invite(graph, company, tenant_id(tenant.id))

    assert payload["userErrors"] == []
    assert payload["link"]["provider"] == "infomart"
    address, _, secret = payload["link"]["url"].rpartition("/")
    assert address == "http://127.0.0.1/connect"
    assert len(secret) == 43
    assert await written(graph, tenant.id) == (1, 0)
    async with engine_as(graph.database_url) as engine, engine.connect() as connection:
        rows = (await connection.execute(sa.text("select onboarding_links::text from onboarding_links"))).scalars()
        assert not any(secret in row or secret.encode().hex() in row for row in rows)


async def test_a_reading_is_asked_for_once_however_often_it_is_asked(graph: Graph) -> None:
    company = await graph.a_company()

    first, second = [await read_now(graph, company, company.graph_id) for _ in range(2)]

    assert first == second
    (fetch,) = first["fetches"]
    assert {**fetch, "id": ""} == {
        "id": "",
        "reading": "WAITING",
        "pages": 0,
        "rows": 0,
        "problem": None,
        "finishedAt": None,
    }
    assert first["userErrors"] == []
    assert await written(graph, company.tenant.id) == (0, 1)


async def test_a_tenant_without_an_active_connection_is_said_to_have_none_and_nothing_is_asked(
    graph: Graph, company: Company
) -> None:
    tenant = await graph.invited(company.partner, "招待中")

    payload = await read_now(graph, company, tenant_id(tenant.id))

    assert [(error["code"], error["path"], error["retryable"]) for error in payload["userErrors"]] == [
        ("NOT_CONNECTED", [], False)
    ]
    assert payload["fetches"] == []
    assert await written(graph, tenant.id) == (0, 0)


NOT_FOUND = {
    "code": "NOT_FOUND",
    "path": [],
    "message": "No such tenant within this key's scope.",
    "messageJa": "テナント が見つかりません。",
    "remedy": "Check the id and which tenants this key may act for.",
    "remedyJa": "IDと、そのAPIキーで扱える範囲を確認してください。",
    "retryable": False,
}


@pytest.mark.parametrize("whose", ["nobody's", "another partner's", "no id", "another kind", "empty"])
async def test_a_tenant_that_is_not_the_partners_is_answered_as_one_that_does_not_exist_and_nothing_is_done(
    graph: Graph, company: Company, whose: str
) -> None:
    foreign = await graph.a_company()
    tenant = {
        "nobody's": tenant_id(TenantId(uuid4())),
        "another partner's": foreign.graph_id,
        "no id": "x",
        "another kind": foreign.graph_id.replace("ten_", "con_"),
        "empty": "",
    }[whose]

    assert await invite(graph, company, tenant) == {"link": None, "userErrors": [NOT_FOUND]}
    assert await read_now(graph, company, tenant) == {"fetches": [], "userErrors": [NOT_FOUND]}
    assert await written(graph, foreign.tenant.id) == (0, 0)


@pytest.mark.parametrize("provider", ["nowhere", "", "INFOMART", "infomart ", "\x00", "invox", "x" * 10_000])
async def test_a_provider_that_is_none_is_refused_by_the_name_of_its_input_and_nothing_is_done(
    graph: Graph, provider: str
) -> None:
    company = await graph.a_company()

    payload = await invite(graph, company, company.graph_id, provider)

    assert payload["link"] is None
    (error,) = payload["userErrors"]
    assert (error["code"], error["path"], error["retryable"]) == ("INVALID_INPUT", ["provider"], False)
    assert "infomart" in error["message"]
    assert error["messageJa"] != error["message"]
    assert await written(graph, company.tenant.id) == (0, 0)


async def test_a_wish_to_read_stands_in_the_database_where_the_next_sweep_finds_it(
    graph: Graph, company: Company
) -> None:
    tenant = await graph.joined(company.partner, "甲")

    assert len((await read_now(graph, company, tenant_id(tenant.id)))["fetches"]) == 1

    due = await graph.installation.store.fetches_due(graph.clock.now(), most=1000)
    assert tenant.id in {each for each, _ in due}
