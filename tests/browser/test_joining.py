"""A person joins by link, in a real browser."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Watched
from tests.connector.site.walking import NOTHING, ONE_OF_EACH, PFID, activated, invited, progress
from tests.world import World

PROVIDER = "BtoBプラットフォーム 請求書（インフォマート）"


async def log_in(person: Watched, world: World, *, decision: str = "許可する") -> None:
    """At the provider's own page."""
    await expect(person.page).to_have_url(re.compile(re.escape(world.twin.url)))
    await person.page.get_by_label("プラットフォームID").fill(PFID)
    await person.page.get_by_label("パスワード").fill(PFID)
    await person.page.get_by_role("button", name=decision).click()


async def test_a_person_joins_in_japanese_from_page_to_page(world: World, person: Watched) -> None:
    tenant, link = await invited(world)
    page = person.page
    await page.goto(link)
    await expect(page).to_have_title("請求書サービスとの連携")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{PROVIDER}との連携")
    for each in (tenant.name, "株式会社サンプルソフト", PROVIDER):
        await expect(page.get_by_role("definition").filter(has_text=each)).to_be_visible()
    await person.photograph("invite-ja")
    await page.get_by_role("button", name="連携を始める").click()

    await log_in(person, world)
    await expect(page.get_by_role("heading", level=1)).to_have_text("最後の確認")
    assert "code=" not in page.url
    assert await activated(world) == NOTHING
    await person.photograph("confirm-ja")
    await page.get_by_role("button", name="連携を有効にする").click()

    await expect(page.get_by_role("heading", level=1)).to_contain_text("連携が完了しました")
    await person.photograph("done-ja")
    assert await activated(world) == ONE_OF_EACH
    assert [fetch.rows for fetch in await world.read_all(tenant)] == [3]

    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("連携が完了しました")
    await page.goto(link)
    await expect(page.get_by_text("この招待リンクはすでに使用され、連携は完了しています。")).to_be_visible()


async def test_a_person_switches_to_english_and_back_and_the_walk_goes_on(world: World, person: Watched) -> None:
    _, link = await invited(world)
    page = person.page
    await page.goto(link)
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Connect Infomart BtoB Platform Invoice")
    await person.photograph("invite-en")
    await page.get_by_role("button", name="Start connecting").click()
    await log_in(person, world)
    await expect(page.get_by_role("heading", level=1)).to_have_text("One last confirmation")
    await person.photograph("confirm-en")

    await page.get_by_role("link", name="日本語").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("最後の確認")
    await expect(page.locator("html")).to_have_attribute("lang", "ja")
    await page.get_by_role("link", name="English").click()
    await page.get_by_role("button", name="Activate the connection").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("The connection is made")
    await person.photograph("done-en")
    assert await activated(world) == ONE_OF_EACH


async def test_whoever_denies_by_mistake_is_shown_the_way_on_and_takes_it(world: World, person: Watched) -> None:
    _, link = await invited(world)
    page = person.page
    await page.goto(link)
    await page.get_by_role("button", name="連携を始める").click()
    await log_in(person, world, decision="拒否する")
    await expect(page.get_by_role("heading", level=1)).to_have_text("手続きを続けられません")
    await expect(page.get_by_text("招待リンクをもう一度開き、最初からやり直してください。")).to_be_visible()
    await expect(page.get_by_text("CONSENT_REFUSED")).to_be_visible()
    await person.photograph("failure-ja")
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_text("open the invitation link again and start over")).to_be_visible()
    await person.photograph("failure-en")
    await page.get_by_role("link", name="日本語").click()
    assert await activated(world) == NOTHING

    await page.goto(link)
    await page.get_by_role("button", name="連携を始める").click()
    await log_in(person, world)
    await page.get_by_role("button", name="連携を有効にする").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("連携が完了しました")
    assert await progress(world) == ["failed", "confirmed"]
    assert await activated(world) == ONE_OF_EACH


async def test_the_whole_walk_is_made_by_keyboard_alone(world: World, person: Watched) -> None:
    _, link = await invited(world)
    page, keys = person.page, person.page.keyboard

    async def tab_to(name: str) -> None:
        for _ in range(12):
            await keys.press("Tab")
            focused = page.locator(":focus")
            if name in (await focused.inner_text() or await focused.get_attribute("id") or ""):
                outline = await focused.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)")
                assert outline >= 2  # one sees where one is
                return
        raise AssertionError(f"no way by Tab to {name} on {page.url}")

    await page.goto(link)
    await tab_to("連携を始める")
    await keys.press("Enter")
    await page.wait_for_url(f"{world.twin.url}/**")
    await tab_to("pfid")
    await keys.type(PFID)
    await tab_to("password")
    await keys.type(PFID)
    await tab_to("許可する")
    await keys.press("Enter")
    await page.wait_for_url(f"{world.url}/connect/confirm/**")
    await tab_to("連携を有効にする")
    await keys.press("Space")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("連携が完了しました")
    assert await activated(world) == ONE_OF_EACH


async def test_the_pages_fit_a_small_telephone_even_with_the_longest_names(
    world: World, person_on_the_road: Watched
) -> None:
    person, page = person_on_the_road, person_on_the_road.page
    _, link = await invited(world, name="Aktiengesellschaft" * 5 + "株式会社" * 20)
    for language in ("ja", "en"):
        await page.goto(f"{link}?lang={language}")
        assert await person.overflow() == 0
        await person.photograph(f"telephone-invite-{language}")
    await page.goto(f"{world.url}/connect/cut-short?lang=en")
    assert await person.overflow() == 0
    await page.goto(f"{link}?lang=ja")
    await page.get_by_role("button", name="連携を始める").tap()
    await log_in(person, world)
    await expect(page.get_by_role("heading", level=1)).to_have_text("最後の確認")
    assert await person.overflow() == 0
    await person.photograph("telephone-confirm-ja")
    await page.get_by_role("button", name="連携を有効にする").tap()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("連携が完了しました")
    assert await person.overflow() == 0
    await person.photograph("telephone-done-ja")
