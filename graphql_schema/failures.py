"""Carries failures to the caller: foreseen ones with a code and both languages, all others masked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import strawberry
import structlog
from graphql import ExecutionResult as GraphQLExecutionResult
from graphql import GraphQLError
from strawberry.extensions import FieldExtension, SchemaExtension
from strawberry.types import ExecutionResult
from strawberry.types import Info as StrawberryInfo

from connector.errors import ConnectorError, InvalidInput, Remedy, TooMuchAsked
from connector.wording import say
from graphql_schema import limits

INVALID_DOCUMENT = "INVALID_DOCUMENT"
INTERNAL = "INTERNAL"

_RETRYABLE = {Remedy.TRY_LATER}
MEND_IT = {
    "messageJa": "問い合わせの文書が正しくありません。",
    "remedy": "Correct the document; `message` says where.",
    "remedyJa": "スキーマに合わせて文書を直してください。",
    "retryable": False,
}

_log = structlog.get_logger("connector.graphql")


@strawberry.type(description="An expected failure of a write: nothing was done.")
class UserError:
    """One expected failure of a write."""

    code: str = strawberry.field(description="Stable code from the list in docs/errors.md.")
    path: list[str] = strawberry.field(description="The input that caused it; empty when no single input did.")
    message: str = strawberry.field(description="What is wrong, in English.")
    message_ja: str = strawberry.field(description="What is wrong, in Japanese (日本語の説明).")
    remedy: str = strawberry.field(description="Who can do what about it, in English.")
    remedy_ja: str = strawberry.field(description="Who can do what about it, in Japanese (対処方法).")
    retryable: bool = strawberry.field(description="Whether the same request may succeed later.")

    @classmethod
    def of(cls, failure: ConnectorError) -> "UserError":
        """The failure as a member of a payload."""
        said = say(failure)
        return cls(
            code=failure.code,
            path=list(failure.path) if isinstance(failure, InvalidInput) else [],
            message=said.en.what,
            message_ja=said.ja.what,
            remedy=said.en.action,
            remedy_ja=said.ja.action,
            retryable=failure.remedy in _RETRYABLE,
        )


class Answers(FieldExtension):
    """Turns an expected failure of a mutation into a member of its payload.

    Last in a field's list is outermost: there it turns the guard's refusals as well.
    """

    def __init__(self, payload: Callable[..., object]) -> None:
        self._payload = payload

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: StrawberryInfo[Any, Any], **arguments: Any
    ) -> Any:
        """The payload, with the failure inside it when there was one."""
        try:
            return await next_(source, info, **arguments)
        except ConnectorError as failure:
            return self._payload(user_errors=[UserError.of(failure)])


class Failures(SchemaExtension):
    """Gives every error of an answer a code, and hides what was not foreseen."""

    async def on_operation(self) -> AsyncIterator[None]:
        """Rewrites the errors once the operation is done."""
        yield
        context = self.execution_context
        result = context.result
        if isinstance(result, ExecutionResult | GraphQLExecutionResult) and result.errors:
            result.errors = [self._told(error) for error in result.errors]
        if context.pre_execution_errors:
            context.pre_execution_errors = [self._told(error) for error in context.pre_execution_errors]

    def _told(self, error: GraphQLError) -> GraphQLError:
        request_id = getattr(self.execution_context.context, "request_id", "")
        cause = error.original_error
        if limits.too_many_tokens(error):
            cause = TooMuchAsked(limit="tokens", allowed=limits.TOKENS)
        if isinstance(cause, ConnectorError):
            return _rewritten(error, say(cause).en.what, extensions_of(cause))
        if cause is None or isinstance(cause, GraphQLError):
            # strawberry's switch stops guesses at fields only; arguments, types and values are guessed at as well.
            message = error.message.partition(" Did you mean ")[0]
            return _rewritten(error, message, {"code": INVALID_DOCUMENT, **MEND_IT})
        _log.error("a resolver failed", request=request_id, exc_info=cause)
        return _rewritten(
            error,
            "Something went wrong on our side.",
            {
                "code": INTERNAL,
                "messageJa": "こちら側で問題が発生しました。",
                "remedy": f"Report the request id {request_id} to the operator.",
                "remedyJa": f"リクエストID {request_id} を運用者に知らせてください。",
                "retryable": False,
                "requestId": request_id,
            },
        )


def extensions_of(failure: ConnectorError) -> dict[str, object]:
    """What an error's `extensions` say of a foreseen failure."""
    told = UserError.of(failure)
    return {
        "code": told.code,
        "messageJa": told.message_ja,
        "remedy": told.remedy,
        "remedyJa": told.remedy_ja,
        "retryable": told.retryable,
    }


def _rewritten(error: GraphQLError, message: str, extensions: dict[str, object]) -> GraphQLError:
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )
