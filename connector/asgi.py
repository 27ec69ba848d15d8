"""The web application: the graph, the onboarding site and health; in `dev` also GraphiQL."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from connector.bootstrap import Installation
from connector.settings import Mode
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


def create_app(installation: Installation) -> Starlette:
    """The application of an installation that is open, and stays open for as long as it serves."""
    routes: list[BaseRoute] = [
        Route("/graphql", GraphEndpoint(), methods=["POST"]),
        *site_routes(),
        Route("/health/live", live),
        Route("/health/ready", ready),
    ]
    if installation.mode is Mode.DEV:
        routes += ide_routes()
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False  # such a redirect leads wherever the request's Host header says
    app.state.installation = installation
    return app
