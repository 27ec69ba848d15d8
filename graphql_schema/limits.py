"""How much one request may ask, checked before anything is read."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from graphql import (
    ASTValidationRule,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from strawberry.extensions import SchemaExtension

from connector.errors import TooMuchAsked

DEPTH = 12
ALIASES = 15
TOKENS = 2000
BODY = 1_000_000  # bytes
REMEMBERED_DOCUMENTS = 1000  # parsed and validated documents kept, so that a repeated query costs neither again

_INTROSPECTION = ("__schema", "__type")  # graphql-core has a rule of its own for how deep these may go


class WithinLimits(ASTValidationRule):
    """Refuses a document that nests too deep or renames too often, fragments counted wherever they are spread.

    Every fragment is measured once: one that spreads the next one twice would double the work with each link.
    """

    def enter_document(self, node: DocumentNode, *_: Any) -> None:
        """Measures every operation of the document."""
        operations = [each for each in node.definitions if isinstance(each, OperationDefinitionNode)]
        fragments = {each.name.value: each for each in node.definitions if isinstance(each, FragmentDefinitionNode)}
        for operation in operations:
            if _too_deep(operation.selection_set, fragments):
                self._refuse(operation, TooMuchAsked(limit="depth", allowed=DEPTH))
        parts = {name: _Part.of(fragment.selection_set) for name, fragment in fragments.items()}
        aliases = sum(_aliases(_Part.of(operation.selection_set), parts, {}) for operation in operations)
        if aliases > ALIASES:
            self._refuse(operations[0], TooMuchAsked(limit="aliases", allowed=ALIASES))

    def _refuse(self, operation: OperationDefinitionNode, failure: TooMuchAsked) -> None:
        self.report_error(GraphQLError(str(failure), operation, original_error=failure))


class Documents(SchemaExtension):
    """Parses and validates each document once and within the limits, however often it is sent."""

    def on_operation(self) -> Iterator[None]:
        """Adds the limits to what is checked; the rule is one class, so that validated documents are recognised."""
        self.execution_context.parse_options["max_tokens"] = TOKENS
        self.execution_context.validation_rules = (*self.execution_context.validation_rules, WithinLimits)
        yield

    def on_parse(self) -> Iterator[None]:
        """Brings a document parsed before; one that cannot be parsed is left to strawberry, which says why."""
        query = self.execution_context.query
        self.execution_context.graphql_document = _parsed(query) if query else None
        yield


def too_many_tokens(error: GraphQLError) -> bool:
    """Whether the parser gave up on a document because of its length."""
    return isinstance(error, GraphQLSyntaxError) and f"more than {TOKENS} tokens" in error.message


@lru_cache(maxsize=REMEMBERED_DOCUMENTS)
def _parsed(text: str) -> DocumentNode | None:
    try:
        return parse(text, max_tokens=TOKENS)
    except GraphQLError:
        return None


def _too_deep(top: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> bool:
    """Whether something lies below `DEPTH` levels; a fragment is entered again only from further down."""
    entered: dict[str, int] = {}
    waiting = [(top, 0)]
    while waiting:
        selection, depth = waiting.pop()
        if depth > DEPTH:
            return True
        for node in selection.selections:
            if isinstance(node, FragmentSpreadNode):
                name = node.name.value
                if name in fragments and depth > entered.get(name, -1):
                    entered[name] = depth
                    waiting.append((fragments[name].selection_set, depth))
            elif isinstance(node, FieldNode):
                if node.selection_set and node.name.value not in _INTROSPECTION:
                    waiting.append((node.selection_set, depth + 1))
            else:
                waiting.append((node.selection_set, depth))  # type: ignore[attr-defined]  # an inline fragment
    return False


@dataclass(slots=True)
class _Part:
    """What one definition holds itself: its aliases, and how often it spreads which fragment."""

    aliases: int = 0
    spreads: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, top: SelectionSetNode) -> "_Part":
        part = cls()
        waiting = [top]
        while waiting:
            for node in waiting.pop().selections:
                if isinstance(node, FragmentSpreadNode):
                    part.spreads[node.name.value] += 1
                    continue
                if isinstance(node, FieldNode) and node.alias is not None:
                    part.aliases += 1
                below = node.selection_set  # type: ignore[attr-defined]  # a field or an inline fragment
                if below is not None:
                    waiting.append(below)
        return part


def _aliases(part: _Part, parts: Mapping[str, _Part], known: dict[str, int]) -> int:
    """Aliases with every fragment written out; a fragment within itself is refused elsewhere and counts nothing."""
    total = part.aliases
    for name, times in part.spreads.items():
        if name not in known and name in parts:
            known[name] = 0
            known[name] = _aliases(parts[name], parts, known)
        total += times * known.get(name, 0)
    return total
