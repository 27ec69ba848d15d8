"""The provider's answer: taken once, from the browser that asked, while it is fresh, and from nowhere else."""

import asyncio
from datetime import timedelta

import pytest

from connector.twins.infomart.clients import Client
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.site.walking import (
    NOTHING,
    ONE_OF_EACH,
    TOKEN_CALLS,
    activated,
    assert_refused,
    assert_refuses,
    code_of,
    database,
    invited,
    progress,
    read,
    somebody,
    state_of,
)
from tests.world import CLIENT_ID, CLIENT_SECRET, World

DONE = "連携が完了しました"
UNKNOWN_STATE = {"japanese": "この手続きは見つかりません。", "english": "This procedure is not known."}
OTHER_BROWSER = {
    "japanese": "この手続きは別のブラウザーで始められました。安全のため、続けられません。",
    "english": "This procedure was started in another browser, so it cannot go on here.",
}
OTHER_PROVIDER = {
    "japanese": "別の連携先からの応答です。安全のため、受け付けません。",
    "english": "This answer came from another provider and was not accepted.",
}
INTERRUPTED = {"japanese": "手続きが途中で止まりました。", "english": "The procedure stopped half-way."}
PROVIDER = "BtoBプラットフォーム 請求書（インフォマート）"
DENIED = {
    "japanese": f"連携先「{PROVIDER}」で許可されませんでした（「拒否」が選ばれました）。",
    "english": "Infomart BtoB Platform Invoice did not give its consent (access was denied there).",
}
BROWSERS = 200


