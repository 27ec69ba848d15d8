"""Misfortune stands in front of a route and lets the waiting faults strike its calls."""

from asyncio import sleep
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.twins.infomart.answers import INTERNAL, Refusal, envelope
from connector.twins.infomart.calls import hear, presented
from connector.twins.infomart.faults import Fault, Kind
from connector.twins.infomart.line import cut, has_line
from connector.twins.infomart.pages import show
from connector.twins.infomart.world import World

EXCHANGE = "token"  # the name of the one operation that is not an API

_RETRY_AFTER_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Misfortune:
    """An ASGI application that passes calls of one operation on, unless a fault is waiting."""

    operation: str
    world: World
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The call, or what became of it."""
        if self.world.maintenance:
            await HTMLResponse(show("maintenance.html"), status_code=503)(scope, receive, send)
            return
        fault = self.world.faults.strike(self.operation)
        if fault is None:
            await self.app(scope, receive, send)
            return
        self.world.ledger.write("fault_struck", operation=self.operation, kind=fault.kind)
        await self._befall(fault, scope, receive, send)

    async def _befall(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: C901 - a table
        match fault.kind:
            case Kind.HTTP_503 | Kind.HTTP_500 | Kind.HTML_200:
                await self._instead(fault)(scope, receive, send)
            case Kind.DROP_BEFORE:
                await cut(scope, receive)
            case Kind.DELAY:
                heard = await hear(receive)
                await sleep(fault.seconds)
                await self.app(scope, heard, send)
            case Kind.DROP_AFTER:
                await self._in_silence(scope, receive)
                await cut(scope, receive)
            case Kind.HTTP_500_AFTER:
                await self._in_silence(scope, receive)
                await self._instead(fault)(scope, receive, send)
            case Kind.LATE:
                answer = await self._in_silence(scope, receive)
                await sleep(fault.seconds)
                for message in answer:
                    await send(message)
            case Kind.HALF_DONE:
                heard = await hear(receive)
                self.world.grants.spend(presented(heard) or "")
                await self._instead(fault)(scope, heard.again(), send)
            case Kind.RESET:
                await self._in_silence(scope, receive)
                await cut(scope, receive, reset=True)
            case Kind.TRUNCATE:
                await self._half(await self._in_silence(scope, receive), scope, receive, send)

    def _instead(self, fault: Fault) -> Response:
        """What the caller sees in place of the operation's answer."""
        match fault.kind:
            case Kind.HTTP_503:
                headers = {"Retry-After": str(_RETRY_AFTER_SECONDS)}
                return HTMLResponse(show("maintenance.html"), status_code=503, headers=headers)
            case Kind.HTML_200:
                return HTMLResponse(show("maintenance.html"))
            case _:
                return self.world.answer(self._internal_error(), code=500)

    def _internal_error(self) -> dict[str, Any]:
        if self.operation == EXCHANGE:
            return {"error": "server_error", "error_description": "Internal Server Error"}
        return envelope(uuid4(), Refusal(INTERNAL))

    async def _in_silence(self, scope: Scope, receive: Receive) -> list[Message]:
        """The operation runs to its end; its answer is kept from the caller."""
        kept: list[Message] = []

        async def keep(message: Message) -> None:
            kept.append(message)

        await self.app(scope, receive, keep)
        return kept

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
