"""What the graph tells of issued invoices: the same as of received ones, by the issuer's part of the contract."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from connector.domain.access import Scope
from connector.domain.entitlement import Flag
from connector.domain.fetch import Window
from connector.domain.invoice import Counterparty, FetchedInvoice, InvoiceFilter, IssuedStage, Side
from connector.store.tables import issued_invoices
from tests.graphql_schema.graph import Company, Graph, many_invoices, of_the_request, statements
from tests.store.companies import a_line, an_invoice
from tests.world import GRANTED, ON_BOTH_SIDES

WHOLE = """
query ($id: ID!, $first: Int!) { tenant(id: $id) { issuedInvoices(first: $first) {
  totalCount completeness { asOf staleBecause } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node {
    id tenantId provider key number subject stage stageCode issueDate dueDate currency net tax total firstSeenAt
    changedAt raw goneAt history { stage stageCode gap { since until } }
    counterparty { code name registrationNumber } taxSummary { bucket net tax gross }
    lines { position date slipNumber productCode name quantity unit unitPrice net tax gross taxRate reducedRate remarks
      journals { summary } }
  } }
} } }
"""
LIST = """
query ($id: ID!, $first: Int, $after: String, $filter: IssuedInvoiceFilter) { tenant(id: $id) {
  issuedInvoices(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { key } } } } }
