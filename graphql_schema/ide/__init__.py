"""GraphiQL from bundled files, for `dev`; production never serves it."""

from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

_FOLDER = Path(__file__).parent

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
}


async def page(_: Request) -> Response:
    """The page; the key it asks with is named in the address after `#key=`, which no server ever sees."""
    settings = orjson.dumps({"query": (_FOLDER / "ready.graphql").read_text()}).decode().replace("<", "\\u003c")
    return HTMLResponse((_FOLDER / "page.html").read_text().replace("__SETTINGS__", settings), headers=_HEADERS)


async def to_page(_: Request) -> Response:
    """Sends a person who opens the graph's own address on to the page."""
    return RedirectResponse("/ide/")


def routes() -> list[BaseRoute]:
    """The page, its files, and the way there."""
    return [
        Route("/graphql", to_page, methods=["GET"]),
        Route("/ide/", page),
        Mount("/ide/assets", StaticFiles(directory=_FOLDER / "assets")),
    ]
