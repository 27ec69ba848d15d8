"""Renders pages in the reader's language, with headers that keep them out of frames, caches and referrers."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from connector.errors import (
    ConnectorError,
    ConsentBroken,
    ConsentRefused,
    LinkFault,
    LinkUnusable,
    Misconfigured,
    Unavailable,
)
from connector.site.browser import LANGUAGE_COOKIE, remember_language
from connector.site.words import WORDS
from connector.wording import Language, say

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# A form here leads on to the provider by a redirect, which browsers hold against form-action.
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' https: http://127.0.0.1:* http://localhost:*"
    ),
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def language_of(request: Request) -> Language:
    """The language asked for now, or before; Japanese when none was."""
    asked = request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
    return Language.EN if asked == Language.EN.value else Language.JA


def page(request: Request, name: str, facts: Mapping[str, object] | None = None, *, code: int = 200) -> HTMLResponse:
    """The page `name` in the reader's language."""
    language = language_of(request)
    other = Language.JA if language is Language.EN else Language.EN
    content = _TEMPLATES.get_template(f"{name}.html").render(
        language=language.value,
        words=WORDS[language],
        other_language=other.value,
        switch=str(request.url.include_query_params(lang=other.value).replace(scheme="", netloc="")),
        **(facts or {}),
    )
    response = HTMLResponse(content, status_code=code, headers=_HEADERS)
    if "lang" in request.query_params:
        remember_language(request, response, language)
    return response


def failure_page(request: Request, failure: ConnectorError) -> HTMLResponse:
    """What went wrong and what to do, with the code a person can quote."""
    said = say(failure).in_language(language_of(request))
    return page(request, "failure", {"failure_code": failure.code, "said": said}, code=_http_status(failure))


def _http_status(failure: ConnectorError) -> int:
    match failure:
        case LinkUnusable(fault=LinkFault.UNKNOWN):
            return 404
        case LinkUnusable():
            return 410
        case ConsentBroken() | ConsentRefused():
            return 400
        case Unavailable():
            return 503
        case Misconfigured():
            return 500
        case _:
            return 502
