"""What the graph tells of received invoices, how often it asks the database for it, and in which order."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from connector.domain.invoice import Counterparty, Stage
from connector.domain.tax import Bucket, TaxSummary
from tests.graphql_schema.graph import Company, Graph, many_invoices, of_the_request, statements
from tests.store.companies import a_line, an_invoice

WHOLE = """
query ($id: ID!, $first: Int!) { tenant(id: $id) { receivedInvoices(first: $first) {
  totalCount completeness { asOf staleBecause } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  edges { cursor node {
    id provider key number subject stage stageCode issueDate dueDate currency net tax total firstSeenAt changedAt
    raw goneAt history { stage stageCode gap { since until } }
    counterparty { code name registrationNumber } taxSummary { bucket net tax gross }
    lines { position date slipNumber productCode name quantity unit unitPrice net tax gross taxRate reducedRate remarks
      journals { slipDate amount summary debit { accountCode accountName } credit { departmentName } } }
  } }
} } }
"""
LIST = """
query ($id: ID!, $first: Int, $after: String, $filter: ReceivedInvoiceFilter) { tenant(id: $id) {
  receivedInvoices(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { key } } } } }
"""


async def listed(graph: Graph, company: Company, **variables: object) -> dict[str, Any]:
    told = await graph.ask(LIST, company.key, id=company.graph_id, **{"first": 50, **variables})
    assert "errors" not in told, told
    page: dict[str, Any] = told["data"]["tenant"]["receivedInvoices"]
    return page


def keys(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["key"] for edge in page["edges"]]


async def test_a_hundred_invoices_with_everything_on_them_cost_as_many_statements_as_one(graph: Graph) -> None:
    company = await graph.a_company(many_invoices(100, lines=[a_line(), a_line(position=2)]))
    sizes, counts = [], []
    for first in (1, 100):
        await graph.ask("{ __typename }", company.key)
        with statements() as sent:
            told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=first)
        page = told["data"]["tenant"]["receivedInvoices"]
        sizes.append([len(page["edges"]), len([line for edge in page["edges"] for line in edge["node"]["lines"]])])
        counts.append(len(of_the_request(sent)))

    assert sizes == [[1, 2], [100, 200]]
    assert counts[0] == counts[1]
    assert counts[0] == 8  # seven scopes; completeness asks two questions in one


async def test_everything_the_provider_told_is_told_as_it_was(graph: Graph) -> None:
    answer = {"invoice_mng_num": 1001, "a_field_we_do_not_know": ["新", None, 1.5]}
    company = await graph.a_company([an_invoice("1001", answer=answer)])

    told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=1)

    (edge,) = told["data"]["tenant"]["receivedInvoices"]["edges"]
    node = edge["node"]
    first_seen_at = node.pop("firstSeenAt")
    assert first_seen_at == node.pop("changedAt")
    seen = {"stage": "UNPROCESSED", "stageCode": 50, "gap": {"since": None, "until": first_seen_at}}
    assert node.pop("id").startswith("rin_")
    assert node == {
        "provider": "infomart",
        "key": "1001",
        "number": "請求-1001",
        "subject": "三月分",
        "stage": "UNPROCESSED",
        "stageCode": 50,
        "issueDate": "2026-03-31",
        "dueDate": "2026-04-30",
        "currency": "JPY",
        "net": "1000",
        "tax": "100",
        "total": "1100",
        "raw": answer,
        "goneAt": None,
        "history": [seen],
        "counterparty": {"code": "C-01", "name": "株式会社青空", "registrationNumber": "T1234567890123"},
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
                "journals": [
                    {
                        "slipDate": None,
                        "amount": "1000",
                        "summary": "三月分仕入",
                        "debit": {"accountCode": "601", "accountName": "仕入高"},
                        "credit": {"departmentName": "本店"},
                    }
                ],
            }
        ],
    }


async def test_a_figure_the_issuer_left_empty_is_null_and_nought_is_nought(graph: Graph) -> None:
    nought, nothing = Decimal(0), None
    invoices = [
        an_invoice(
            str(figure),
            net=figure,
            tax=figure,
            total=figure,
            tax_summary=[TaxSummary(bucket=Bucket.ZERO, net=figure, tax=figure, gross=figure)],
            lines=[a_line(tax_rate=figure, net=figure, tax=figure, gross=figure, quantity=figure)],
        )
        for figure in (nought, nothing)
    ]
    company = await graph.a_company(invoices)

    told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=2)

    figures = {}
    for edge in told["data"]["tenant"]["receivedInvoices"]["edges"]:
        node, summary, line = edge["node"], edge["node"]["taxSummary"][0], edge["node"]["lines"][0]
        figures[node["key"]] = (
            [node[name] for name in ("net", "tax", "total")],
            [summary[name] for name in ("net", "tax", "gross")],
            [line[name] for name in ("taxRate", "net", "tax", "gross", "quantity")],
        )
    assert figures == {"0": (["0"] * 3, ["0"] * 3, ["0"] * 5), "None": ([None] * 3, [None] * 3, [None] * 5)}


async def test_an_amount_keeps_every_digit(graph: Graph) -> None:
    exact = [Decimal("123456789012345678.99"), Decimal("0.1"), Decimal(-1), Decimal("1000.00")]
    company = await graph.a_company([an_invoice(str(place), total=total) for place, total in enumerate(exact)])

    told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=9)

    totals = {
        edge["node"]["key"]: edge["node"]["total"] for edge in told["data"]["tenant"]["receivedInvoices"]["edges"]
    }
    assert totals == {str(place): str(total) for place, total in enumerate(exact)}


@pytest.fixture(scope="module")
async def staged(graph: Graph) -> Company:
    """One invoice in each stage."""
    return await graph.a_company([an_invoice(stage.name, stage=stage) for stage in Stage])


@pytest.mark.parametrize("stage", list(Stage))
async def test_invoices_of_one_stage_are_the_ones_listed_and_counted(
    graph: Graph, staged: Company, stage: Stage
) -> None:
    page = await listed(graph, staged, filter={"stages": [stage.name]})

    assert (keys(page), page["totalCount"]) == ([stage.name], 1)


async def test_no_stage_two_stages_or_any_stage_may_be_asked_for(graph: Graph, staged: Company) -> None:
    every = {stage.name for stage in Stage}
    for asked, found in (
        (["APPROVED", "PROCESSED"], {"APPROVED", "PROCESSED"}),
        (["APPROVED", "APPROVED"], {"APPROVED"}),
        ([], every),
        (None, every),
    ):
        assert set(keys(await listed(graph, staged, filter={"stages": asked}))) == found
    assert set(keys(await listed(graph, staged, filter=None))) == every


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"issuedFrom": "2026-02-01"}, ["new"]),
        ({"issuedTo": "2026-01-31"}, ["old"]),
        ({"issuedFrom": "2026-01-31", "issuedTo": "2026-02-01"}, ["new", "old"]),
        ({"dueFrom": "2026-03-01"}, ["new"]),
        ({"dueTo": "2026-02-28"}, ["old"]),
        ({"counterparty": "青空"}, ["new"]),
        ({"counterparty": ""}, ["new", "old"]),
        ({"totalFrom": "200"}, ["new"]),
        ({"totalTo": "199.99"}, ["old"]),
        ({"number": "B-2"}, ["old"]),
        ({"number": ""}, []),
        ({"number": "B-2", "counterparty": "青空"}, []),
        ({"issuedFrom": "0001-01-01", "issuedTo": "9999-12-31"}, ["new", "old"]),
    ],
)
async def test_a_filter_lets_through_what_meets_every_condition_of_it(
    graph: Graph, wanted: dict[str, str], found: list[str]
) -> None:
    company = await graph.a_company(
        [
            an_invoice(
                "new",
                number="A-1",
                issue_date=date(2026, 2, 1),
                due_date=date(2026, 3, 1),
                total=Decimal(200),
                counterparty=Counterparty("C-1", "株式会社青空", None),
            ),
            an_invoice(
                "old",
                number="B-2",
                issue_date=date(2026, 1, 31),
                due_date=date(2026, 2, 28),
                total=Decimal("199.99"),
                counterparty=Counterparty("C-2", "株式会社夕焼", None),
            ),
        ]
    )

    page = await listed(graph, company, filter=wanted)

    assert (keys(page), page["totalCount"]) == (found, len(found))


async def test_cursors_stay_put_while_invoices_come_and_go(graph: Graph) -> None:
    company = await graph.a_company(many_invoices(10))
    first = await listed(graph, company, first=4)
    assert keys(first) == ["0009", "0008", "0007", "0006"]
    assert first["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": first["edges"][0]["cursor"],
        "endCursor": first["edges"][3]["cursor"],
    }

    await graph.mirror(
        company,
        [an_invoice("newest", issue_date=date(2026, 12, 31)), an_invoice("oldest", issue_date=date(2025, 1, 1))],
    )
    second = await listed(graph, company, first=4, after=first["pageInfo"]["endCursor"])
    third = await listed(graph, company, first=4, after=second["pageInfo"]["endCursor"])

    assert keys(second) == ["0005", "0004", "0003", "0002"]
    assert keys(third) == ["0001", "0000", "oldest"]
    assert (third["pageInfo"]["hasNextPage"], third["pageInfo"]["hasPreviousPage"]) == (False, True)
    again = await listed(graph, company, first=12)
    assert {edge["cursor"] for edge in first["edges"]} <= {edge["cursor"] for edge in again["edges"]}


async def test_invoices_without_a_date_are_walked_like_any_other(graph: Graph) -> None:
    company = await graph.a_company([an_invoice(str(number), issue_date=None) for number in range(7)])
    walked: list[str] = []
    after = None
    while True:
        page = await listed(graph, company, first=2, after=after)
        walked += keys(page)
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert sorted(walked) == [str(number) for number in range(7)]


async def test_an_empty_list_has_no_cursors_and_says_why_it_may_be_empty(graph: Graph) -> None:
    company = await graph.a_company()

    told = await graph.ask(WHOLE, company.key, id=company.graph_id, first=1)

    assert told["data"]["tenant"]["receivedInvoices"] == {
        "totalCount": 0,
        "completeness": {"asOf": None, "staleBecause": "FIRST_FETCH_RUNNING"},
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
        "edges": [],
    }
