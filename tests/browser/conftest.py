"""A real Chromium, found or fetched, and pages that remember whatever a careful person would object to."""

import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request, async_playwright

from tests.world import World

SCREENSHOTS = Path(__file__).resolve().parents[2] / "build" / "screenshots"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BY_HAND = "apt-get install -y --no-install-recommends chromium fonts-noto-cjk"
PATIENCE = 10_000  # milliseconds


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as running:
        yield running


@pytest.fixture(scope="session")
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    program = _installed(playwright) or _fetched(playwright)
    if program is None:
        missing = f"no Chromium here; type: {BY_HAND}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
    yield browser
    await browser.close()


def _installed(playwright: Playwright) -> str | None:
    named = os.environ.get("CONNECTOR_CHROMIUM")
    places = (named, playwright.chromium.executable_path, "/usr/bin/chromium", shutil.which("google-chrome"))
    return next((place for place in places if place and Path(place).exists()), None)


def _fetched(playwright: Playwright) -> str | None:
    """Installed now, where this user may and the network lets it."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["apt-get", "update"], BY_HAND.split()):
        subprocess.run(words, env=environment, capture_output=True, check=False, timeout=600)
    return _installed(playwright)


@dataclass  # Playwright writes into it, so it has no slots
class Watched:
    """One person's browser, and what went on in it."""

    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    origins: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)

    def note_words(self, message: ConsoleMessage) -> None:
        """A page that answers 4xx is reported there too; that is no fault of the page."""
        refused = message.text.startswith("Failed to load resource: the server responded with")
        if message.type in {"error", "warning"} and not (refused and message.location.get("url") in self.addresses):
            self.complaints.append(message.text)

    def note_request(self, request: Request) -> None:
        """Where anything at all was asked for."""
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"}:
            self.origins.add(f"{parts.scheme}://{parts.netloc}")
        if request.is_navigation_request():
            self.addresses.append(request.url)

    async def photograph(self, name: str) -> None:
        """Keeps what the person sees."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    async def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        wider: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return wider


_TELL_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy ${event.violatedDirective} broken by ${event.blockedURI}`);
});
"""


@asynccontextmanager
async def _sitting(browser: Browser, **options: object) -> AsyncIterator[Watched]:
    context = await browser.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", **options)  # type: ignore[arg-type]  # Playwright's own options
    context.set_default_timeout(PATIENCE)
    await context.add_init_script(_TELL_OF_VIOLATIONS)
    watched = Watched(context, await context.new_page())
    watched.page.on("console", watched.note_words)
    watched.page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    watched.page.on("request", watched.note_request)
    yield watched
    await context.close()


@pytest.fixture
async def person(chromium: Browser, world: World) -> AsyncIterator[Watched]:
    """A person at a desk; afterwards nothing was complained of, and nobody else was asked for anything."""
    async with _sitting(chromium, viewport={"width": 1100, "height": 860}) as watched:
        yield watched
        assert watched.complaints == []
        assert watched.origins <= {world.url, world.twin.url}


@pytest.fixture
async def person_on_the_road(chromium: Browser, world: World) -> AsyncIterator[Watched]:
    """The same on a small telephone."""
    size = {"width": 360, "height": 740}
    async with _sitting(chromium, viewport=size, device_scale_factor=2, has_touch=True, is_mobile=True) as watched:
        yield watched
        assert watched.complaints == []
        assert watched.origins <= {world.url, world.twin.url}
