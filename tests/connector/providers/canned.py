"""A provider over real HTTP that says exactly what it is told to say, and remembers how it was asked."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.world import served


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str
    port: int  # the caller's: two requests from one port came over one connection


@dataclass(slots=True)
class Canned:
    """What it says next, and what it was asked so far."""

    url: str = ""
    code: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    asked: list[Asked] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        assert request.client is not None
        self.asked.append(
            Asked(
                method=request.method,
                path=request.url.path,
                query=dict(request.query_params),
                headers=dict(request.headers),
                body=(await request.body()).decode(),
                port=request.client.port,
            )
        )
        return Response(self.body, status_code=self.code, headers=dict(self.headers))


@asynccontextmanager
async def canned_provider() -> AsyncIterator[Canned]:
    """The provider on a socket."""
    canned = Canned()
    app = Starlette(routes=[Route("/{path:path}", canned.answer, methods=["GET", "POST", "PUT"])])
    async with served(app) as url:
        canned.url = url
        yield canned