async def test_whoever_denies_is_told_so_and_may_consent_after_all_with_the_same_link(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.deny(await person.start(link))
        await assert_refuses(person, callback, 400, "CONSENT_REFUSED", **DENIED)
        assert world.twin.ledger(*TOKEN_CALLS) == []
        assert await progress(world) == ["failed"]
        assert await activated(world) == NOTHING

        assert DONE in " ".join(read(await person.join(link)).words)
    assert await progress(world) == ["failed", "confirmed"]
    assert await activated(world) == ONE_OF_EACH


async def test_a_state_that_is_omitted_or_forged_is_refused_and_its_code_is_not_redeemed(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.allow(await person.start(link))
        before = await database(world)
        state, code = state_of(callback), code_of(callback)
        forged = ["", "x", state[:-1], state + "A", state.swapcase(), "a" * 43, "%00", "é", "A" * 5000]
        address = f"{world.url}/callback/infomart"
        for each in (f"{address}?code={code}", address, *(f"{address}?code={code}&state={each}" for each in forged)):
            await assert_refuses(person, each, 400, "CONSENT_BROKEN", **UNKNOWN_STATE)
    assert await database(world) == before
    assert world.twin.ledger(*TOKEN_CALLS) == []


async def test_a_code_that_comes_back_in_another_browser_is_never_redeemed(world: World) -> None:
    """Fault D1: whoever was lured into finishing somebody else's walk activates nothing."""
    _, link = await invited(world)

    async def lured(turn: int, gate: asyncio.Semaphore) -> tuple[int, str | None]:
        async with gate, somebody() as attacker, somebody() as victim:
            callback = await victim.allow(await attacker.start(link))
            if turn % 4 == 0:
                await victim.start(link)  # this one is in the middle of a walk of its own
            page = await victim.open(callback)
            await victim.open(f"{world.url}/connect/confirm/{state_of(callback)}")
            return page.status_code, read(page).code

    gate = asyncio.Semaphore(10)
    told = await asyncio.gather(*(lured(turn, gate) for turn in range(BROWSERS)))
    assert set(told) == {(403, "CONSENT_BROKEN")}
    assert world.twin.ledger(*TOKEN_CALLS) == []
    assert set(await progress(world)) == {"started"}
    assert await activated(world) == NOTHING
    assert len(world.twin.ledger("code_issued")) == BROWSERS


async def test_another_browser_is_told_in_either_language_and_the_first_one_may_go_on(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person, somebody() as other:
        callback = await person.allow(await person.start(link))
        await assert_refuses(other, callback, 403, "CONSENT_BROKEN", **OTHER_BROWSER)
        confirm = await person.open(callback)
        assert confirm.status_code == 303
        await assert_refuses(other, f"{world.url}{confirm.headers['location']}", 403, "CONSENT_BROKEN", **OTHER_BROWSER)
        assert await activated(world) == NOTHING
        await person.confirm(world.url + confirm.headers["location"])
    assert await activated(world) == ONE_OF_EACH
    assert len(world.twin.ledger(*TOKEN_CALLS)) == 1


async def test_a_callback_that_arrives_twice_redeems_its_code_once_and_does_no_harm(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.allow(await person.start(link))
        together = await asyncio.gather(*(person.open(callback) for _ in range(8)))
        assert sorted({page.status_code for page in together}) == [303, 409]
        for page in together:
            if page.status_code == 409:
                assert_refused(page, 409, "CONSENT_BROKEN", "この応答はすでに処理中です。")

        again = [await person.open(callback) for _ in range(3)]
        where = {page.headers["location"] for page in (*together, *again) if page.status_code == 303}
        assert where == {f"/connect/confirm/{state_of(callback)}"}
        assert len(world.twin.ledger("token_issued")) == 1
        assert world.twin.ledger("token_refused") == []

        await person.confirm(world.url + where.pop())
        assert (await person.open(callback)).status_code == 303
    assert len(world.twin.ledger(*TOKEN_CALLS)) == 1
    assert await activated(world) == ONE_OF_EACH


async def test_the_state_of_a_finished_walk_activates_nothing_again(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person, somebody() as thief:
        callback = await person.allow(await person.start(link))
        await person.confirm(world.url + (await person.open(callback)).headers["location"])
        before = await database(world)

        other_code = callback.replace(code_of(callback), "00000000-0000-0000-0000-000000000000")
        for _ in range(20):
            assert (await person.open(other_code)).status_code == 303
            assert_refused(await thief.open(other_code), 403, "CONSENT_BROKEN", OTHER_BROWSER["japanese"])
    assert await database(world) == before
    assert len(world.twin.ledger(*TOKEN_CALLS)) == 1


async def test_an_answer_at_another_provider_s_address_is_not_redeemed(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.allow(await person.start(link))
        before = await database(world)
        for place in ("invox", "nope", "INFOMART", "infomart%20"):
            crossed = callback.replace("/callback/infomart", f"/callback/{place}")
            await assert_refuses(person, crossed, 400, "CONSENT_BROKEN", **OTHER_PROVIDER)
        for place in ("", "/", "/infomart/", "/infomart%2F..%2Finvox", "/a/b"):
            crossed = callback.replace("/callback/infomart", f"/callback{place}")
            await assert_refuses(person, crossed, 400, "CONSENT_BROKEN", **UNKNOWN_STATE)
        assert await database(world) == before
        assert world.twin.ledger(*TOKEN_CALLS) == []
        assert (await person.open(callback)).status_code == 303


async def test_a_walk_of_more_than_ten_minutes_is_over_and_the_link_starts_another(world: World) -> None:
    _, link = await invited(world)
    async with somebody() as person:
        callback = await person.allow(await person.start(link))
        world.clock.ahead = timedelta(minutes=10, seconds=1)
        expired = {
            "japanese": "手続きの時間（10分）が過ぎました。",
            "english": "The procedure took longer than 10 minutes.",
        }
        await assert_refuses(person, callback, 410, "CONSENT_BROKEN", **expired)
        assert world.twin.ledger(*TOKEN_CALLS) == []

        confirm = await person.come_back(link)
        world.clock.ahead = timedelta(minutes=21)
        await assert_refuses(person, confirm, 410, "CONSENT_BROKEN", **expired)
        assert await activated(world) == NOTHING

        confirm = await person.come_back(link)
        assert DONE in " ".join(read(await person.confirm(confirm)).words)
        world.clock.ahead = timedelta(minutes=50)  # whoever looks at the last page again still reads that it went well
        assert DONE in " ".join(read(await person.open(confirm)).words)
    assert await progress(world) == ["started", "redeemed", "confirmed"]
    assert await activated(world) == ONE_OF_EACH


NO_ANSWER = {
    "japanese": "連携先から応答がなく、結果が分かりません。",
    "english": "The provider did not answer, so the outcome is not known.",
}
CLOSED = {"japanese": "一時的に利用できません。", "english": "This is not available at the moment."}
FAILING = {
    Kind.HTTP_503: (503, "UNAVAILABLE", CLOSED),
    Kind.HTTP_500: (502, "OUTCOME_UNKNOWN", NO_ANSWER),
    Kind.HTTP_500_AFTER: (502, "OUTCOME_UNKNOWN", NO_ANSWER),
    Kind.DROP_BEFORE: (502, "OUTCOME_UNKNOWN", NO_ANSWER),
    Kind.DROP_AFTER: (502, "OUTCOME_UNKNOWN", NO_ANSWER),
    Kind.HTML_200: (502, "OUTCOME_UNKNOWN", NO_ANSWER),
}


async def test_however_the_provider_s_token_endpoint_fails_the_same_link_starts_over(world: World) -> None:
    tenant, link = await invited(world)
    tried = 0
    async with somebody() as person:
        for kind, (status, code, words) in FAILING.items():
            for language, what in zip(("ja", "en"), words.values(), strict=True):
                world.twin.world.faults.add(Fault("token", kind))
                callback = await person.allow(await person.start(link))
                page = await person.open(callback, language)
                assert_refused(page, status, code, what)
                action = {"ja": "最初からやり直してください", "en": "start over"}[language]
                assert action in "".join(read(page).words), kind
                assert page.headers.get("retry-after") == ("120" if status == 503 else None)

                # Opened again, the spent answer asks the provider nothing.
                tried += 1
                await assert_refuses(person, callback, 409, "CONSENT_BROKEN", **INTERRUPTED)
                assert len(world.twin.ledger("fault_struck")) == tried
                assert await progress(world) == ["failed"] * tried
        assert await activated(world) == NOTHING
        assert world.twin.ledger("token_refused") == []

        assert DONE in " ".join(read(await person.join(link)).words)
    assert await activated(world) == ONE_OF_EACH
    assert [fetch.rows for fetch in await world.read_all(tenant)] == [3]


async def test_our_own_wrong_client_secret_is_no_tenant_s_fault_and_marks_no_connection(
    world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    _, link = await invited(world)
    callback_address = f"{world.url}/callback/infomart"
    world.twin.world.register(Client(CLIENT_ID, "rotated-and-nobody-told-us", (callback_address,)))
    async with somebody() as person:
        page = await person.open(await person.allow(await person.start(link)))
        assert_refused(page, 500, "MISCONFIGURED", "こちら側で問題が発生しました。お客様の操作に問題はありません。")
        english = await person.open(await person.allow(await person.start(link)), "en")
        assert_refused(english, 500, "MISCONFIGURED", "Something went wrong on our side. You did nothing wrong.")
        for each in (page, english):
            assert "CONNECTOR_" not in each.text
        assert [entry["error"] for entry in world.twin.ledger(*TOKEN_CALLS)] == ["invalid_client"] * 2
        assert (await activated(world), (await database(world))["connections"]) == (NOTHING, [])
        assert "CONNECTOR_INFOMART_CLIENT_SECRET" in capfd.readouterr().out  # the operator is told which setting

        world.twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, (callback_address,)))
        await person.join(link)
    assert await activated(world) == ONE_OF_EACH


async def test_the_provider_checks_that_whoever_asked_is_whoever_redeems(world: World) -> None:
    """PKCE: every page of the provider is asked for with a challenge, and a code of another challenge earns nothing."""
    _, link = await invited(world)
    async with somebody() as person:
        mine, theirs = await person.start(link), await person.start(link)
        callback = await person.allow(mine)
        stolen = (await person.allow(theirs)).replace(state_of(theirs), state_of(mine))
        page = await person.open(stolen)
        assert (page.status_code, read(page).code) == (400, "CONSENT_REFUSED")
        assert [each["reason"] for each in world.twin.ledger(*TOKEN_CALLS)] == [
            "code_verifier does not match code_challenge"
        ]
        assert_refused(await person.open(callback), 409, "CONSENT_BROKEN", INTERRUPTED["japanese"])
        await person.join(link)
    assert [asked["pkce"] for asked in world.twin.ledger("consent_asked")] == [True, True, True]
    assert len(world.twin.ledger("token_issued")) == 1
    assert await activated(world) == ONE_OF_EACH
