"""A developer tries the graph in the page made for that."""

from playwright.async_api import expect

from tests.browser.conftest import Watched
from tests.world import World


async def test_a_developer_opens_the_page_with_a_key_and_reads_a_tenant_s_invoices(
    world: World, person: Watched
) -> None:
    tenant = await world.connected("株式会社湊待食堂", invoices=7)
    page = person.page
    await page.goto(f"{world.url}/ide/#key={world.key.reveal()}")
    await expect(page.get_by_role("button", name="Execute query")).to_be_visible()
    assert page.url == f"{world.url}/ide/"  # the key does not stay where it can be photographed
    await expect(page.locator(".graphiql-editors")).to_contain_text(f"Bearer {world.key.reveal()}")

    await page.get_by_role("button", name="Execute query").click()
    answer = page.locator(".graphiql-response")
    await expect(answer).to_contain_text(tenant.name)
    await expect(answer).to_contain_text('"totalCount": 7')
    await expect(answer).not_to_contain_text("errors")
    await person.photograph("graphiql")
    assert person.origins == {world.url}


async def test_whoever_comes_without_a_key_is_told_in_both_languages_what_is_missing(
    world: World, person: Watched
) -> None:
    page = person.page
    await page.goto(f"{world.url}/ide/")
    await page.get_by_role("button", name="Execute query").click()
    answer = page.locator(".graphiql-response")
    await expect(answer).to_contain_text("KEY_REFUSED")
    await expect(answer).to_contain_text("有効なキーを Authorization: Bearer に付けてください。")
    assert person.origins == {world.url}
    assert set(person.complaints) == {
        "Failed to load resource: the server responded with a status of 401 (Unauthorized)"
    }
    person.complaints.clear()
