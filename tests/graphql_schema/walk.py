"""Every question the schema lets anyone ask, found by introspection: one a root field and kind, everything below it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
)

DEPTH = 9  # of fields; the deepest of today, and three more than anyone must promise


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument somewhere in a question, given as a variable."""

    coordinate: str  # as `Tenant.receivedInvoices(after)`
    variable: str
    name: str
    given: GraphQLArgument


@dataclass(frozen=True, slots=True)
class Question:
    """One document, every argument in it, and every leaf it asks for."""

    operation: str
    name: str  # of its root field, and the kind asked for where there are several
    kind: str | None  # None: the root field answers with one kind only
    document: str
    arguments: tuple[Argument, ...]
    leaves: tuple[tuple[str, ...], ...]  # the path of each, as the answer nests it

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True)
class _Scribe:
    schema: GraphQLSchema
    arguments: list[Argument] = field(default_factory=list)
    leaves: list[tuple[str, ...]] = field(default_factory=list)

    def ask(self, parent: str, name: str, asked: GraphQLField, kind: str | None, path: tuple[str, ...]) -> str:
        """The field with its arguments, and with everything below it as deep as the walk goes."""
        given = []
        for argument_name, argument in asked.args.items():
            variable = f"v{len(self.arguments)}"
            coordinate = f"{parent}.{name}({argument_name})"
            self.arguments.append(Argument(coordinate, variable, argument_name, argument))
            given.append(f"{argument_name}: ${variable}")
        written = name + (f"({', '.join(given)})" if given else "")
        below = get_named_type(asked.type)
        path = (*path, name)
        if is_leaf_type(below):
            self.leaves.append(path)
            return written
        return f"{written} {{ {self._below(below, kind, path)} }}"

    def _below(self, kind: GraphQLNamedType, only: str | None, path: tuple[str, ...]) -> str:
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            possible = [each for each in self.schema.get_possible_types(kind) if only in (None, each.name)]
            return " ".join(f"... on {each.name} {{ {self._below(each, None, path)} }}" for each in possible)
        assert isinstance(kind, GraphQLObjectType)
        asked = [
            self.ask(kind.name, name, each, None, path)
            for name, each in kind.fields.items()
            if len(path) < DEPTH or is_leaf_type(get_named_type(each.type))
        ]
        return " ".join(["__typename", *asked])


def questions(schema: GraphQLSchema) -> Iterator[Question]:
    """One question for each root field, and for each kind of thing it may answer with."""
    for operation, root in (("query", schema.query_type), ("mutation", schema.mutation_type)):
        if root is None:
            continue
        for name, asked in root.fields.items():
            answer = get_named_type(asked.type)
            several = isinstance(answer, GraphQLInterfaceType | GraphQLUnionType)
            kinds = [each.name for each in schema.get_possible_types(answer)] if several else [None]
            for kind in kinds:
                scribe = _Scribe(schema)
                body = scribe.ask(root.name, name, asked, kind, ())
                declared = ", ".join(f"${each.variable}: {each.given.type}" for each in scribe.arguments)
                yield Question(
                    operation=operation,
                    name=f"{name} on {kind}" if kind else name,
                    kind=kind,
                    document=f"{operation}{f' ({declared})' if declared else ''} {{ {body} }}",
                    arguments=tuple(scribe.arguments),
                    leaves=tuple(scribe.leaves),
                )
