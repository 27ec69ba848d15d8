"""Onboarding links: good ones, bad ones, and what merely opening one does, which is nothing."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from tests.connector.site.walking import (
    NOTHING,
    ONE_OF_EACH,
    TOKEN_CALLS,
    activated,
    administer,
    assert_refused,
    assert_refuses,
    database,
    invited,
    progress,
    read,
    somebody,
)
from tests.world import World

CUT_SHORT = ("/" + "a" * 43, "/x", "", "/", "/a/b/c", "/%00%FF", "/…", "/confirm", "/static", "/x/")
UNKNOWN = {"japanese": "この招待リンクは存在しません。", "english": "There is no such invitation link."}
EXPIRED = {"japanese": "この招待リンクは有効期限が切れています。", "english": "This invitation link has expired."}
USED = {
    "japanese": "この招待リンクはすでに使用され、連携は完了しています。",
    "english": "This invitation link was used and the connection is made.",
}
WITHDRAWN = {"japanese": "この招待リンクは取り消されています。", "english": "This invitation link was withdrawn."}


async def test_a_link_that_was_never_made_or_was_cut_short_says_whom_to_ask(world: World) -> None:
    before = await database(world)
    async with somebody() as person:
        for rest in CUT_SHORT:
            await assert_refuses(person, f"{world.url}/connect{rest}", 404, "LINK_UNUSABLE", **UNKNOWN)
        english = await person.open(f"{world.url}/connect/x", "en")
    assert "Ask the partner company that sent you the link for a new one." in read(english).words
    assert await database(world) == before


async def test_a_link_works_to_the_last_second_of_seven_days_and_then_no_more(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        world.clock.ahead = timedelta(days=7, seconds=-5)
        assert (await person.open(link)).status_code == 200
        before = await database(world)

        world.clock.ahead = timedelta(days=7, seconds=1)
        await assert_refuses(person, link, 410, "LINK_UNUSABLE", **EXPIRED)
    assert await database(world) == before


async def test_a_link_that_ends_while_its_page_is_open_starts_nothing(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        page = await person.open(link)
        world.clock.ahead = timedelta(days=8)
        before = await database(world)
        refused = await person.press(page)
        assert_refused(refused, 410, "LINK_UNUSABLE", EXPIRED["japanese"])
    assert await database(world) == before


async def test_a_used_link_says_that_the_connection_is_made_and_makes_no_second_one(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        last = await person.join(link)
        assert "連携が完了しました" in " ".join(read(last).words)
        before = await database(world)

        await assert_refuses(person, link, 410, "LINK_UNUSABLE", **USED)
    assert await database(world) == before
    assert await activated(world) == ONE_OF_EACH


async def test_a_withdrawn_link_opens_nothing_and_a_code_that_comes_late_is_not_redeemed(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.allow(await person.start(link))
        await administer(world, "update onboarding_links set withdrawn_at = now()")
        before = await database(world)

        for address in (link, callback):
            await assert_refuses(person, address, 410, "LINK_UNUSABLE", **WITHDRAWN)
    assert await database(world) == before
    assert world.twin.ledger(*TOKEN_CALLS) == []


async def test_a_mail_scanner_that_opens_a_link_a_hundred_times_changes_nothing_and_the_link_still_works(
    world: World,
) -> None:
    _, link = await invited(world)
    before = await database(world)
    async with somebody() as scanner:
        for _ in range(50):
            assert (await scanner.http.get(link)).status_code == 200
            assert (await scanner.http.head(link)).status_code == 200
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            assert (await scanner.http.request(method, link)).status_code == 405
    assert await database(world) == before
    assert world.twin.ledger("consent_asked", *TOKEN_CALLS) == []

    async with somebody() as person:
        await person.join(link)
    assert await activated(world) == ONE_OF_EACH


async def test_a_page_names_the_three_companies_before_anything_happens(world: World) -> None:
    _, link = await invited(world, name="有限会社銀の穂亭")
    async with somebody() as person:
        words = " ".join(read(await person.open(link)).words)
        english = " ".join(read(await person.open(link, "en")).words)

    for each in ("有限会社銀の穂亭", "株式会社サンプルソフト", "BtoBプラットフォーム 請求書（インフォマート）"):
        assert each in words
    for each in ("有限会社銀の穂亭", "株式会社サンプルソフト", "Infomart BtoB Platform Invoice"):
        assert each in english


async def test_two_links_of_one_tenant_at_once_make_one_connection_with_the_later_consent(world: World) -> None:
    tenant, first = await invited(world)
    second = await world.link(tenant)
    async with somebody() as one, somebody() as other:
        here, there = await one.come_back(first), await other.come_back(second)
        assert await activated(world) == NOTHING
        assert "連携が完了しました" in " ".join(read(await one.confirm(here)).words)
        assert "連携が完了しました" in " ".join(read(await other.confirm(there)).words)

    ((active, grant),) = await administer(world, "select standing, grant_id from connections")
    attempts = await administer(world, "select id, progress from consent_attempts order by created_at")
    assert active == "active"
    assert attempts == [(attempts[0][0], "confirmed"), (grant, "confirmed")]
    assert await progress(world) == ["confirmed", "confirmed"]
    assert (await activated(world))["used_links"] == 2
    assert len(world.twin.ledger("token_issued")) == 2


async def test_one_link_walked_in_two_browsers_at_once_is_spent_by_the_first_yes(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as one, somebody() as other:
        here, there = await one.come_back(link), await other.come_back(link)
        await one.confirm(here)
        before = await database(world)
        late = await other.press(await other.open(there))
        assert_refused(late, 410, "LINK_UNUSABLE", USED["japanese"])
    assert await database(world) == before
    assert await activated(world) == ONE_OF_EACH


async def test_of_ten_browsers_that_say_yes_at_once_with_one_link_only_one_is_heard(world: World) -> None:
    _, link = await invited(world)
    async with AsyncExitStack() as stack:
        people = [await stack.enter_async_context(somebody()) for _ in range(10)]
        pages = [await person.open(await person.come_back(link)) for person in people]
        answers = await asyncio.gather(*(person.press(page) for person, page in zip(people, pages, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [303] + [410] * 9
    for answer in answers:
        if answer.status_code == 410:
            assert_refused(answer, 410, "LINK_UNUSABLE", USED["japanese"])
    assert await activated(world) == ONE_OF_EACH
    assert sorted(await progress(world)) == ["confirmed"] + ["redeemed"] * 9
