"""A person with a browser, played by a program: keeps cookies, follows redirects, fills in forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin

import aiohttp
from yarl import URL

_REDIRECTS_MOST = 10


@dataclass(slots=True)
class Form:
    """The first form of a page, with what it already holds."""

    method: str = "get"
    action: str = ""
    values: dict[str, str] = field(default_factory=dict)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form" and self.form is None:
            self.form, self._open = Form(told.get("method", "get").lower(), told.get("action", "")), True
        elif tag == "input" and self._open and self.form is not None and told.get("name"):
            self.form.values[told["name"]] = told.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


@dataclass(frozen=True, slots=True)
class Page:
    """What the browser shows."""

    url: str
    code: int
    text: str

    @property
    def form(self) -> Form:
        """The page's first form; raises LookupError when it has none."""
        reader = _FormReader()
        reader.feed(self.text)
        if reader.form is None:
            raise LookupError(f"no form on {self.url.split('?')[0]} (HTTP {self.code})")
        return reader.form


class Visitor:
    """One browser."""

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # the machine's own address has no name
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, cause: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def open(self, url: str) -> Page:
        """The page at `url`, after any redirects."""
        async with self._session.get(URL(url, encoded=True), max_redirects=_REDIRECTS_MOST) as answer:
            return Page(str(answer.url), answer.status, await answer.text())

    async def submit(self, page: Page, **filled_in: str) -> Page:
        """The page that follows once the form on `page` is sent with these answers."""
        form = page.form
        target = URL(urljoin(page.url, form.action) if form.action else page.url, encoded=True)
        values = {**form.values, **filled_in}
        async with self._session.post(target, data=values, max_redirects=_REDIRECTS_MOST) as answer:
            return Page(str(answer.url), answer.status, await answer.text())


async def join(link: str, *, pfid: str, password: str) -> Page:
    """Walks from an onboarding link to an active connection, as a tenant's administrator does; the last page seen."""
    async with Visitor() as visitor:
        invitation = await visitor.open(link)
        consent = await visitor.submit(invitation)
        confirmation = await visitor.submit(consent, pfid=pfid, password=password, decision="allow")
        return await visitor.submit(confirmation)
