"""Every page: in one language at a time, safe to show whatever a company is called, and led off the site by nobody."""

import asyncio
import string
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from connector.asgi import create_app
from connector.bootstrap import opened
from connector.settings import read_settings
from connector.site import routes
from connector.site.words import WORDS
from connector.twins.infomart.clients import Client
from connector.wording import Language
from tests.connector.site.walking import (
    ONE_OF_EACH,
    Person,
    activated,
    invited,
    read,
    somebody,
    state_of,
)
from tests.world import CLIENT_ID, CLIENT_SECRET, World

PUBLIC_URL = "https://connect.example.co.jp"
TEMPLATES = Path(routes.__file__).parent / "templates"
NAUGHTY = "株式会社\"><script>alert(1)</script>'{tenant}{0}&amp;%s"
JAPANESE = "ぁ-んァ-ン一-龠"


async def every_page(world: World, person: Person, link: str, language: str) -> dict[str, httpx2.Response]:
    """Each kind of page and redirect there is, in this language."""
    told = {"invite": await person.open(link, language)}
    told["denied"] = await person.open(await person.deny(await person.start(link)))
    told["to the provider"] = await person.press(told["invite"])
    callback = await person.allow(told["to the provider"].headers["location"])
    told["to the confirmation"] = await person.open(callback)
    address = world.url + told["to the confirmation"].headers["location"]
    told["confirm"] = await person.open(address, language)
    told["to the end"] = await person.press(told["confirm"])
    told["done"] = await person.open(address, language)
    told["used"] = await person.open(link, language)
    told["unknown"] = await person.open(f"{world.url}/connect/x", language)
    told["no state"] = await person.open(f"{world.url}/callback/infomart")
    told["forged"] = await person.http.post(link)
    return told


async def test_every_page_speaks_one_language_says_which_and_leads_to_the_same_page_in_the_other(world: World) -> None:
    tenant, link = await invited(world)
    links = [link, await world.link(tenant)]
    for language, own in zip(("ja", "en"), links, strict=True):
        async with somebody() as person:
            told = await every_page(world, person, own, language)
            pages = {name: page for name, page in told.items() if page.status_code != 303}
            for name, page in pages.items():
                seen = read(page)
                assert seen.language == language, name
                assert page.headers["content-type"] == "text/html; charset=utf-8", name
                assert not set("{}") & set(" ".join(seen.words)), name
                for words in WORDS[Language.EN if language == "ja" else Language.JA].values():
                    assert words not in seen.words or words == WORDS[Language(language)]["switch"], name

                other = {"ja": "en", "en": "ja"}[language]
                (switch,) = seen.links
                assert f"lang={other}" in switch, name
                assert switch.startswith(("/connect/", "/callback/")), name
            assert len(pages) == 8
            there = await person.open(world.url + read(pages["done"]).links[0])
            assert read(there).language == {"ja": "en", "en": "ja"}[language]
            again = await person.open(str(pages["done"].url).split("?", maxsplit=1)[0])
            assert read(again).language == {"ja": "en", "en": "ja"}[language]  # it is remembered


def test_both_languages_have_the_same_words_with_the_same_facts_in_them() -> None:
    japanese, english = WORDS[Language.JA], WORDS[Language.EN]
    assert set(WORDS) == set(Language)
    assert sorted(japanese) == sorted(english)
    for name, words in japanese.items():
        assert _facts(words) == _facts(english[name]), name
    used = "".join(path.read_text() for path in [*TEMPLATES.glob("*.html"), *Path(routes.__file__).parent.glob("*.py")])
    assert [name for name in japanese if not any(each in used for each in (f"words.{name}", f'["{name}"]'))] == []


