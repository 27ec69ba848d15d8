"""Counts the calls of the token endpoint: how many there were, whose, and how many of one member's at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Calls:
    """What was counted."""

    total: int = 0
    of_member: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0  # of one member's renewals
    _under_way: Counter[str] = field(default_factory=Counter)

    def begin(self, member: str | None) -> None:
        """A call has come in; None: it renews nothing that was ever given."""
        self.total += 1
        if member is not None:
            self.of_member[member] += 1
            self._under_way[member] += 1
            self.most_at_once = max(self.most_at_once, self._under_way[member])

    def end(self, member: str | None) -> None:
        """The call is over, one way or another."""
        if member is not None:
            self._under_way[member] -= 1


class Heard:
    """A request's body, heard whole: it can be looked at, and acted upon after its caller has given up."""

    def __init__(self, messages: Sequence[Message], receive: Receive) -> None:
        self.messages = messages
        self._receive = receive
        self._kept = iter(messages)

    async def __call__(self) -> Message:
        """The next message of the request."""
        return next(self._kept, None) or await self._receive()

    def again(self) -> "Heard":
        """The same request from its beginning."""
        return Heard(self.messages, self._receive)


async def hear(receive: Receive) -> Heard:
    """The whole request."""
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return Heard(messages, receive)


def presented(heard: Heard) -> str | None:
    """The refresh token in a heard form; None: there is none."""
    body = b"".join(message.get("body", b"") for message in heard.messages)
    found = parse_qs(body.decode(errors="replace")).get("refresh_token")
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Counted:
    """An ASGI application whose calls are counted from their first byte to their last."""

    world: Any  # the World, which holds Calls itself
    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The call, counted."""
        heard = await hear(receive)
        member = self.world.grants.whose(presented(heard) or "")
        self.world.calls.begin(member)
        try:
            await self.app(scope, heard, send)
        finally:
            self.world.calls.end(member)
