"""The schema is what the committed file says, described to the last argument, and guarded to the last resolver."""

import os
from collections.abc import Iterator
from pathlib import Path

import graphql
import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
)
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

import graphql_schema
from connector.domain.access import Permission
from graphql_schema.failures import Answers
from graphql_schema.guard import Requires
from graphql_schema.schema import schema

COMMITTED = Path(graphql_schema.__file__).parent / "schema.graphql"
REFRESH = "CONNECTOR_REFRESH_SCHEMA"


def built(of: strawberry.Schema) -> GraphQLSchema:
    return graphql.build_schema(of.as_str())


def test_the_schema_is_the_committed_one() -> None:
    printed = schema.as_str() + "\n"
    if os.environ.get(REFRESH) == "1":
        COMMITTED.write_text(printed)

    assert COMMITTED.read_text() == printed, (
        f"the graph changed; if that is meant, run: {REFRESH}=1 ./dev test {Path(__file__).name} and review the diff"
    )


def fields_that_resolve(of: strawberry.Schema) -> Iterator[tuple[str, StrawberryField]]:
    for name, known in sorted(of.schema_converter.type_map.items()):
        if isinstance(known.definition, StrawberryObjectDefinition):
            for each in known.definition.fields:
                if each.base_resolver is not None:
                    yield f"{name}.{each.python_name}", each


def unguarded(of: strawberry.Schema) -> list[str]:
    """Fields that do work, and say nothing about what that requires."""
    return [
        name
        for name, field in fields_that_resolve(of)
        if not any(isinstance(extension, Requires) for extension in field.extensions)
    ]


def test_every_field_that_does_work_says_what_it_requires() -> None:
    assert unguarded(schema) == []
    assert len(list(fields_that_resolve(schema))) >= 13


def test_a_field_that_forgot_what_it_requires_is_named() -> None:
    async def resolve() -> str:
        return ""

    @strawberry.type
    class Query:
        guarded: str = strawberry.field(resolver=resolve, extensions=[Requires(Permission.READ)])
        forgotten: str = strawberry.field(resolver=resolve)

    assert unguarded(strawberry.Schema(query=Query)) == ["Query.forgotten"]


def test_every_mutation_answers_a_refusal_of_its_guard_in_its_payload() -> None:
    """Outermost is last: only there does it see what the guard says."""
    mutations = [(name, field) for name, field in fields_that_resolve(schema) if name.startswith("Mutation.")]

    assert [name for name, _ in mutations] == ["Mutation.create_onboarding_link", "Mutation.request_fetch"]
    for name, field in mutations:
        assert [type(extension) for extension in field.extensions[-2:]] == [Requires, Answers], name


def described(of: GraphQLSchema) -> Iterator[tuple[str, str | None]]:
    """Everything that can have a description, and the one it has; an enum's values are their names."""
    for name, kind in of.type_map.items():
        if name.startswith("__"):
            continue
        if kind in graphql.specified_scalar_types.values():
            continue
        yield name, kind.description
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            for field_name, field in kind.fields.items():
                yield f"{name}.{field_name}", field.description
                if isinstance(field, GraphQLField):
                    for argument_name, argument in field.args.items():
                        yield f"{name}.{field_name}({argument_name})", argument.description


def undescribed(of: GraphQLSchema) -> list[str]:
    return [name for name, description in described(of) if not (description or "").strip()]


def test_every_type_field_argument_and_enum_is_described() -> None:
    assert undescribed(built(schema)) == []
    names = {name for name, _ in described(built(schema))}
    assert {
        "Tenant",
        "Tenant.receivedInvoices",
        "Tenant.receivedInvoices(first)",
        "TaxBucket",
        "TenantFilter.name",
    } <= names


@pytest.mark.parametrize(
    ("mute", "named"),
    [
        ('"q" type Query { "f" f: Int, g: Int }', "Query.g"),
        ('"q" type Query { "f" f(a: Int): Int }', "Query.f(a)"),
        ('"q" type Query { "f" f: E } enum E { A }', "E"),
        ('"q" type Query { "f" f("a" a: I): Int } "i" input I { x: Int }', "I.x"),
    ],
)
def test_what_nobody_described_is_named(mute: str, named: str) -> None:
    assert undescribed(graphql.build_schema(mute)) == [named]


def test_everything_is_said_in_japanese_where_a_japanese_accountant_has_a_word_for_it() -> None:
    """Headers and lines carry the provider's own term beside ours."""
    known = built(schema).type_map
    ours_alone = {"id", "provider", "stage", "currency", "firstSeenAt", "changedAt", "raw", "position"}
    for name in ("ReceivedInvoice", "InvoiceLine", "Journal", "Posting", "Counterparty"):
        kind = known[name]
        assert isinstance(kind, GraphQLObjectType)
        mute = [
            field_name
            for field_name, field in kind.fields.items()
            if field_name not in ours_alone
            and not any("\u3040" <= each <= "\u9fff" for each in field.description or "")
        ]
        assert mute == ["stageCode"] if name == "ReceivedInvoice" else mute == [], name


def test_no_enum_lost_a_value_that_the_domain_knows() -> None:
    for name, kind in built(schema).type_map.items():
        if isinstance(kind, GraphQLEnumType) and not name.startswith("__"):
            definition = schema.schema_converter.type_map[name].definition
            assert {value.name for value in definition.values} == set(kind.values), name  # type: ignore[union-attr]
