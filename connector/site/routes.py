"""Five steps of onboarding, each a request: look, start, come back, look again, confirm."""

from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone
from pathlib import Path

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from connector.domain.consent import Callback, Invitation, Progress
from connector.errors import ConnectorError
from connector.flows.onboarding import Onboarding
from connector.ids import ProviderKey
from connector.secret import Secret
from connector.site.browser import known_browser, new_browser, remember_browser
from connector.site.pages import failure_page, language_of, page
from connector.wording import Language

_LONGEST_FORM = 10_000  # bytes
_JST = timezone(timedelta(hours=9))

_log = structlog.get_logger("connector.site")


def _flow(request: Request) -> Onboarding:
    onboarding: Onboarding = request.app.state.installation.flows.onboarding
    return onboarding


def _telling(step: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A step whose foreseen failures become a page that says what to do, and all others one that says little."""

    async def told(request: Request) -> Response:
        try:
            return await step(request)
        except ConnectorError as failure:
            _log.info("refused", code=failure.code, step=step.__name__)
            return failure_page(request, failure)
        except Exception:  # noqa: BLE001 - logged whole, and the person is told how to go on
            _log.exception("a page failed", step=step.__name__)
            return page(request, "unexpected", code=500)

    return told


@_telling
async def invite(request: Request) -> Response:
    """The link's page: who asks whom for what. Changes nothing, so a mail scanner may open it at will."""
    link = Secret(request.path_params["link"])
    invitation = await _flow(request).invitation(link)
    browser = known_browser(request) or new_browser()
    response = page(
        request, "invite", {**_named(request, invitation), "form_token": _flow(request).form_token(browser, link)}
    )
    remember_browser(request, response, browser)
    return response


@_telling
async def start(request: Request) -> Response:
    """Sends the browser on to the provider."""
    link = Secret(request.path_params["link"])
    browser = _flow(request).check_form(known_browser(request), link, await _form_token(request))
    response = RedirectResponse(await _flow(request).start(link, browser), status_code=303)
    remember_browser(request, response, browser)
    return response


@_telling
async def callback(request: Request) -> Response:
    """Takes what the provider's redirect brought, and goes on without it in the address."""
    query = request.query_params
    told = Callback(
        provider=ProviderKey(request.path_params["provider"]),
        state=query.get("state", ""),
        code=Secret(query["code"]) if query.get("code") else None,
        error=query.get("error"),
    )
    await _flow(request).receive(told, known_browser(request))
    return RedirectResponse(f"/connect/confirm/{told.state}", status_code=303)


@_telling
async def confirmation(request: Request) -> Response:
    """Shows what is about to be activated, or that it was."""
    state = Secret(request.path_params["state"])
    browser = known_browser(request)
    invitation, progress = await _flow(request).confirmation(state, browser)
    if progress is Progress.CONFIRMED or browser is None:
        return page(request, "done", _named(request, invitation))
    token = _flow(request).form_token(browser, state)
    return page(request, "confirm", {**_named(request, invitation), "form_token": token})


@_telling
async def confirm(request: Request) -> Response:
    """Activates the connection."""
    state = Secret(request.path_params["state"])
    browser = _flow(request).check_form(known_browser(request), state, await _form_token(request))
    await _flow(request).confirm(state, browser)
    return RedirectResponse(request.url.path, status_code=303)


async def _form_token(request: Request) -> str:
    """The token a form of ours carries; an empty one for any other body, which no form token equals."""
    if int(request.headers.get("content-length") or 0) > _LONGEST_FORM:
        return ""
    async with request.form(max_files=0, max_fields=5) as form:
        token = form.get("form_token")
        return token if isinstance(token, str) else ""


def _named(request: Request, invitation: Invitation) -> dict[str, str]:
    in_japanese = language_of(request) is Language.JA
    return {
        "tenant": invitation.tenant_name,
        "partner": invitation.partner_name,
        "provider": invitation.provider_name_ja if in_japanese else invitation.provider_name,
        "expires": invitation.link.expires_at.astimezone(_JST).strftime("%Y-%m-%d %H:%M JST"),
    }


def routes() -> list[BaseRoute]:
    """Every page of the site."""
    return [
        Mount("/connect/static", StaticFiles(directory=Path(__file__).parent / "static")),
        Route("/connect/confirm/{state}", confirmation, methods=["GET"]),
        Route("/connect/confirm/{state}", confirm, methods=["POST"]),
        Route("/connect/{link}", invite, methods=["GET"]),
        Route("/connect/{link}", start, methods=["POST"]),
        Route("/callback/{provider}", callback, methods=["GET"]),
    ]
