"""Misfortune stands in front of a route and lets the waiting faults strike its calls."""

from asyncio import Event, sleep
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.twins.infomart.answers import Refusal, envelope
from connector.twins.infomart.calls import hear, presented
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.faults import Fault, Kind
from connector.twins.infomart.formats import by_accept
from connector.twins.infomart.line import cut, has_line
from connector.twins.infomart.pages import show
from connector.twins.infomart.world import World

EXCHANGE = "token"  # the name of the one operation that is not an API

_RETRY_AFTER_SECONDS = 120
_EXTENSION = "twins.lateness"

# The codes of refusals that a fault makes up; of 413 and 429 nobody knows one [IM-49].
_CODED = {
    Kind.EXPIRED: (HTTPStatus.UNAUTHORIZED, Code.NOT_SIGNED_IN),
    Kind.CONFLICT: (HTTPStatus.CONFLICT, Code.CHANGED_MEANWHILE),
    Kind.TOO_LARGE: (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Code.TOO_MANY),
    Kind.THROTTLED: (HTTPStatus.TOO_MANY_REQUESTS, Code.INTERNAL),
    Kind.CODED_503: (HTTPStatus.SERVICE_UNAVAILABLE, Code.MAINTENANCE),
}


@dataclass(frozen=True, slots=True)
class Lateness:
    """When a call is done, by the twin's clock, and whether it has passed its checks."""

    due: datetime
    checked: Event = field(default_factory=Event)


def lateness(scope: Scope) -> Lateness | None:
    """How late this call is done; None: at once."""
    found: Lateness | None = scope.get("extensions", {}).get(_EXTENSION)
    return found


@dataclass(frozen=True, slots=True)
class Misfortune:
    """An ASGI application that passes calls of one operation on, unless a fault is waiting."""

    operation: str
    world: World
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The call, or what became of it."""
        if closed := self._closed():
            await closed(scope, receive, send)
            return
        fault = self.world.faults.strike(self.operation)
        if fault is None:
            await self.app(scope, receive, send)
            return
        self.world.ledger.write("fault_struck", operation=self.operation, kind=fault.kind)
        await self._befall(fault, scope, receive, send)

    async def _befall(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901 - a table
        match fault.kind:
            case (
                Kind.HTTP_503
                | Kind.HTTP_500
                | Kind.HTML_200
                | Kind.EXPIRED
                | Kind.CONFLICT
                | Kind.TOO_LARGE
                | Kind.THROTTLED
                | Kind.CODED_503
            ):
                await self._instead(fault, scope)(scope, receive, send)
            case Kind.DROP_BEFORE:
                await cut(scope, receive)
            case Kind.DELAY:
                heard = await hear(receive)
                await sleep(fault.seconds)
                await self.app(scope, heard, send)
            case Kind.LATE_COMMIT:
                await self.app(_late(scope, self._lateness(fault)), receive, send)
            case Kind.DROP_LATE | Kind.HTTP_500_LATE:
                await self._promise(fault, scope, receive, send)
            case Kind.DROP_AFTER | Kind.RESET:
                await self._in_silence(scope, receive)
                await cut(scope, receive, reset=fault.kind is Kind.RESET)
            case Kind.HTTP_500_AFTER:
                await self._in_silence(scope, receive)
                await self._instead(fault, scope)(scope, receive, send)
            case Kind.LATE:
                answer = await self._in_silence(scope, receive)
                await sleep(fault.seconds)
                for message in answer:
                    await send(message)
            case Kind.HALF_DONE:
                heard = await hear(receive)
                self.world.grants.spend(presented(heard) or "")
                await self._instead(fault, scope)(scope, heard.again(), send)
            case Kind.TRUNCATE:
                await self._half(await self._in_silence(scope, receive), scope, receive, send)

    def _closed(self) -> Response | None:
        """The maintenance page, with the wait if the end was announced [IM-4], [IM-48]."""
        now = self.world.clock.now()
        if ends := self.world.calendar.closed_until(now):
            headers = {"Retry-After": str(int((ends - now).total_seconds()) + 1)}
            return HTMLResponse(show("maintenance.html"), status_code=503, headers=headers)
        return HTMLResponse(show("maintenance.html"), status_code=503) if self.world.maintenance else None

    def _instead(self, fault: Fault, scope: Scope) -> Response:
        """What the caller sees in place of the operation's answer."""
        match fault.kind:
            case Kind.HTTP_503:
                headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
                return HTMLResponse(show("maintenance.html"), status_code=503, headers=headers)
            case Kind.HTML_200:
                return HTMLResponse(show("maintenance.html"))
            case _ if self.operation == EXCHANGE:
                body = {"error": "server_error", "error_description": "Internal Server Error"}
                return self.world.answer(body, code=500)
            case _:
                code, error = _CODED.get(fault.kind, (HTTPStatus.INTERNAL_SERVER_ERROR, Code.INTERNAL))
                waits = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
                headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)} if code in waits else {}
                body = envelope(uuid4(), Refusal(error))
                return self.world.answer(body, code=code, headers=headers, form=by_accept(Request(scope)))

    def _lateness(self, fault: Fault) -> Lateness:
        return Lateness(self.world.clock.now() + timedelta(seconds=fault.seconds))

    async def _in_silence(self, scope: Scope, receive: Receive) -> list[Message]:
        """The operation runs to its end; its answer is kept from the caller."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(scope, receive, keep)
        return kept

    async def _promise(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """The caller is sent away at once, and the operation is done later."""
        heard, late = await hear(receive), self._lateness(fault)

        async def keep_the_promise() -> None:
            await self._in_silence(_late(scope, late), heard)
            late.checked.set()  # if it was refused by its checks

        _ = self.world.go_on(keep_the_promise())
        await late.checked.wait()
        if fault.kind is Kind.DROP_LATE:
            await cut(scope, receive)
        else:
            await self._instead(fault, scope)(scope, heard.again(), send)

    async def _half(self, answer: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
        """The first half of the body under the full Content-Length, then the end of the line.

        In process there is no line to cut, and the first half is all there is.
        """
        start, *parts = answer
        body = b"".join(part.get("body", b"") for part in parts)
        await send(start)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": has_line(scope)})
        if has_line(scope):
            await cut(scope, receive, after_what_was_sent=True)


def _late(scope: Scope, late: Lateness) -> Scope:
    return {**scope, "extensions": {**scope.get("extensions", {}), _EXTENSION: late}}
