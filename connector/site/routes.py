"""Five steps of onboarding, each a request: look, start, come back, look again, confirm."""

from collections.abc import Awaitable, Callable
from datetime import timedelta, timezone
from pathlib import Path

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from connector.domain.consent import Callback, Invitation, Progress
from connector.errors import ConnectorError, ConsentBroken, ConsentFault, LinkFault, LinkUnusable
from connector.flows.onboarding import Onboarding
from connector.ids import ProviderKey
from connector.secret import Secret
from connector.site.browser import known_browser, new_browser, remember_browser
from connector.site.pages import HEADERS, failure_page, language_of, of_our_own, page, unexpected_page
from connector.site.words import WORDS
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
            if of_our_own(failure):
                _log.error("cannot serve", failure=str(failure), step=step.__name__)
            else:
                _log.info("refused", code=failure.code, step=step.__name__)
            return failure_page(request, failure)
        except Exception:  # noqa: BLE001 - logged whole, and the person is told how to go on
            _log.exception("a page failed", step=step.__name__)
            return unexpected_page(request)

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
    response = RedirectResponse(await _flow(request).start(link, browser), status_code=303, headers=HEADERS)
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
    return RedirectResponse(f"/connect/confirm/{told.state}", status_code=303, headers=HEADERS)


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
    return RedirectResponse(request.url.path, status_code=303, headers=HEADERS)


@_telling
async def nowhere(_: Request) -> Response:
    """An address that no link of ours has, such as one that a mail program cut short."""
    raise LinkUnusable(fault=LinkFault.UNKNOWN)


@_telling
async def from_nowhere(_: Request) -> Response:
    """An answer at an address that was given to no provider."""
    raise ConsentBroken(fault=ConsentFault.UNKNOWN_STATE)


class _Still(StaticFiles):
    """Files that are what they say they are."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, with a word against guessing what it is."""
        response = await super().get_response(path, scope)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


async def _form_token(request: Request) -> str:
    """The token a form of ours carries; an empty one for any other body, which no form token equals."""
    if int(request.headers.get("content-length") or 0) > _LONGEST_FORM:
        return ""
    try:
        async with request.form(max_files=0, max_fields=5, max_part_size=_LONGEST_FORM) as form:
            token = form.get("form_token")
    except HTTPException:  # Starlette's word for a body that is no form, or too large a one
        return ""
    return token if isinstance(token, str) else ""


def _named(request: Request, invitation: Invitation) -> dict[str, str]:
    language = language_of(request)
    in_japanese = language is Language.JA
    return {
        "tenant": invitation.tenant_name,
        "partner": invitation.partner_name,
        "provider": invitation.provider_name_ja if in_japanese else invitation.provider_name,
        "expires": invitation.link.expires_at.astimezone(_JST).strftime(WORDS[language]["moment"]),
    }


def routes() -> list[BaseRoute]:
    """Every page of the site."""
    return [
        Mount("/connect/static", _Still(directory=Path(__file__).parent / "static")),
        Route("/connect/confirm/{state}", confirmation, methods=["GET"]),
        Route("/connect/confirm/{state}", confirm, methods=["POST"]),
        Route("/connect/{link}", invite, methods=["GET"]),
        Route("/connect/{link}", start, methods=["POST"]),
        Route("/connect", nowhere, methods=["GET"]),
        Route("/connect/{rest:path}", nowhere, methods=["GET"]),
        Route("/callback/{provider}", callback, methods=["GET"]),
        Route("/callback", from_nowhere, methods=["GET"]),
        Route("/callback/{rest:path}", from_nowhere, methods=["GET"]),
    ]
