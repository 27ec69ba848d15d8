"""What becomes of refresh tokens at the twin, and how it misbehaves about them."""

import asyncio
from typing import Any

import pytest

from tests.twins.infomart.visitor import CLIENT_ID, PFID, Visitor


async def alive(visitor: Visitor, *texts: str) -> list[bool]:
    told: list[bool] = (await visitor.sim("tokens/alive", {"refresh_tokens": list(texts)}))["alive"]
    return told


async def test_a_strict_server_lets_a_used_token_die_at_once(visitor: Visitor) -> None:
    first = (await visitor.tokens())["refresh_token"]
    second = (await visitor.refresh(first)).json()["refresh_token"]
    assert await alive(visitor, first, second, "never-given") == [False, True, False]


async def test_a_kinder_server_takes_a_used_token_for_another_minute_and_no_longer(visitor: Visitor) -> None:
    await visitor.sim("rotation", {"rotation": "grace"})
    first = (await visitor.tokens())["refresh_token"]
    given = {(await visitor.refresh(first)).json()["refresh_token"] for _ in range(3)}
    assert len(given) == 3
    assert await alive(visitor, first, *given) == [True] * 4

    await visitor.pass_time(60)
    assert await alive(visitor, first, *given) == [False, True, True, True]
    assert (await visitor.refresh(first)).json()["error"] == "invalid_request"


async def test_a_server_that_does_not_rotate_gives_no_token_and_takes_the_old_one_again(visitor: Visitor) -> None:
    first = (await visitor.tokens())["refresh_token"]
    await visitor.sim("rotation", {"rotation": "non_rotating"})
    for _ in range(3):
        assert "refresh_token" not in (await visitor.refresh(first)).json()
    assert await alive(visitor, first) == [True]


async def test_a_rotation_half_done_costs_the_old_token_and_gives_none(visitor: Visitor) -> None:
    first = (await visitor.tokens())["refresh_token"]
    await visitor.sim("faults", {"operation": "token", "kind": "half_done"})
    failed = await visitor.refresh(first)
    assert (failed.status_code, failed.json()["error"]) == (500, "server_error")
    assert await alive(visitor, first) == [False]
    assert await visitor.events("token_rotated") == []


async def test_a_person_who_left_is_refused_in_openams_words_and_may_come_back(visitor: Visitor) -> None:
    first = (await visitor.tokens())["refresh_token"]
    await visitor.sim("members", {"pfid": PFID, "active": False})
    refused = await visitor.refresh(first)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request")
    assert "Resource owner" in refused.json()["error_description"]
    await visitor.sim("members", {"pfid": PFID, "active": True})
    assert (await visitor.refresh(first)).status_code == 200


@pytest.mark.parametrize(("share", "least", "most"), [(1.0, 200, 200), (0.05, 2, 25), (0.0, 0, 0)])
async def test_an_incident_calls_living_tokens_dead(visitor: Visitor, share: float, least: int, most: int) -> None:
    text = (await visitor.tokens())["refresh_token"]
    await visitor.sim("rotation", {"rotation": "non_rotating"})
    await visitor.sim("incident", {"share": share})
    answers = [await visitor.refresh(text) for _ in range(200)]
    refused = [each for each in answers if each.status_code == 400]
    assert least <= len(refused) <= most
    assert {each.json()["error"] for each in refused} <= {"invalid_grant"}
    assert await alive(visitor, text) == [True]


async def test_maintenance_lasts_until_it_is_switched_off(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("maintenance", {"on": True})
    for _ in range(3):
        assert (await visitor.refresh(tokens["refresh_token"])).status_code == 503
        assert (await visitor.invoices(tokens["access_token"])).status_code == 503
    await visitor.sim("maintenance", {"on": False})
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_lifetime_may_be_misspelt_as_the_published_page_has_it(visitor: Visitor) -> None:
    await visitor.sim("misspelt", {"on": True})
    told = await visitor.tokens()
    assert (told["exires_in"], "expires_in" in told) == (300, False)


async def test_a_thousand_grants_are_minted_and_every_one_renews(visitor: Visitor) -> None:
    made = (await visitor.sim("grants", {"count": 1000, "client_id": CLIENT_ID}))["grants"]
    assert len({each["pfid"] for each in made}) == 1000
    assert await alive(visitor, *(each["refresh_token"] for each in made)) == [True] * 1000
    assert (await visitor.refresh(made[-1]["refresh_token"])).status_code == 200


async def test_calls_are_counted_for_each_member_and_at_once(visitor: Visitor) -> None:
    one, other = (await visitor.sim("grants", {"count": 2, "client_id": CLIENT_ID}))["grants"]
    await visitor.sim("faults", {"operation": "token", "kind": "delay", "seconds": 0.2, "count": 2})
    await asyncio.gather(*(visitor.refresh(one["refresh_token"]) for _ in range(2)))
    await visitor.refresh(other["refresh_token"])
    told: dict[str, Any] = (await visitor.http.get("/_sim/counts")).json()
    assert told == {"calls": 3, "by_pfid": {one["pfid"]: 2, other["pfid"]: 1}, "most_at_once": 2}


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("rotation", {"rotation": "sideways"}),
        ("incident", {"share": 1.1}),
        ("incident", {"share": "all"}),
        ("maintenance", {"on": "yes"}),
        ("misspelt", {}),
        ("grants", {"count": 0}),
        ("grants", {"count": 1, "client_id": "nobody"}),
        ("tokens/alive", {"refresh_tokens": [1]}),
        ("faults", {"operation": "token", "kind": "late"}),
        ("faults", {"operation": "invoices", "kind": "half_done"}),
        ("faults", {"operation": "token", "kind": "reset", "share": 0}),
    ],
)
async def test_a_wrong_wish_is_refused_and_changes_nothing(visitor: Visitor, route: str, body: dict[str, Any]) -> None:
    before = await visitor.events()
    answer = await visitor.http.post(f"/_sim/{route}", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert await visitor.events() == before
