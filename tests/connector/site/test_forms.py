"""Forms: only one that we showed in this very browser may be sent, and a body that is no form is no more than that."""

from collections.abc import AsyncIterator

import httpx2

from tests.connector.site.walking import (
    NOTHING,
    ONE_OF_EACH,
    TOKEN_CALLS,
    Person,
    activated,
    assert_refused,
    database,
    invited,
    progress,
    somebody,
)
from tests.world import World

NOT_SHOWN_HERE = "このフォームは、このブラウザーに表示したものではありません。"
BOUNDARY = {"content-type": "multipart/form-data; boundary=x"}


async def strange_bodies(person: Person, address: str, foreign: str) -> list[httpx2.Response]:
    """What no form of ours would send: foreign and broken tokens, and bodies that are no forms or endless."""
    post = person.http.post

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"a" * 10_000

    return [
        await post(address),
        await post(address, data={"form_token": ""}),
        await post(address, data={"form_token": foreign}),
        await post(address, data={"form_token": foreign.upper()}),
        await post(address, data={"form_token": "日本語"}),
        await post(address, data={"form_token": "a" * 50_000}),
        await post(address, data={str(number): "x" for number in range(50)}),
        await post(address, content=endless(), headers={"content-type": "application/x-www-form-urlencoded"}),
        await post(
            address, content=b"form_token=%FF%FE", headers={"content-type": "application/x-www-form-urlencoded"}
        ),
        await post(address, files={"form_token": b"a file"}),
        await post(address, content=b"no part at all", headers=BOUNDARY),
        await post(address, content=b"--x\r\n\r\n", headers={"content-type": "multipart/form-data"}),
        await post(address, json={"form_token": foreign}),
        await post(address, content=b"\x00\xff", headers={"content-type": "application/x-www-form-urlencoded"}),
    ]


async def test_no_walk_starts_by_a_form_that_this_browser_was_not_shown(world: World) -> None:
    tenant, link = await invited(world)
    other_link = await world.link(tenant)
    async with somebody() as person, somebody() as stranger:
        page, theirs = await person.open(link), await stranger.open(link)
        of_another_link = await person.open(other_link)
        before = await database(world)
        refused = await strange_bodies(person, link, token_of(theirs))
        refused.append(await person.http.post(link, data={"form_token": token_of(of_another_link)}))
        refused.append(await stranger.http.post(link, data={"form_token": token_of(page)}))
        async with somebody() as without_cookies:
            refused.append(await without_cookies.http.post(link, data={"form_token": token_of(page)}))
        for each in refused:
            assert_refused(each, 403, "CONSENT_BROKEN", NOT_SHOWN_HERE)
        assert await database(world) == before
        assert world.twin.ledger("consent_asked", *TOKEN_CALLS) == []

        english = await person.http.post(link + "?lang=en")
        assert_refused(english, 403, "CONSENT_BROKEN", "This form was not shown in this browser.")
        await person.join(link)
    assert await activated(world) == ONE_OF_EACH


async def test_no_connection_becomes_active_by_a_form_that_this_browser_was_not_shown(world: World) -> None:
    tenant, link = await invited(world)
    async with somebody() as person, somebody() as stranger:
        address = await person.come_back(link)
        page = await person.open(address)
        elsewhere = await stranger.open(await stranger.come_back(await world.link(tenant)))
        before = await database(world)
        refused = await strange_bodies(person, address, token_of(elsewhere))
        refused.append(await person.http.post(address, data={"form_token": token_of(await person.open(link))}))
        refused.append(await stranger.http.post(address, data={"form_token": token_of(page)}))
        refused.append(await stranger.http.post(address, data={"form_token": token_of(elsewhere)}))
        async with somebody() as without_cookies:
            refused.append(await without_cookies.http.post(address, data={"form_token": token_of(page)}))
        for each in refused:
            assert_refused(each, 403, "CONSENT_BROKEN", NOT_SHOWN_HERE)
        assert await database(world) == before
        assert await activated(world) == NOTHING

        await person.confirm(address)
    assert await activated(world) == ONE_OF_EACH
    assert sorted(await progress(world)) == ["confirmed", "redeemed"]


async def test_a_form_sent_without_the_walk_behind_it_is_refused_as_unknown(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        await person.open(link)
        before = await database(world)
        for address in (f"{world.url}/connect/never-made", f"{world.url}/connect/confirm/never-made"):
            assert_refused(await person.http.post(address), 403, "CONSENT_BROKEN", NOT_SHOWN_HERE)
    assert await database(world) == before


def token_of(page: httpx2.Response) -> str:
    """The hidden token of the page's form."""
    return page.text.split('name="form_token" value="')[1].split('"')[0]
