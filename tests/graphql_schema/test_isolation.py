"""Nothing a partner can ask, with whatever of another's it got hold of, shows it anything of that other's."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import graphql
import httpx2
import pytest
import sqlalchemy as sa

from connector.ids import TenantId
from connector.store.tables import metadata
from tests.conftest import Cluster, administer
from tests.graphql_schema.belongings import KINDS, Belongings, NoGiverError, belongings, given
from tests.graphql_schema.graph import Graph, graph_in
from tests.graphql_schema.walk import Question, questions
from tests.store.databases import copied, engine_as
from tests.store.rows import OF_NOBODY

OURS, THEIRS, SISTERS = "MARK-OURS-41c8", "MARK-THEIRS-9e07", "MARK-SISTERS-b35d"
MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)

# Texts that are nobody's: our own words, keys of providers, codes. Everything else that is text carries a mark.
NOBODYS = {"__typename", "provider", "currency", "tenantId", "url", "staleBecause"}


@dataclass(frozen=True, slots=True)
class Companies:
    """Ours and theirs are strangers; the sister is another tenant of our own partner."""

    graph: Graph
    schema: graphql.GraphQLSchema
    ours: Belongings
    theirs: Belongings
    sister: Belongings


async def companies_in(graph: Graph) -> Companies:
    partner, key = await graph.a_partner(f"{OURS} partner")
    stranger, _ = await graph.a_partner(f"{THEIRS} partner")
    their_key = await graph.a_key(stranger, name=f"{THEIRS} key")
    ours = await belongings(graph, partner, key, OURS, MARCH)
    theirs = await belongings(graph, stranger, their_key, THEIRS, APRIL)
    sister = await belongings(graph, partner, key, SISTERS, MAY)
    told = await graph.ask(graphql.get_introspection_query(), key)
    return Companies(graph, graphql.build_client_schema(told["data"]), ours, theirs, sister)


@pytest.fixture(scope="module")
async def companies(graph: Graph) -> Companies:
    return await companies_in(graph)


def plain(answer: httpx2.Response) -> tuple[int, dict[str, str], Any]:
    """The answer without the names of the one request."""
    body = answer.json()
    for error in body.get("errors") or ():
        error["extensions"].pop("requestId", None)
    return answer.status_code, {k: v for k, v in answer.headers.items() if k != "x-request-id"}, body


def leaks(answer: httpx2.Response, marks: set[str]) -> bool:
    whole = answer.text + json.dumps(answer.json(), ensure_ascii=False) + str(answer.headers.multi_items())
    return any(mark in whole for mark in marks)


async def walked(companies: Companies, ours: Belongings, theirs: Belongings) -> tuple[list[str], int]:
    """What went wrong when our key asked everything with everything of theirs, and how many questions that were."""
    marks, found, count = theirs.marks() | ({theirs.key.reveal()} - {ours.key.reveal()}), [], 0
    for question in questions(companies.schema):
        values = {each.variable: given(each, ours, theirs, question) for each in question.arguments}
        own = {variable: value for variable, (value, _) in values.items()}

        async def ask(changed: dict[str, Any], document: str = question.document, own: Any = own) -> httpx2.Response:
            return await companies.graph.post({"query": document, "variables": {**own, **changed}}, ours.key)

        count += 1
        if leaks(await ask({}), marks):
            found.append(f"{question}: shows what is theirs to anybody who asks for his own")
        for argument in question.arguments:
            for each in values[argument.variable][1]:
                real = await ask({argument.variable: each.real})
                made_up = await ask({argument.variable: each.made_up})
                count += 2
                if leaks(real, marks):
                    found.append(f"{question}: {argument.coordinate} given {each.real!r} shows what is theirs")
                if plain(real) != plain(made_up):
                    found.append(f"{question}: {argument.coordinate} tells {each.real!r} from what does not exist")
    return found, count


async def written(graph: Graph, theirs: Belongings) -> dict[str, int]:
    """How many rows of each table are theirs."""
    counted = {}
    async with engine_as(graph.database_url) as engine, engine.connect() as connection:
        for table in metadata.sorted_tables:
            if "tenant_id" in table.columns:
                rows = sa.select(sa.func.count()).select_from(table).where(table.c.tenant_id == theirs.tenant)
                counted[table.name] = (await connection.execute(rows)).scalar_one()
    return counted


async def test_no_question_shows_a_partner_anything_of_another_or_tells_it_from_what_does_not_exist(
    companies: Companies,
) -> None:
    before = await written(companies.graph, companies.theirs)

    found, count = await walked(companies, companies.ours, companies.theirs)

    assert found == []
    assert count > 150
    assert await written(companies.graph, companies.theirs) == before


async def test_a_key_for_one_tenant_shows_nothing_of_the_partners_other_tenant(companies: Companies) -> None:
    graph, access = companies.graph, companies.graph.installation.flows.access
    viewer = await access.viewer(companies.ours.key)
    _, key = await access.issue(
        viewer.partner_id,
        name="one tenant",
        permissions=sorted(viewer.permissions),
        tenant=TenantId(companies.ours.tenant),
    )
    before = await written(graph, companies.sister)

    found, _ = await walked(companies, replace(companies.ours, key=key), companies.sister)

    assert found == []
    assert await written(graph, companies.sister) == before


def texts(told: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Every text at the end of this path of an answer."""
    if isinstance(told, list):
        for each in told:
            yield from texts(each, path)
    elif told is not None and path:
        yield from texts(told.get(path[0]), path[1:])
    elif isinstance(told, str | dict):
        yield json.dumps(told, ensure_ascii=False)


