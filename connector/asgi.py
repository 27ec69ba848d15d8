"""The web application: the graph, the onboarding site and health; in `dev` also GraphiQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connector.bootstrap import Installation, opened
from connector.ports import Clock
from connector.settings import Mode, Settings
from connector.site.routes import routes as site_routes
from graphql_schema.endpoint import GraphEndpoint
from graphql_schema.ide import routes as ide_routes


async def live(_: Request) -> Response:
    """Whether this process runs at all."""
    return JSONResponse({"live": True})


async def ready(request: Request) -> Response:
    """Whether this process can answer: PostgreSQL is reached as both roles."""
    installation: Installation = request.app.state.installation
    reachable = await installation.store.reachable()
    return JSONResponse({"ready": reachable}, status_code=200 if reachable else 503)


def create_app(settings: Settings, *, clock: Clock | None = None) -> Starlette:
    """The application; everything it needs opens with its first breath and closes with its last."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with opened(settings, clock=clock) as installation:
            app.state.installation = installation
            yield

    routes: list[BaseRoute] = [
        Route("/graphql", GraphEndpoint(), methods=["POST"]),
        *site_routes(),
        Route("/health/live", live),
        Route("/health/ready", ready),
    ]
    if settings.mode is Mode.DEV:
        routes += ide_routes()
    return Starlette(routes=routes, lifespan=lifespan)
