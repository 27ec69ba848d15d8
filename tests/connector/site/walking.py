"""A person's browser taken step by step, and a look into the database before and after."""

import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from connector.dev.visitor import Page
from connector.domain.access import Tenant
from tests.world import World

TOKEN_CALLS = ("token_issued", "token_refused")
PFID = "keiri@minatomachi.example.co.jp"
NAME = "株式会社湊待食堂"
_TLS = ssl.create_default_context()  # dear to make, and never needed on one machine


@dataclass(frozen=True, slots=True)
class Person:
    """One browser that stops after every step."""

    http: httpx2.AsyncClient

    async def open(self, url: str, language: str = "") -> httpx2.Response:
        """The page, or the redirect; with a language, as if switched to it."""
        chosen = f"{'&' if '?' in url else '?'}lang={language}" if language else ""
        return await self.http.get(url + chosen)

    async def press(self, page: httpx2.Response, **filled_in: str) -> httpx2.Response:
        """What the page's one form leads to."""
        form = Page(str(page.url), page.status_code, page.text).form
        return await self.http.post(
            urljoin(str(page.url), form.action or str(page.url)), data={**form.values, **filled_in}
        )

    async def start(self, link: str) -> str:
        """Opens the link and starts: the address of the provider's page."""
        return await self._onward(await self.press(await self.open(link)))

    async def allow(self, provider_page: str, pfid: str = PFID, password: str = "") -> str:
        """Logs in at the provider and allows: the address of the callback."""
        page = await self.open(provider_page)
        return await self._onward(await self.press(page, pfid=pfid, password=password or pfid, decision="allow"))

    async def deny(self, provider_page: str) -> str:
        """Denies at the provider: the address of the callback."""
        return await self._onward(await self.press(await self.open(provider_page), decision="deny"))

    async def come_back(self, link: str, pfid: str = PFID) -> str:
        """Walks up to the page that asks for the last yes: its address."""
        return await self._onward(await self.open(await self.allow(await self.start(link), pfid)))

    async def join(self, link: str, pfid: str = PFID) -> httpx2.Response:
        """Walks to the end: the last page."""
        return await self.confirm(await self.come_back(link, pfid))

    async def confirm(self, address: str) -> httpx2.Response:
        """Says the last yes: the page that follows."""
        return await self.open(await self._onward(await self.press(await self.open(address))))

    @staticmethod
    async def _onward(answer: httpx2.Response) -> str:
        assert answer.status_code in {302, 303}, (answer.status_code, answer.text)
        return urljoin(str(answer.url), answer.headers["location"])


@asynccontextmanager
async def somebody(**options: object) -> AsyncIterator[Person]:
    """A person at a browser of their own."""
    async with httpx2.AsyncClient(timeout=60, verify=_TLS, **options) as http:  # type: ignore[arg-type]  # httpx2's own options
        yield Person(http)


async def invited(world: World, name: str = NAME, pfid: str = PFID) -> tuple[Tenant, str]:
    """A tenant that the provider knows, and its link."""
    world.twin.add_member(pfid, invoices=3)
    tenant = await world.enrol(name)
    return tenant, await world.link(tenant)


async def database(world: World) -> Mapping[str, list[str]]:
    """Every row of every table as text, but for the beats of processes."""
    engine = create_async_engine(admin_address(world), poolclass=NullPool)
    async with engine.connect() as connection:
        tables = await connection.execute(
            sa.text("select tablename from pg_tables where schemaname = 'public' and tablename <> 'processes'")
        )
        found = {}
        for (table,) in tables.all():
            rows = await connection.execute(sa.text(f'select t::text from "{table}" t order by 1'))  # noqa: S608 - names from the catalogue
            found[table] = [row[0] for row in rows]
    await engine.dispose()
    return found


def admin_address(world: World) -> str:
    """The administrator's address of the world's database."""
    address = make_url(world.settings.database_url.reveal()).set(drivername="postgresql+asyncpg")
    return address.render_as_string(hide_password=False)


async def administer(world: World, statement: str, **facts: object) -> list[tuple[object, ...]]:
    """What a statement of the administrator's answers."""
    engine = create_async_engine(admin_address(world), poolclass=NullPool)
    async with engine.begin() as connection:
        answer = await connection.execute(sa.text(statement), facts)
        rows = [tuple(row) for row in answer] if answer.returns_rows else []
    await engine.dispose()
    return rows


async def activated(world: World) -> dict[str, int]:
    """What only the last yes may bring about, counted."""
    (counts,) = await administer(
        world,
        """
        select (select count(*) from connections where standing = 'active'),
               (select count(*) from connections where grant_id is not null),
               (select count(*) from acceptances where accepted_at is not null),
               (select count(*) from onboarding_links where used_at is not null),
               (select count(*) from fetches)
        """,
    )
    names = ("active", "in_use", "accepted", "used_links", "fetches")
    return {name: int(str(count)) for name, count in zip(names, counts, strict=True)}


NOTHING = {"active": 0, "in_use": 0, "accepted": 0, "used_links": 0, "fetches": 0}
ONE_OF_EACH = dict.fromkeys(NOTHING, 1)


async def progress(world: World) -> list[str]:
    """How far every attempt has come, oldest first."""
    rows = await administer(world, "select progress from consent_attempts order by created_at")
    return [str(row[0]) for row in rows]


def state_of(address: str) -> str:
    """The state in the address of a provider's page or of a callback."""
    return parse_qs(urlsplit(address).query)["state"][0]


def code_of(address: str) -> str:
    """The code in the address of a callback."""
    return parse_qs(urlsplit(address).query)["code"][0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.language = ""
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "html":
            self.language = told.get("lang") or ""
        if tag == "a":
            self.links.append(told.get("href") or "")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(re.sub(r"\s+", " ", data.strip()))


@dataclass(frozen=True, slots=True)
class Read:
    """A page as a person reads it."""

    language: str
    words: list[str]
    links: list[str]
    code: str | None  # None: the page quotes none


def read(page: httpx2.Response) -> Read:
    """What the page says."""
    reader = _Reader()
    reader.feed(page.text)
    found = re.search(r"<code>([A-Z_]+)</code>", page.text)
    return Read(reader.language, reader.words, reader.links, found[1] if found else None)


async def assert_refuses(person: Person, address: str, status: int, code: str, *, japanese: str, english: str) -> None:
    """The address refuses in either language, however often it is opened."""
    for language, what in (("ja", japanese), ("en", english), ("ja", japanese)):
        page = await person.open(address, language)
        assert read(page).language == language
        assert_refused(page, status, code, what)


def assert_refused(page: httpx2.Response, status: int, code: str, what: str) -> None:
    """The page refuses with this status, this code and these words, and tells how to go on."""
    told = read(page)
    assert (page.status_code, told.code) == (status, code)
    assert what in told.words
    heading = {"ja": "次にすること", "en": "What to do next"}[told.language]
    action = told.words[told.words.index(heading) + 1]
    assert ("リンク" if told.language == "ja" else "link") in action
