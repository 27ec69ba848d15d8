"""Every error has a code; what was not foreseen says a request id and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from connector.errors import Unavailable
from connector.flows.reading import Reading
from tests.graphql_schema.graph import Company, Graph
from tests.store.companies import an_invoice

LIST = """query ($id: ID!, $first: Int! = 50, $after: String, $filter: ReceivedInvoiceFilter) {
    tenant(id: $id) { name receivedInvoices(first: $first, after: $after, filter: $filter) { totalCount } } }"""
TENANTS = """query ($first: Int! = 50, $after: String, $filter: TenantFilter) {
    tenants(first: $first, after: $after, filter: $filter) { edges { cursor } } }"""
FETCHES = "query ($id: ID!, $first: Int!) { tenant(id: $id) { name fetches(first: $first) { id } } }"

SPOKEN = "password=hunter2 at 10.0.0.7"


@pytest.fixture(scope="module")
async def company(graph: Graph) -> Company:
    return await graph.a_company([an_invoice()])


class _Broken:
    """A flow whose every ability fails in a way nobody foresaw."""

    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def __getattr__(self, _: str) -> Any:
        async def fail(*_: object, **__: object) -> None:
            raise self._failure

        return fail


@contextmanager
def broken_reading(graph: Graph, failure: Exception) -> Iterator[None]:
    """The same installation with its reading flow broken, until the end of the block."""
    whole = graph.app.state.installation
    reading: Reading = _Broken(failure)  # type: ignore[assignment]  # a port takes a fake
    graph.app.state.installation = replace(whole, flows=replace(whole.flows, reading=reading))
    try:
        yield
    finally:
        graph.app.state.installation = whole


async def test_a_failure_nobody_foresaw_says_the_request_id_and_nothing_else(graph: Graph, company: Company) -> None:
    with broken_reading(graph, RuntimeError(SPOKEN)):
        answer = await graph.post({"query": LIST, "variables": {"id": company.graph_id}}, company.key)

    (error,) = answer.json()["errors"]
    request_id = answer.headers["x-request-id"]
    assert error["message"] == "Something went wrong on our side."
    assert error["path"] == ["tenant"]
    assert error["extensions"] == {
        "code": "INTERNAL",
        "messageJa": "こちら側で問題が発生しました。",
        "remedy": f"Report the request id {request_id} to the operator.",
        "remedyJa": f"リクエストID {request_id} を運用者に知らせてください。",
        "retryable": False,
        "requestId": request_id,
    }
    for word in ("hunter2", "10.0.0.7", "RuntimeError", "Traceback", ".py"):
        assert word not in answer.text + str(answer.headers)


async def test_a_failure_nobody_foresaw_in_a_mutation_is_masked_too(graph: Graph, company: Company) -> None:
    whole = graph.app.state.installation
    graph.app.state.installation = replace(whole, flows=replace(whole.flows, fetching=_Broken(RuntimeError(SPOKEN))))
    document = "mutation ($id: ID!) { requestFetch(input: {tenantId: $id}) { userErrors { code } } }"
    answer = await graph.post({"query": document, "variables": {"id": company.graph_id}}, company.key)
    graph.app.state.installation = whole

    assert [error["extensions"]["code"] for error in answer.json()["errors"]] == ["INTERNAL"]
    assert "hunter2" not in answer.text


async def test_an_outage_is_said_to_be_one_and_may_be_tried_again(graph: Graph, company: Company) -> None:
    with broken_reading(graph, Unavailable()):
        told = await graph.ask(LIST, company.key, id=company.graph_id)

    (error,) = told["errors"]
    assert (error["extensions"]["code"], error["extensions"]["retryable"]) == ("UNAVAILABLE", True)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{ ", "Syntax Error"),
        ("{ viewer }", "must have a selection of subfields"),
        ("{ nothing }", "Cannot query field 'nothing' on type 'Query'."),
        ("{ viewer { keyld } }", "Cannot query field 'keyld' on type 'Viewer'."),
        ("{ tenant { name } }", "of type 'ID!' is required"),
        ("{ tenants(frist: 1) { edges { cursor } } }", "Unknown argument 'frist' on field 'Query.tenants'."),
        ("{ tenants(first: 99999999999) { edges { cursor } } }", "Int cannot represent"),
        ("mutation { requestFetch(input: {}) { fetches { id } } }", "tenantId"),
        ("subscription { viewer { keyId } }", "subscription"),
        ("query ($x: TenantFilte) { tenants(filter: $x) { edges { cursor } } }", "Unknown type 'TenantFilte'."),
        (
            '{ tenant(id: "x") { receivedInvoices(filter: {stages: [APPROVD]}) { totalCount } } }',
            "'APPROVD' does not exist",
        ),
    ],
)
async def test_a_document_the_schema_does_not_know_is_refused_in_both_languages_and_is_not_helped_to_guess(
    graph: Graph, company: Company, document: str, said: str
) -> None:
    told = await graph.ask(document, company.key)

    assert told["data"] is None
    error = told["errors"][0]
    assert said in error["message"]
    assert "Did you mean" not in error["message"]
    assert {**error["extensions"], "code": ""} == {
        "code": "",
        "messageJa": "問い合わせの文書が正しくありません。",
        "remedy": "Correct the document; `message` says where.",
        "remedyJa": "スキーマに合わせて文書を直してください。",
        "retryable": False,
    }
    assert error["extensions"]["code"] == "INVALID_DOCUMENT"


async def test_a_variable_of_the_wrong_kind_is_refused_as_part_of_the_document(graph: Graph, company: Company) -> None:
    for document, variables in (
        (LIST, {"id": None}),
        (LIST, {"id": {"a": 1}}),
        (LIST, {"id": company.graph_id, "filter": {"stages": ["NOWHERE"]}}),
        (LIST, {"id": company.graph_id, "filter": {"nothing": 1}}),
        (LIST, {"id": company.graph_id, "filter": {"issuedFrom": "yesterday"}}),
        (LIST, {"id": company.graph_id, "filter": {"totalFrom": "much"}}),
        (TENANTS, {"first": "all"}),
    ):
        assert await graph.code(document, company.key, **variables) == "INVALID_DOCUMENT", variables


@pytest.mark.parametrize("first", [0, -1, 101, 2_147_483_647])
@pytest.mark.parametrize("document", [LIST, TENANTS, FETCHES], ids=["invoices", "tenants", "fetches"])
async def test_a_page_of_no_or_too_many_items_is_refused_by_the_name_of_its_argument(
    graph: Graph, company: Company, document: str, first: int
) -> None:
    variables = {"id": company.graph_id} if "$id" in document else {}

    told = await graph.ask(document, company.key, **variables, first=first)

    (error,) = told["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert "first" in error["message"]
    assert "1 to 100" in error["message"]


CURSORS = [
    "",
    "x",
    "鍵",
    "AAAA",
    "=" * 50,
    "MjAyNi0wMy0zMQ",  # a date and no id
    "MjAyNi0xMy0zMQAAAAAAAAAAAAAAAAAAAAAA",  # the thirteenth month
    "LTAxLTAxLTAxIAAAAAAAAAAAAAAAAAAAAAAA",
    "MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSAAAAAAAAAAAAAAAAAAAAAA",  # a moment before the first
    "_" * 10_000,
    "\x00",
]


@pytest.mark.parametrize("cursor", CURSORS, ids=range(len(CURSORS)))
async def test_a_cursor_that_is_none_of_this_list_is_refused(graph: Graph, company: Company, cursor: str) -> None:
    invoices = await graph.ask(LIST, company.key, id=company.graph_id, after=cursor)
    tenants = await graph.ask(TENANTS, company.key, after=cursor)

    for told in (invoices, tenants):
        (error,) = told["errors"]
        assert error["extensions"]["code"] == "INVALID_INPUT"
        assert "it is not a cursor of this list" in error["message"]
    assert invoices["data"]["tenant"] == {"name": company.tenant.name, "receivedInvoices": None}


@pytest.mark.parametrize("name", ["counterparty", "number"])
@pytest.mark.parametrize("text", ["\x00", "a\x00b"])
async def test_a_text_that_nothing_stored_could_hold_is_refused_by_the_name_of_its_filter(
    graph: Graph, company: Company, name: str, text: str
) -> None:
    told = await graph.ask(LIST, company.key, id=company.graph_id, filter={name: text})
    (error,) = told["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert name in error["message"]

    assert await graph.code(TENANTS, company.key, filter={"name": text}) == "INVALID_INPUT"


@pytest.mark.parametrize("figure", ["NaN", "sNaN", "Infinity", "-Infinity", "1e999999", "-1e-999999", "1e31"])
@pytest.mark.parametrize("name", ["totalFrom", "totalTo"])
async def test_a_figure_that_is_no_amount_is_refused_by_the_name_of_its_filter(
    graph: Graph, company: Company, name: str, figure: str
) -> None:
    told = await graph.ask(LIST, company.key, id=company.graph_id, filter={name: figure})

    (error,) = told["errors"]
    assert error["extensions"]["code"] == "INVALID_INPUT"
    assert name in error["message"]


async def test_half_a_character_is_no_json(graph: Graph, company: Company) -> None:
    body = b'{"query": "query ($f: TenantFilter) { tenants(filter: $f) { edges { cursor } } }", '
    body += b'"variables": {"f": {"name": "\\ud800"}}}'

    answer: httpx2.Response = await graph.post(body, company.key, **{"content-type": "application/json"})

    assert answer.status_code == 400
