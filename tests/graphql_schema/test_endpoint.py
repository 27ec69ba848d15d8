"""The graph takes JSON by POST from a caller with a key, of bounded size, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest

from connector.secret import Secret
from graphql_schema import limits
from tests.conftest import Cluster, administer
from tests.graphql_schema.graph import Graph, graph_in, statements
from tests.store.databases import a_login

ASKED = {"query": "{ viewer { keyName } }"}
ANSWER = {"data": {"viewer": {"keyName": "鍵"}}}


@pytest.fixture(scope="module")
async def key(graph: Graph) -> Secret:
    return (await graph.a_partner())[1]


def refused(answer: httpx2.Response) -> tuple[int, str]:
    """Its status and its code; nothing of an answer slipped out with it, and the request can be named."""
    told = answer.json()
    (error,) = told["errors"]
    assert told["data"] is None
    assert error["extensions"]["requestId"] == answer.headers["x-request-id"]
    return answer.status_code, error["extensions"]["code"]


async def test_a_question_in_json_is_answered_and_every_answer_has_a_name(graph: Graph, key: Secret) -> None:
    answers = [await graph.post(ASKED, key) for _ in range(2)]

    assert [(each.status_code, each.json()) for each in answers] == [(200, ANSWER), (200, ANSWER)]
    assert answers[0].headers["content-type"].startswith("application/json")
    assert len({each.headers["x-request-id"] for each in answers}) == 2


@pytest.mark.parametrize(
    "kind",
    [
        "application/x-www-form-urlencoded",
        "text/plain",
        "text/plain; x=application/json",
        "multipart/form-data; boundary=x",
        "application/graphql",
        "",
    ],
)
async def test_a_form_or_plain_text_as_any_web_page_could_send_it_is_refused(
    graph: Graph, key: Secret, kind: str
) -> None:
    body = orjson.dumps(ASKED)
    if "urlencoded" in kind:
        body = b"query=%7Bviewer%7BkeyName%7D%7D"
    if "multipart" in kind:
        body = b'--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n' + body + b"\r\n--x--\r\n"

    answer = await graph.post(body, key, **{"content-type": kind})

    assert refused(answer) == (400, "INVALID_DOCUMENT")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_any_method_but_post_is_refused(production: Graph, method: str) -> None:
    key = (await production.a_partner())[1]

    answer = await production.http.request(
        method, "/graphql", params={"query": ASKED["query"]}, headers={"authorization": f"Bearer {key.reveal()}"}
    )

    assert (answer.status_code, "鍵" in answer.text) == (405, False)


async def test_a_browser_that_opens_the_graph_is_shown_the_page_in_dev_and_nothing_in_production(
    graph: Graph, production: Graph
) -> None:
    shown = await graph.http.get("/graphql", params={"query": ASKED["query"]})
    hidden = await production.http.get("/ide/")

    assert (shown.status_code, shown.headers["location"], shown.content) == (307, "/ide/", b"")
    assert hidden.status_code == 404


@pytest.mark.parametrize("accept", ["multipart/mixed;subscriptionSpec=1.0", "text/event-stream", "text/html", "*/*"])
async def test_whatever_kind_of_answer_is_wished_for_it_is_json(graph: Graph, key: Secret, accept: str) -> None:
    answer = await graph.post(ASKED, key, accept=accept)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == ANSWER


@pytest.mark.parametrize(
    "body",
    [
        [ASKED, ASKED],
        [],
        {},
        {"query": None},
        {"query": 7},
        {"query": ["{ viewer { keyName } }"]},
        {**ASKED, "variables": "x"},
        {**ASKED, "operationName": "Nothing"},
        b"",
        b"{",
        b"\xff\xfe",
        b'"query"',
        b"null",
        b'{"query": NaN}',
        b"[" * 100_000,
    ],
)
async def test_a_batch_or_a_body_that_is_no_question_is_refused_and_never_an_outage(
    graph: Graph, key: Secret, body: object
) -> None:
    answer = await graph.post(body, key, **{"content-type": "application/json"})

    assert refused(answer) == (400, "INVALID_DOCUMENT")


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_past_the_limit_is_refused_whether_or_not_it_says_how_long_it_is(
    graph: Graph, key: Secret, *, announced: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(limits.BODY // 1000 + 1):
            yield b" " * 1000

    content = b" " * (limits.BODY + 1) if announced else pieces()
    headers = {"authorization": f"Bearer {key.reveal()}", "content-type": "application/json"}

    answer = await graph.http.post("/graphql", content=content, headers=headers)

    assert refused(answer) == (413, "TOO_MUCH_ASKED")
    assert "body: 1000000" in answer.json()["errors"][0]["message"]


async def test_a_body_of_exactly_the_limit_is_read(graph: Graph, key: Secret) -> None:
    body = orjson.dumps(ASKED)
    body += b" " * (limits.BODY - len(body))

    assert (await graph.post(body, key, **{"content-type": "application/json"})).json() == ANSWER


async def test_an_answer_is_given_to_no_other_origin_and_sets_no_cookie(graph: Graph, key: Secret) -> None:
    answer = await graph.post(ASKED, key, origin="https://elsewhere.example")

    assert [name for name in answer.headers if name.startswith("access-control") or name == "set-cookie"] == []


async def test_a_caller_without_a_key_is_refused_before_the_database_or_the_document_is_touched(graph: Graph) -> None:
    with statements() as sent:
        answer = await graph.post(b"{ not even json", None, **{"content-type": "application/json"})

    assert refused(answer) == (401, "KEY_REFUSED")
    assert sent == []


@pytest.fixture(scope="module")
async def production(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[Graph]:
    """As an operator runs it: its login is bound by the policies, or it would not start."""
    with a_login(shared_database_url) as (login, address):
        await asyncio.to_thread(administer, cluster.database_url, f"grant app, sweeper to {login}")
        async with graph_in(address, cluster.redis_url, kek, mode="production") as running:
            yield running
