"""What a field requires is checked before anything is read, and the refusal names what is missing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.access import Permission, Scope
from connector.domain.entitlement import Entitlement, Flag, Source, Verdict
from connector.ids import ProviderKey
from connector.store.tables import received_invoices
from tests.graphql_schema.graph import Company, Graph, statements
from tests.store.companies import an_invoice
from tests.world import GRANTED, INFOMART

LIST = "query ($id: ID!) { tenant(id: $id) { name receivedInvoices { totalCount edges { node { key } } } } }"
NODE = "query ($id: ID!) { node(id: $id) { ... on ReceivedInvoice { key raw } } }"


async def asked(graph: Graph, company: Company, document: str = LIST, **variables: str) -> tuple[dict[str, Any], bool]:
    """The answer, and whether a statement touched the mirror on the way."""
    with statements() as sent:
        told = await graph.ask(document, company.key, **{"id": company.graph_id, **variables})
    return told, any(received_invoices.name in each for each in sent)


def refusal(told: dict[str, Any]) -> dict[str, Any]:
    (error,) = told["errors"]
    return {**error["extensions"], "path": error["path"]}


@pytest.mark.parametrize(
    ("declared", "flag"),
    [
        ({**GRANTED, Flag.API_OPTION: False}, Flag.API_OPTION),
        ({**GRANTED, Flag.RECEIVER_PAID_MEMBER: False}, Flag.RECEIVER_PAID_MEMBER),
        ({Flag.RECEIVER_PAID_MEMBER: True}, Flag.API_OPTION),
        ({Flag.API_OPTION: True}, Flag.RECEIVER_PAID_MEMBER),
        ({}, Flag.RECEIVER_PAID_MEMBER),
    ],
)
async def test_a_tenant_whose_contract_lacks_a_flag_is_refused_by_its_name_before_the_mirror_is_asked(
    graph: Graph, declared: dict[Flag, bool], flag: Flag
) -> None:
    company = await graph.a_company([an_invoice()], declared=declared)

    told, touched = await asked(graph, company)

    assert told["data"] == {"tenant": {"name": "株式会社湊", "receivedInvoices": None}}
    refused = refusal(told)
    assert (refused["code"], refused["path"], refused["retryable"]) == (
        "NOT_ENTITLED",
        ["tenant", "receivedInvoices"],
        False,
    )
    assert f"({flag.value})" in told["errors"][0]["message"]
    assert f"({flag.value})" in refused["messageJa"]
    assert not touched


async def test_a_tenant_whose_contract_has_every_flag_is_answered_from_the_mirror(graph: Graph) -> None:
    told, touched = await asked(graph, await graph.a_company([an_invoice("1001")]))

    assert told == {
        "data": {
            "tenant": {
                "name": "株式会社湊",
                "receivedInvoices": {"totalCount": 1, "edges": [{"node": {"key": "1001"}}]},
            }
        }
    }
    assert touched, "the statement counter must see the mirror being read, or the refusals above prove nothing"


def a_fact(graph: Graph, verdict: Verdict, source: Source, *, hours: float | None = None) -> Entitlement:
    """An observation of the API option made now; it holds for so many hours, None: until another is made."""
    now = graph.clock.now()
    return Entitlement(
        provider=INFOMART,
        flag=Flag.API_OPTION,
        verdict=verdict,
        source=source,
        observed_at=now,
        expires_at=None if hours is None else now + timedelta(hours=hours),
    )


async def record(graph: Graph, company: Company, fact: Entitlement) -> None:
    async with graph.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
        await work.entitlements.record(company.tenant.id, [fact])


@pytest.mark.parametrize("hours", [None, 1])
async def test_a_call_that_worked_lets_a_tenant_read_until_it_is_too_long_ago(
    graph: Graph, hours: float | None
) -> None:
    company = await graph.a_company([an_invoice()], declared={Flag.RECEIVER_PAID_MEMBER: True})
    await record(graph, company, a_fact(graph, Verdict.GRANTED, Source.PROVEN, hours=hours))

    assert (await asked(graph, company))[0]["data"]["tenant"]["receivedInvoices"]["totalCount"] == 1


@pytest.mark.parametrize(
    ("verdict", "source", "hours", "known_by"),
    [
        (Verdict.GRANTED, Source.PROVEN, -1, "it worked before, too long ago to rely on"),
        (Verdict.REFUSED, Source.REFUTED, None, "the provider refused for want of it"),
        (Verdict.REFUSED, Source.REFUTED, 1, "the provider refused for want of it"),
        (Verdict.UNKNOWN, Source.DECLARED, None, "the operator declared it"),
    ],
)
async def test_a_flag_that_expired_was_refused_or_is_unknown_lets_nobody_read_and_says_how_it_is_known(
    graph: Graph, verdict: Verdict, source: Source, hours: float | None, known_by: str
) -> None:
    company = await graph.a_company([an_invoice()])
    await record(graph, company, a_fact(graph, verdict, source, hours=hours))

    told, touched = await asked(graph, company)

    assert refusal(told)["code"] == "NOT_ENTITLED"
    assert f"({Flag.API_OPTION.value})" in told["errors"][0]["message"]
    assert known_by in told["errors"][0]["message"]
    assert not touched


async def test_a_flag_granted_at_one_provider_says_nothing_of_another(graph: Graph) -> None:
    company = await graph.a_company([an_invoice()], declared={Flag.RECEIVER_PAID_MEMBER: True})
    fact = a_fact(graph, Verdict.GRANTED, Source.DECLARED)
    await record(graph, company, replace(fact, provider=ProviderKey("another")))

    assert refusal((await asked(graph, company))[0])["code"] == "NOT_ENTITLED"


async def test_an_invoice_asked_for_by_its_id_is_refused_as_the_list_is(graph: Graph) -> None:
    company = await graph.a_company(declared={})
    (invoice,) = await graph.mirror(company, [an_invoice()])

    told, touched = await asked(graph, company, NODE, id=invoice)

    assert told["data"] == {"node": None}
    assert refusal(told)["code"] == "NOT_ENTITLED"
    assert refusal(told)["path"] == ["node"]
    assert not touched


async def test_one_tenant_without_the_flag_takes_nothing_from_the_others(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    await graph.joined(partner, "甲")
    await graph.joined(partner, "乙", {})
    await graph.joined(partner, "丙")
    document = "{ tenants { edges { node { name receivedInvoices { totalCount } } } } }"

    told = await graph.ask(document, key)

    assert [(edge["node"]["name"], edge["node"]["receivedInvoices"]) for edge in told["data"]["tenants"]["edges"]] == [
        ("甲", {"totalCount": 0}),
        ("乙", None),
        ("丙", {"totalCount": 0}),
    ]
    assert refusal(told)["path"] == ["tenants", "edges", 1, "node", "receivedInvoices"]


READING = ("{ viewer { keyId } }", "{ tenants { edges { cursor } } }", LIST, NODE)
INVITE = """mutation ($id: ID!) { createOnboardingLink(input: {tenantId: $id, provider: "infomart"})
    { link { url } userErrors { code message path } } }"""
FETCH = (
    "mutation ($id: ID!) { requestFetch(input: {tenantId: $id}) { fetches { id } userErrors { code message path } } }"
)


@pytest.mark.parametrize("document", READING)
async def test_a_key_that_may_not_read_is_refused_every_query_before_anything_is_read(
    graph: Graph, document: str
) -> None:
    company = await graph.a_company([an_invoice()])
    key = await graph.a_key(company.partner, Permission.ONBOARD, Permission.FETCH)
    await graph.ask("{ __typename }", key)  # the key itself is looked up once and then remembered

    with statements() as sent:
        told = await graph.ask(document, key, **({"id": company.graph_id} if "$id" in document else {}))

    assert {error["extensions"]["code"] for error in told["errors"]} == {"NOT_PERMITTED"}
    assert "permission read" in told["errors"][0]["message"]
    assert not any(told["data"].values()) if told["data"] else told["data"] is None
    assert sent == []


@pytest.mark.parametrize(
    ("document", "field", "lacking"),
    [(INVITE, "createOnboardingLink", Permission.ONBOARD), (FETCH, "requestFetch", Permission.FETCH)],
)
async def test_a_mutation_is_done_only_with_its_own_permission(
    graph: Graph, document: str, field: str, lacking: Permission
) -> None:
    company = await graph.a_company()
    others = [permission for permission in Permission if permission is not lacking]
    without = await graph.a_key(company.partner, *others)
    with_it = await graph.a_key(company.partner, lacking)
    await graph.ask("{ __typename }", without)

    with statements() as sent:
        told = await graph.ask(document, without, id=company.graph_id)

    (error,) = told["data"][field]["userErrors"]
    assert (error["code"], error["path"], f"permission {lacking.value}" in error["message"]) == (
        "NOT_PERMITTED",
        [],
        True,
    )
    assert "errors" not in told
    assert sent == []
    assert (await graph.ask(document, with_it, id=company.graph_id))["data"][field]["userErrors"] == []
