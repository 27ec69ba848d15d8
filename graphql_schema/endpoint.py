"""The graph over HTTP: a key for every request, JSON only, POST only, and a body of bounded size."""

from json import JSONDecodeError
from typing import Any

import orjson
import structlog
from cross_web import HTTPException
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.asgi import GraphQL

from connector.bootstrap import Flows
from connector.domain.access import Viewer
from connector.errors import ConnectorError, KeyRefused, TooMuchAsked, Unavailable
from connector.ids import new_id
from connector.secret import Secret
from connector.wording import say
from graphql_schema import limits
from graphql_schema.context import Context
from graphql_schema.failures import INVALID_DOCUMENT, MEND_IT, extensions_of
from graphql_schema.loaders import Loaders
from graphql_schema.schema import schema

_VIEWER = "connector.viewer"
_REQUEST_ID = "connector.request_id"

_log = structlog.get_logger("connector.graphql")


class _Graph(GraphQL[Context, None]):
    """Strawberry's view, with our context and a faster encoder."""

    def __init__(self) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            multipart_uploads_enabled=False,
            subscription_protocols=(),
        )

    async def get_context(self, request: Request | Any, response: Response | Any) -> Context:  # noqa: ARG002 - strawberry's own signature
        """What this request carries."""
        viewer: Viewer = request.scope[_VIEWER]
        flows: Flows = request.app.state.installation.flows
        return Context(
            flows=flows,
            viewer=viewer,
            loaders=Loaders(flows, viewer.scope),
            request_id=request.scope[_REQUEST_ID],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one question; what is no question at all is told so in the graph's own form."""
        try:
            response = await self.run(Request(scope, receive))
        except HTTPException as cause:
            response = _malformed(cause, scope[_REQUEST_ID])
        await response(scope, receive, send)

    def decode_json(self, data: str | bytes) -> object:
        """The question; raises JSONDecodeError, told as 400, for anything but one object or a list of them."""
        told = orjson.loads(data)
        if not isinstance(told, dict | list):
            raise JSONDecodeError("a question is an object", "", 0)
        return told

    def encode_json(self, data: object) -> bytes:
        """The answer as JSON."""
        return orjson.dumps(data, default=str)


class GraphEndpoint:
    """Recognises the caller before a byte of the document is parsed."""

    def __init__(self) -> None:
        self._graph: ASGIApp = _Graph()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            raise RuntimeError("the graph speaks HTTP only")
        request_id = new_id().hex
        scope[_REQUEST_ID] = request_id
        app: Starlette = scope["app"]
        headers = Headers(scope=scope)
        try:
            if int(headers.get("content-length") or 0) > limits.BODY:
                raise TooMuchAsked(limit="body", allowed=limits.BODY)
            viewer = await app.state.installation.flows.access.viewer(_presented(headers))
        except ConnectorError as failure:
            await _refusal(failure, request_id)(scope, receive, send)
            return
        scope[_VIEWER] = viewer
        with structlog.contextvars.bound_contextvars(request=request_id, key=viewer.key_id):
            try:
                await self._graph(scope, _bounded(receive), _named(send, request_id))
            except TooMuchAsked as failure:  # met while the body was read, so nothing was answered yet
                await _refusal(failure, request_id)(scope, receive, send)


def _presented(headers: Headers) -> Secret | None:
    scheme, _, text = headers.get("authorization", "").partition(" ")
    return Secret(text.strip()) if scheme.lower() == "bearer" and text.strip() else None


def _bounded(receive: Receive) -> Receive:
    """Refuses a body that goes on past the limit, whatever length it announced: the rest is never read."""
    size = 0

    async def bounded() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limits.BODY:
            raise TooMuchAsked(limit="body", allowed=limits.BODY)
        return message

    return bounded


def _named(send: Send, request_id: str) -> Send:
    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
        await send(message)

    return named


def _malformed(cause: HTTPException, request_id: str) -> Response:
    told = {"code": INVALID_DOCUMENT, **MEND_IT, "requestId": request_id}
    body = orjson.dumps({"data": None, "errors": [{"message": cause.reason, "extensions": told}]})
    return Response(body, status_code=cause.status_code, media_type="application/json")


def _refusal(failure: ConnectorError, request_id: str) -> Response:
    """The answer to a request that never reached the graph, in the graph's own form."""
    code = {KeyRefused: 401, TooMuchAsked: 413, Unavailable: 503}.get(type(failure), 500)
    told = {**extensions_of(failure), "requestId": request_id}
    body = orjson.dumps({"data": None, "errors": [{"message": say(failure).en.what, "extensions": told}]})
    headers = {"x-request-id": request_id}
    if isinstance(failure, KeyRefused):
        headers["www-authenticate"] = "Bearer"
    if isinstance(failure, Unavailable):
        headers["retry-after"] = str(int(failure.wait.total_seconds()))
    _log.info("refused", code=failure.code, request=request_id)
    return Response(body, status_code=code, media_type="application/json", headers=headers)