"""
NODE = "query ($id: ID!) { node(id: $id) { id ... on Invoice { key raw } ... on IssuedInvoice { stage } } }"
BOTH = "query ($id: ID!) { tenant(id: $id) { issuedInvoices { totalCount } receivedInvoices { totalCount } } }"


def issued(key: str = "4100000901", **told: Any) -> FetchedInvoice:
    fields: dict[str, Any] = {
        "stage": IssuedStage.ISSUED,
        "stage_code": 22,
        "counterparty": Counterparty(code="C0001", name="株式会社汐ノ瀬", registration_number=None),
        "lines": [a_line(journals=[])],
    }
    return an_invoice(key, **{**fields, **told})


async def an_issuer(graph: Graph, *invoices: FetchedInvoice, **told: Any) -> Company:
    return await graph.a_company(invoices, side=Side.ISSUER, **{"declared": ON_BOTH_SIDES, **told})


async def listed(graph: Graph, company: Company, **variables: object) -> dict[str, Any]:
    told = await graph.ask(LIST, company.key, id=company.graph_id, **{"first": 50, **variables})
    assert "errors" not in told, told
    page: dict[str, Any] = told["data"]["tenant"]["issuedInvoices"]
    return page


def keys(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["key"] for edge in page["edges"]]


async def test_everything_the_provider_told_of_an_issued_invoice_is_told_as_it_was(graph: Graph) -> None:
    answer = {"invoice_mng_num": 4100000901, "list_info": {"seal_flg": "1"}}
    company = await an_issuer(graph, issued(answer=answer))

    told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=1)

    (edge,) = told["data"]["tenant"]["issuedInvoices"]["edges"]
    node = edge["node"]
    first_seen_at = node.pop("firstSeenAt")
    assert first_seen_at == node.pop("changedAt")
    assert node.pop("id").startswith("iin_")
    assert node == {
        "tenantId": company.graph_id,
        "provider": "infomart",
        "key": "4100000901",
        "number": "請求-4100000901",
        "subject": "三月分",
        "stage": "ISSUED",
        "stageCode": 22,
        "issueDate": "2026-03-31",
        "dueDate": "2026-04-30",
        "currency": "JPY",
        "net": "1000",
        "tax": "100",
        "total": "1100",
        "raw": answer,
        "goneAt": None,
        "history": [{"stage": "ISSUED", "stageCode": 22, "gap": {"since": None, "until": first_seen_at}}],
        "counterparty": {"code": "C0001", "name": "株式会社汐ノ瀬", "registrationNumber": None},
        "taxSummary": [{"bucket": "STANDARD_10", "net": "1000", "tax": None, "gross": "1100"}],
        "lines": [
            {
                "position": 1,
                "date": "2026-03-20",
                "slipNumber": "S-1",
                "productCode": "P-1",
                "name": "食材",
                "quantity": "2.5",
                "unit": "kg",
                "unitPrice": "400",
                "net": "1000",
                "tax": None,
                "gross": None,
                "taxRate": None,
                "reducedRate": None,
                "remarks": "冷蔵",
                "journals": [],
            }
        ],
    }


async def test_a_hundred_issued_invoices_with_everything_on_them_cost_as_many_statements_as_one(graph: Graph) -> None:
    told = {"stage": IssuedStage.SCHEDULED, "stage_code": 21, "lines": [a_line(), a_line(position=2)]}
    company = await an_issuer(graph, *many_invoices(100, **told))
    counts = []
    for first in (1, 100):
        await graph.ask("{ __typename }", company.key)
        with statements() as sent:
            answer = await graph.ask(WHOLE, company.key, id=company.graph_id, first=first)
        assert len(answer["data"]["tenant"]["issuedInvoices"]["edges"]) == first
        counts.append(len(of_the_request(sent)))

    assert counts == [8, 8]  # as many as for received ones


@pytest.mark.parametrize("stage", list(IssuedStage))
async def test_issued_invoices_of_one_stage_are_the_ones_listed_and_counted(graph: Graph, stage: IssuedStage) -> None:
    company = await an_issuer(graph, *[issued(each.name, stage=each) for each in IssuedStage])

    page = await listed(graph, company, filter={"stages": [stage.name]})

    assert (keys(page), page["totalCount"]) == ([stage.name], 1)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"counterparty": "C-9"}, ["dear"]),
        ({"counterparty": "夕焼"}, ["dear"]),
        ({"totalFrom": "200"}, ["dear"]),
        ({"totalTo": "199.99"}, ["cheap"]),
        ({"number": "請求-dear"}, ["dear"]),
        ({"stages": ["DRAFT"], "totalTo": "199.99"}, ["cheap"]),
        ({"stages": ["DRAFT"], "totalFrom": "200"}, []),
    ],
)
async def test_a_filter_of_issued_invoices_lets_through_what_meets_every_condition(
    graph: Graph, wanted: dict[str, Any], found: list[str]
) -> None:
    company = await an_issuer(
        graph,
        issued("dear", total=Decimal(200), counterparty=Counterparty("C-9", "株式会社夕焼", None)),
        issued("cheap", total=Decimal("199.99"), stage=IssuedStage.DRAFT),
    )

    page = await listed(graph, company, filter=wanted)

    assert (keys(page), page["totalCount"]) == (found, len(found))


async def test_cursors_of_issued_invoices_stay_put_while_invoices_come(graph: Graph) -> None:
    company = await an_issuer(graph, *many_invoices(6, stage=IssuedStage.ISSUED))
    first = await listed(graph, company, first=3)
    await graph.mirror(company, [issued("newest", issue_date=graph.clock.now().date())], Side.ISSUER)

    rest = await listed(graph, company, first=9, after=first["pageInfo"]["endCursor"])

    assert keys(first) + keys(rest) == [f"{number:04}" for number in reversed(range(6))]


async def test_the_two_sides_of_a_tenant_are_kept_apart_even_under_one_key(graph: Graph) -> None:
    company = await an_issuer(graph, issued("1001"), issued("1002"))
    (received,) = await graph.mirror(company, [an_invoice("1001")])
    ids = [received, *await graph.mirror(company, [], Side.ISSUER)]
    nodes = [(await graph.ask(NODE, company.key, id=each))["data"]["node"] for each in ids]

    told = await graph.ask(BOTH, company.key, id=company.graph_id)

    assert told["data"]["tenant"] == {"issuedInvoices": {"totalCount": 2}, "receivedInvoices": {"totalCount": 1}}
    assert [each["id"] for each in nodes] == ids
    assert (nodes[0]["key"], nodes[0].get("stage")) == ("1001", None)
    assert sorted((each["key"], each["stage"]) for each in nodes[1:]) == [("1001", "ISSUED"), ("1002", "ISSUED")]


async def test_an_issued_invoice_is_not_found_under_an_id_of_a_received_one(graph: Graph) -> None:
    company = await an_issuer(graph, issued())
    (invoice,) = await graph.mirror(company, [], Side.ISSUER)

    told = await graph.ask(NODE, company.key, id=invoice.replace("iin_", "rin_"))

    assert told == {"data": {"node": None}}


@pytest.mark.parametrize(
    ("declared", "flag"),
    [
        ({**ON_BOTH_SIDES, Flag.API_OPTION: False}, Flag.API_OPTION),
        ({**ON_BOTH_SIDES, Flag.ISSUER_PAID_MEMBER: False}, Flag.ISSUER_PAID_MEMBER),
        ({Flag.RECEIVER_PAID_MEMBER: True, Flag.API_OPTION: True}, Flag.ISSUER_PAID_MEMBER),
        ({}, Flag.ISSUER_PAID_MEMBER),
    ],
)
async def test_a_contract_that_lacks_a_flag_of_the_issuer_side_is_refused_by_its_name_before_the_mirror_is_asked(
    graph: Graph, declared: dict[Flag, bool], flag: Flag
) -> None:
    company = await an_issuer(graph, issued(), declared=declared)
    (invoice,) = await graph.mirror(company, [], Side.ISSUER)

    for document, whom, nothing in (
        (LIST, company.graph_id, {"tenant": {"issuedInvoices": None}}),
        (NODE, invoice, {"node": None}),
    ):
        with statements() as sent:
            told = await graph.ask(document, company.key, id=whom)
        assert told["data"] == nothing
        assert told["errors"][0]["extensions"]["code"] == "NOT_ENTITLED"
        assert f"({flag.value})" in told["errors"][0]["message"]
        assert not any(issued_invoices.name in each for each in sent)


async def test_a_company_that_only_issues_reads_what_it_issues_and_nothing_it_received(graph: Graph) -> None:
    only_issues = {**GRANTED, Flag.RECEIVER_PAID_MEMBER: False, Flag.ISSUER_PAID_MEMBER: True}
    company = await an_issuer(graph, issued(), declared=only_issues)

    told = await graph.ask(BOTH, company.key, id=company.graph_id)

    assert told["data"]["tenant"] == {"issuedInvoices": {"totalCount": 1}, "receivedInvoices": None}
    assert [error["path"] for error in told["errors"]] == [["tenant", "receivedInvoices"]]


async def test_a_reading_of_one_side_says_nothing_about_how_fresh_the_other_is(graph: Graph) -> None:
    company = await an_issuer(graph)
    now, scope = graph.clock.now(), Scope.of_tenant(company.tenant.id)
    document = """query ($id: ID!) { tenant(id: $id) {
        issuedInvoices { completeness { nextFetchAt staleBecause } }
        receivedInvoices { completeness { nextFetchAt staleBecause } } } }"""
    async with graph.installation.store.within(scope) as work:
        window = Window.recent(now.date(), Side.ISSUER)
        await work.fetches.request(company.tenant.id, company.connection.id, window, now)
        for days in range(25):  # more than are ever looked at, all of the other side
            other = Window.recent(now.date() - timedelta(days=days))
            await work.fetches.request(
                company.tenant.id, company.connection.id, other, now + timedelta(seconds=days + 1)
            )

    told = (await graph.ask(document, company.key, id=company.graph_id))["data"]["tenant"]

    assert told["issuedInvoices"]["completeness"]["nextFetchAt"] == now.isoformat()
    assert told["receivedInvoices"]["completeness"]["nextFetchAt"] > now.isoformat()
    async with graph.installation.store.within(scope) as work:
        assert await work.mirror.count(Side.ISSUER, company.tenant.id, InvoiceFilter()) == 0