async def test_the_same_walk_with_their_own_key_shows_a_mark_in_every_text_there_is(companies: Companies) -> None:
    """Without this, a walk that asks for nothing would find no leak either."""
    graph, theirs = companies.graph, companies.theirs
    marks = theirs.marks() | theirs.keys_own()
    silent, shown = [], 0
    for question in questions(companies.schema):
        own = {each.variable: given(each, theirs, companies.ours, question)[0] for each in question.arguments}
        told = await graph.ask(question.document, theirs.key, **own)
        assert "errors" not in told, (question, told)
        for path in question.leaves:
            if (
                path[-1] in NOBODYS
                or {"userErrors", "explanation", "capabilities"} & set(path)
                or not _is_text(companies.schema, question, path)
            ):
                continue
            if any(mark in text for text in texts(told["data"], path) for mark in marks):
                shown += 1
            else:
                silent.append(".".join(path))

    assert silent == []
    assert shown > 100


def _is_text(schema: graphql.GraphQLSchema, question: Question, path: tuple[str, ...]) -> bool:
    root = schema.query_type if question.operation == "query" else schema.mutation_type
    assert root is not None
    kind: Any = root
    for step in path:
        below = graphql.get_named_type(kind.fields[step].type)
        if isinstance(below, graphql.GraphQLInterfaceType):
            below = schema.type_map[question.kind or ""]
        kind = below
    return kind.name in {"String", "ID", "JSON"}


@pytest.fixture(scope="module")
def open_url(cluster: Cluster) -> Iterator[str]:
    """A database whose policies let everybody see and write everything."""
    with copied(cluster) as url:
        opened = [f"alter policy in_scope on {table} using (true) with check (true)" for table in _with_policy()]
        administer(url, *opened)
        yield url


def _with_policy() -> list[str]:
    return [name for name in metadata.tables if name not in OF_NOBODY]


@pytest.fixture(scope="module")
async def laid_open(open_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[Companies]:
    async with graph_in(open_url, cluster.redis_url, kek) as running:
        yield await companies_in(running)


async def test_where_the_policies_are_laid_open_the_walk_reports_it_for_every_way_in(laid_open: Companies) -> None:
    found, _ = await walked(laid_open, laid_open.ours, laid_open.theirs)

    for way_in in (
        "tenants: shows what is theirs to anybody",
        "viewer: shows what is theirs to anybody",
        *(f"node on {kind}: Query.node(id) given '{laid_open.theirs.id(kind)}' shows" for kind in KINDS),
        "tenant: Query.tenant(id) given",
        "createOnboardingLink: Mutation.createOnboardingLink(input) tells",
        "requestFetch: Mutation.requestFetch(input) given",
    ):
        assert any(each.startswith(way_in) for each in found), (way_in, found)


@pytest.mark.parametrize(
    ("grown", "named"),
    [
        ("type Query { invoice(number: String!): Int }", "Query.invoice(number)"),
        ("type Query { a: A } type A { b(supplier: ID): Int }", "A.b(supplier)"),
        ("type Query { t(filter: F): Int } input F { owner: ID }", "F.owner"),
        ("interface Node { id: ID } type Query { node(id: ID!): Node } type Draft implements Node { id: ID }", "Draft"),
        ("type Query { a: Int } type Mutation { drop(tenant: ID!): Int }", "Mutation.drop(tenant)"),
    ],
)
async def test_an_argument_or_a_kind_that_the_walk_cannot_try_is_named(
    companies: Companies, grown: str, named: str
) -> None:
    schema = graphql.build_schema(grown)

    def walk() -> None:
        for question in questions(schema):
            for argument in question.arguments:
                given(argument, companies.ours, companies.theirs, question)

    with pytest.raises(NoGiverError) as refusal:
        walk()

    assert str(refusal.value).startswith(f"{named}: ")
