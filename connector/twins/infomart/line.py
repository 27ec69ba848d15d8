"""The line is the TCP connection under a call; uvicorn hides it from applications, and a fault needs to cut it."""

import asyncio
import socket
import struct
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

_EXTENSION = "twins.line"


class LineCutError(ConnectionError):
    """A call without a line of its own (in-process tests) ends like this where a socket would have closed."""


class CuttableProtocol(H11Protocol):
    """HTTP over a connection that the application can close, by an extension of the ASGI scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """The application learns of its line."""
        super().connection_made(transport)
        answer = cast("ASGIApp", self.app)

        async def answer_on_this_line(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[_EXTENSION] = transport
            await answer(scope, receive, send)

        self.app = cast("Any", answer_on_this_line)  # uvicorn's own word for an application is private


async def cut(scope: Scope, receive: Receive, *, after_what_was_sent: bool = False, reset: bool = False) -> None:
    """Closes the connection without a further byte, or resets it, and returns when it is closed."""
    transport: asyncio.Transport | None = scope.get("extensions", {}).get(_EXTENSION)
    if transport is None:
        raise LineCutError("the line was cut")
    if reset:
        line: socket.socket = transport.get_extra_info("socket")
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if after_what_was_sent:
        transport.close()
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":  # uvicorn answers 500 by itself if the line is still up
        pass


def has_line(scope: Scope) -> bool:
    """Whether the call came over a connection that can be cut."""
    return _EXTENSION in scope.get("extensions", {})
