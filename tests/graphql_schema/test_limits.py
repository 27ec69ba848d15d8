"""A document past a limit is refused before anything is read, however it is folded up."""

import time
from collections.abc import Sequence

import pytest
from strawberry.extensions.validation_cache import _get_validate_cache

from connector.secret import Secret
from graphql_schema import limits
from tests.graphql_schema.graph import Graph, statements


@pytest.fixture(scope="module")
async def key(graph: Graph) -> Secret:
    return (await graph.a_company()).key


async def refused(graph: Graph, key: Secret, document: str) -> tuple[str, str]:
    """The code and the message of the one refusal; nothing of the mirror or the directory was asked."""
    await graph.ask("{ __typename }", key)
    with statements() as sent:
        told = await graph.ask(document, key)
    assert sent == []
    assert told["data"] is None
    (error,) = told["errors"]
    return error["extensions"]["code"], error["message"]


def too_deep() -> Sequence[str]:
    """Twelve levels are as deep as the schema goes, so what lies deeper is wrapped, spread or unknown as well."""
    deep = "viewer{" * 13 + "keyId" + "}" * 13
    folded = "".join(f"fragment f{i} on Query{{viewer{{...f{i + 1}}}}}" for i in range(13))
    return ["{" + deep + "}", "{...f0}" + folded + "fragment f13 on Query{viewer{keyId}}"]


@pytest.mark.parametrize("document", too_deep(), ids=["written out", "folded into fragments"])
async def test_a_document_that_nests_too_deep_is_refused(graph: Graph, key: Secret, document: str) -> None:
    told = await graph.ask(document, key)

    limit = [each for each in told["errors"] if each["extensions"]["code"] == "TOO_MUCH_ASKED"]
    assert [each["message"] for each in limit] == ["The document goes past a limit (depth: 12)."]
    assert told["data"] is None


async def test_the_deepest_thing_the_schema_holds_may_be_asked_for(graph: Graph, key: Secret) -> None:
    way_down = ["tenants", "edges", "node", "receivedInvoices", "edges", "node", "lines", "journals", "debit"]
    document = "{" + "{".join(way_down) + "{accountCode" + "}" * (len(way_down) + 1)

    assert "errors" not in await graph.ask(document, key)


def aliased(count: int) -> str:
    return "{" + " ".join(f"a{number}: viewer {{ keyId }}" for number in range(count)) + "}"


async def test_as_many_aliases_as_allowed_are_answered_and_one_more_is_refused(graph: Graph, key: Secret) -> None:
    assert len((await graph.ask(aliased(limits.ALIASES), key))["data"]) == limits.ALIASES
    assert await refused(graph, key, aliased(limits.ALIASES + 1)) == (
        "TOO_MUCH_ASKED",
        "The document goes past a limit (aliases: 15).",
    )


async def test_aliases_in_a_fragment_count_as_often_as_it_is_spread(graph: Graph, key: Secret) -> None:
    three = "fragment three on Viewer { a: keyId b: keyId c: keyId }"
    spread = " ".join(f"v{number}: viewer {{ ...three }}" for number in range(3))
    assert "errors" not in await graph.ask("{" + spread + "}" + three, key)  # 3 + 3 * 3

    spread += " v3: viewer { ...three }"
    assert (await refused(graph, key, "{" + spread + "}" + three))[0] == "TOO_MUCH_ASKED"  # 4 + 4 * 3


async def test_a_document_of_too_many_words_is_refused(graph: Graph, key: Secret) -> None:
    def wordy(words: int) -> str:
        around = '{ tenant(id: "x") { receivedInvoices(filter: {stages: [ ] }) { totalCount } } }'
        return around.replace("[ ]", "[" + "APPROVED " * (words - 24) + "]")

    assert "errors" not in await graph.ask(wordy(limits.TOKENS), key)
    assert await refused(graph, key, wordy(limits.TOKENS + 1)) == (
        "TOO_MUCH_ASKED",
        "The document goes past a limit (tokens: 2000).",
    )


@pytest.mark.parametrize("aliases", ["", "a: "])
async def test_fragments_that_double_with_every_link_are_measured_in_no_time(
    graph: Graph, key: Secret, aliases: str
) -> None:
    """Written out, this document has more fields than there are atoms in the room."""
    links = 100
    chain = "".join(f"fragment f{i} on Query{{...f{i + 1} ...f{i + 1}}}" for i in range(links))
    document = "{...f0}" + chain + f"fragment f{links} on Query{{{aliases}viewer{{keyId}}}}"

    begun = time.perf_counter()
    told = await graph.ask(document, key)

    assert time.perf_counter() - begun < 1
    assert [each["extensions"]["code"] for each in told.get("errors", [])] == (["TOO_MUCH_ASKED"] if aliases else [])


@pytest.mark.parametrize(
    "document",
    [
        "{ ...nowhere }",
        "fragment a on Query { ...a } { ...a }",
        "fragment a on Query { ...b } fragment b on Query { viewer { keyId } ...a } { ...a }",
        "{" * 1900,
        "{a" * 900 + "}" * 900,
        "{...f0}" + "".join(f"fragment f{i} on Query{{...f{i + 1}}}" for i in range(245)) + "fragment f245 on Query{a}",
        "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }",
    ],
)
async def test_a_document_that_never_ends_or_leads_nowhere_is_refused_as_no_document(
    graph: Graph, key: Secret, document: str
) -> None:
    told = await graph.ask(document, key)

    assert told["data"] is None
    assert {each["extensions"]["code"] for each in told["errors"]} <= {"INVALID_DOCUMENT", "TOO_MUCH_ASKED"}


async def test_a_tool_may_ask_for_the_whole_schema(graph: Graph, key: Secret) -> None:
    kind = "kind name " + "ofType { kind name " * 7 + "}" * 7
    document = f"{{ __schema {{ types {{ name fields {{ name args {{ type {{ {kind} }} }} type {{ {kind} }} }} }} }} }}"

    told = await graph.ask(document, key)

    assert "errors" not in told
    assert {"Tenant", "ReceivedInvoice"} <= {each["name"] for each in told["data"]["__schema"]["types"]}


async def test_a_document_sent_again_is_not_checked_again(graph: Graph, key: Secret) -> None:
    checked = _get_validate_cache(limits.REMEMBERED_DOCUMENTS).cache_info  # type: ignore[attr-defined]  # an lru_cache
    document = "{ viewer { keyId } } # sent many times"
    await graph.ask(document, key)
    before = checked()

    for _ in range(5):
        await graph.ask(document, key)

    assert (checked().hits - before.hits, checked().misses - before.misses) == (5, 0)
