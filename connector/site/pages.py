"""Renders pages in the reader's language, with headers that keep them out of frames, caches and referrers."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from connector.errors import (
    CannotOpen,
    ConnectorError,
    ConsentBroken,
    ConsentFault,
    ConsentRefused,
    InvalidInput,
    LinkFault,
    LinkUnusable,
    Misconfigured,
    Unavailable,
)
from connector.site.browser import LANGUAGE_COOKIE, remember_language
from connector.site.words import WORDS
from connector.wording import Language, Wording, say

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

# A form here leads on to the provider by a redirect, which browsers hold against form-action.
HEADERS = {
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
    response = HTMLResponse(content, status_code=code, headers=HEADERS)
    if "lang" in request.query_params:
        remember_language(request, response, language)
    return response


def failure_page(request: Request, failure: ConnectorError) -> HTMLResponse:
    """What went wrong and what to do, with the code a person can quote."""
    facts = {"failure_code": failure.code, "said": _said(failure, language_of(request))}
    response = page(request, "failure", facts, code=_http_status(failure))
    if isinstance(failure, Unavailable):
        response.headers["Retry-After"] = str(int(failure.wait.total_seconds()))
    return response


def unexpected_page(request: Request) -> HTMLResponse:
    """Says as little as possible about what nobody foresaw, and how to go on."""
    words = WORDS[language_of(request)]
    said = Wording(what=words["our_fault"], action=words["restart"])
    return page(request, "failure", {"failure_code": "INTERNAL", "said": said}, code=500)


def of_our_own(failure: ConnectorError) -> bool:
    """Whether the cause lies with this installation, which is for its operator to know and not for the person."""
    return isinstance(failure, Misconfigured | CannotOpen | InvalidInput)


def _said(failure: ConnectorError, language: Language) -> Wording:
    """What the person can do: whatever failed between provider and us, the link still works."""
    said = say(failure).in_language(language)
    if isinstance(failure, LinkUnusable | ConsentBroken | ConsentRefused):
        return said
    words = WORDS[language]
    return Wording(what=words["our_fault"] if of_our_own(failure) else said.what, action=words["restart"])


_OF_BROKEN: Mapping[ConsentFault, int] = {
    ConsentFault.UNKNOWN_STATE: 400,
    ConsentFault.OTHER_BROWSER: 403,
    ConsentFault.OTHER_PROVIDER: 400,
    ConsentFault.EXPIRED: 410,
    ConsentFault.ALREADY_REDEEMED: 409,
    ConsentFault.INTERRUPTED: 409,
    ConsentFault.FORGED_FORM: 403,
}


def _http_status(failure: ConnectorError) -> int:
    if isinstance(failure, LinkUnusable):
        return 404 if failure.fault is LinkFault.UNKNOWN else 410
    if isinstance(failure, ConsentBroken):
        return _OF_BROKEN[failure.fault]
    if isinstance(failure, ConsentRefused):
        return 400
    if isinstance(failure, Unavailable):
        return 503
    return 500 if of_our_own(failure) else 502
