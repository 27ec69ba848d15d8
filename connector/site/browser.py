"""The two cookies: one that binds a walk to one browser, and one that remembers a language."""

import secrets

from starlette.requests import Request
from starlette.responses import Response

from connector.secret import Secret
from connector.wording import Language

LANGUAGE_COOKIE = "connector-language"
_HALF_HOUR = 1800
_YEAR = 31_536_000


def _name(request: Request) -> str:
    """Over https the prefix makes browsers refuse the cookie from any other host or path."""
    return "__Host-connector" if _secure(request) else "connector"


def _secure(request: Request) -> bool:
    public_url: str = request.app.state.installation.public_url
    return public_url.startswith("https://")


def known_browser(request: Request) -> Secret | None:
    """The browser that asks; None: it was never here, or keeps no cookies."""
    text = request.cookies.get(_name(request))
    return Secret(text) if text else None


def new_browser() -> Secret:
    """A name for a browser that has none."""
    return Secret(secrets.token_urlsafe(32))


def remember_browser(request: Request, response: Response, browser: Secret) -> None:
    """Lets the browser be recognised for the time one walk may take."""
    response.set_cookie(
        _name(request),
        browser.reveal(),
        max_age=_HALF_HOUR,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",  # the provider's redirect must bring it back
    )


def remember_language(request: Request, response: Response, language: Language) -> None:
    """Keeps the language across the provider's pages."""
    response.set_cookie(
        LANGUAGE_COOKIE,
        language.value,
        max_age=_YEAR,
        path="/",
        secure=_secure(request),
        httponly=True,
        samesite="lax",
    )