def _facts(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


async def test_every_answer_keeps_out_of_frames_caches_referrers_and_other_people_s_scripts(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        told = await every_page(world, person, link, "ja")
        told["style"] = await person.open(f"{world.url}/connect/static/site.css")
    for name, page in told.items():
        assert page.headers["x-content-type-options"] == "nosniff", name
        if name == "style":
            continue
        policy = {part.split()[0]: part.split()[1:] for part in page.headers["content-security-policy"].split(";")}
        assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == ["'none'"], name
        assert policy["style-src"] == policy["img-src"] == ["'self'"], name
        assert set(policy) == {"default-src", "frame-ancestors", "base-uri", "style-src", "img-src", "form-action"}
        assert page.headers["referrer-policy"] == "no-referrer", name
        assert page.headers["cache-control"] == "no-store", name
        assert page.headers["x-robots-tag"] == "noindex", name
        assert "<script" not in page.text, name
        assert "style=" not in page.text, name
    assert {page.status_code for page in told.values()} == {200, 303, 400, 403, 404, 410}


async def test_a_company_s_name_is_shown_as_it_is_written_and_never_as_a_page_of_its_own(world: World) -> None:
    partner, _ = await world.another_partner("パートナー<b onmouseover=x>\"'{partner}")
    world.twin.add_member("x@example.co.jp", invoices=1)
    tenant = await world.enrol(NAUGHTY, partner)
    async with somebody() as person:
        link = await world.link(tenant, partner)
        for language in ("ja", "en"):
            pages = [await person.open(link, language)]
            address = await person.come_back(link, "x@example.co.jp")
            pages.append(await person.open(address, language))
            if language == "en":
                pages.append(await person.confirm(address))
            for page in pages:
                assert NAUGHTY in read(page).words
                assert partner.name in read(page).words
                assert "<script" not in page.text
                assert "<b " not in page.text
                assert page.text.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 1


ELSEWHERE = ("https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)")
NAMES = ("next", "return_to", "redirect", "redirect_uri", "url", "continue", "state", "lang", "target", "RelayState")
AS_EVIL = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}


async def test_no_parameter_leads_anywhere_but_to_the_provider_and_to_our_own_pages(world: World) -> None:
    tenant, _ = await invited(world)
    async with somebody() as person:
        for elsewhere in ELSEWHERE:
            link = await world.link(tenant)
            query = "&".join(f"{name}={elsewhere}" for name in NAMES)
            onward = await person.press(await person.open(f"{link}?{query}"))
            assert onward.headers["location"].startswith(f"{world.twin.url}/openam/oauth2/authorize?")
            assert callback_in(onward) == f"{world.url}/callback/infomart"
            callback = await person.allow(onward.headers["location"])
            back = await person.http.get(f"{callback}&{query.replace('state', 'x')}", headers=AS_EVIL)
            assert (back.status_code, back.headers["location"]) == (303, f"/connect/confirm/{state_of(callback)}")
            address = world.url + back.headers["location"]
            end = await person.press(await person.open(f"{address}?{query}"))
            assert (end.status_code, end.headers["location"]) == (303, back.headers["location"])
            for path in (f"/connect/{elsewhere}", f"//evil.example/connect/x/?{query}", f"/callback/{elsewhere}/"):
                strange = await person.http.get(world.url + path, headers=AS_EVIL)
                assert strange.status_code in {400, 404}
                assert "location" not in strange.headers
            for each in (await person.open(f"{link}?{query}"), await person.http.get(link, headers=AS_EVIL)):
                assert all(target.startswith("/connect/") for target in read(each).links)
    assert await activated(world) == {**ONE_OF_EACH, "used_links": len(ELSEWHERE)}


def callback_in(onward: httpx2.Response) -> str:
    """Where the provider is told to send the browser back to."""
    return httpx2.URL(onward.headers["location"]).params["redirect_uri"]


def cookies_of(answer: httpx2.Response) -> dict[str, set[str]]:
    """Each cookie's attributes, its value left out."""
    told = {}
    for line in answer.headers.get_list("set-cookie"):
        first, *rest = line.split("; ")
        told[first.partition("=")[0]] = set(rest)
    return told


async def test_on_one_s_own_machine_the_cookies_are_kept_from_scripts_and_from_other_sites(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        page = await person.open(link, "en")
    kept = {"HttpOnly", "Path=/", "SameSite=lax"}
    assert cookies_of(page) == {
        "connector": {*kept, "Max-Age=1800"},
        "connector-language": {*kept, "Max-Age=31536000"},
    }


@asynccontextmanager
async def in_public(world: World) -> AsyncIterator[Person]:
    """The same installation as the world sees it behind its https address, and a person there."""
    settings = read_settings({**world.environment, "CONNECTOR_PUBLIC_URL": PUBLIC_URL})
    world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, (f"{PUBLIC_URL}/callback/infomart",)))
    async with opened(settings, clock=world.clock) as installation:
        ours = httpx2.ASGITransport(app=create_app(installation))
        async with somebody(mounts={"all://connect.example.co.jp": ours}) as person:
            yield person


async def test_in_public_the_cookie_is_bound_to_this_host_and_to_https_and_the_walk_works(world: World) -> None:
    tenant, _ = await invited(world)
    link = (await world.link(tenant)).replace(world.url, PUBLIC_URL)
    async with in_public(world) as person:
        page = await person.open(link, "ja")
        onward = await person.press(page)
        kept = {"HttpOnly", "Path=/", "SameSite=lax", "Secure"}
        assert cookies_of(page) == {
            "__Host-connector": {*kept, "Max-Age=1800"},
            "connector-language": {*kept, "Max-Age=31536000"},
        }
        assert cookies_of(onward) == {"__Host-connector": {*kept, "Max-Age=1800"}}
        assert callback_in(onward) == f"{PUBLIC_URL}/callback/infomart"
        assert "連携が完了しました" in " ".join(read(await person.join(link)).words)
    assert await activated(world) == ONE_OF_EACH


async def test_a_hundred_people_who_open_the_same_link_are_a_hundred_browsers(world: World) -> None:
    _, link = await invited(world)

    async def cookie() -> str:
        async with somebody() as person:
            await person.open(link)
            return person.http.cookies["connector"]

    names = await asyncio.gather(*(cookie() for _ in range(100)))
    assert len(set(names)) == 100
    assert min(len(name) for name in names) >= 43  # 256 bits
