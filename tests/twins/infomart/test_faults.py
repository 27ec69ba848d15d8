import json
from time import monotonic
from typing import Any

import pytest
from starlette.applications import Starlette

from connector.twins.infomart.line import LineCutError
from tests.twins.infomart.visitor import INVOICES, JSON, PFID, WINDOW, Visitor


async def test_maintenance_is_a_page_with_a_time_to_come_back(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    for operation in ("token", "invoices"):
        await visitor.sim("faults", {"operation": operation, "kind": "http_503"})

    for answer in (await visitor.refresh(tokens["refresh_token"]), await visitor.invoices(tokens["access_token"])):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "120"
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "ただいまメンテナンス中です" in answer.text

    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200  # nothing had been done


async def test_an_internal_error_has_the_shape_of_its_endpoint_and_does_nothing(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    for operation in ("token", "invoices"):
        await visitor.sim("faults", {"operation": operation, "kind": "http_500"})

    refused = await visitor.refresh(tokens["refresh_token"])
    failed = await visitor.invoices(tokens["access_token"])

    assert (refused.status_code, refused.json()["error"]) == (500, "server_error")
    assert (failed.status_code, failed.json()["error_list"][0]["error_code"]) == (500, "E900001")
    assert await visitor.events("api_called", "token_rotated") == []
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200


async def test_a_half_done_rotation_answers_500_and_the_old_token_is_dead(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "token", "kind": "http_500_after"})

    failed = await visitor.refresh(tokens["refresh_token"])
    again = await visitor.refresh(tokens["refresh_token"])

    assert failed.status_code == 500
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")
    assert len(await visitor.events("token_rotated")) == 1


async def test_a_web_page_may_come_where_json_was_expected(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "invoices", "kind": "html_200"})

    answer = await visitor.invoices(tokens["access_token"])

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<!doctype html>")
    assert await visitor.events("api_called") == []


async def test_in_process_a_cut_line_is_an_error_and_before_means_nothing_was_done(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "token", "kind": "drop_before"})

    with pytest.raises(LineCutError):
        await visitor.refresh(tokens["refresh_token"])

    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 200
    assert len(await visitor.events("token_rotated")) == 1


async def test_in_process_a_cut_line_after_means_it_was_done(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "token", "kind": "drop_after"})

    with pytest.raises(LineCutError):
        await visitor.refresh(tokens["refresh_token"])

    assert (await visitor.refresh(tokens["refresh_token"])).json()["error"] == "invalid_request"
    assert len(await visitor.events("token_rotated")) == 1


async def test_in_process_a_truncated_answer_is_half_of_it(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]
    await visitor.sim("faults", {"operation": "invoices", "kind": "truncate"})

    answer = await visitor.invoices(access_token)

    assert answer.status_code == 200
    assert len(answer.content) == int(answer.headers["Content-Length"]) // 2
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    assert len(await visitor.events("api_called")) == 1


async def test_a_delayed_call_takes_its_time_and_is_done_all_the_same(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "token", "kind": "delay", "seconds": 0.05})

    started = monotonic()
    answer = await visitor.refresh(tokens["refresh_token"])

    assert answer.status_code == 200
    assert monotonic() - started >= 0.05


async def test_a_fault_lets_calls_pass_strikes_its_count_and_is_spent(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]
    await visitor.sim("faults", {"operation": "invoices", "kind": "http_503", "skip": 2, "count": 3})
    await visitor.sim("faults", {"operation": "invoices", "kind": "http_500", "skip": 1})

    codes = [(await visitor.invoices(access_token)).status_code for _ in range(8)]

    assert codes == [200, 200, 503, 503, 503, 200, 500, 200]
    struck = await visitor.events("fault_struck")
    assert [each["kind"] for each in struck] == ["http_503"] * 3 + ["http_500"]
    assert (await visitor.http.get("/_sim/faults")).json() == {"waiting": [], "extra_keys": False}


async def test_a_fault_of_one_operation_leaves_the_other_alone(visitor: Visitor) -> None:
    tokens = await visitor.tokens()
    await visitor.sim("faults", {"operation": "token", "kind": "http_503"})

    assert (await visitor.invoices(tokens["access_token"])).status_code == 200
    assert (await visitor.refresh(tokens["refresh_token"])).status_code == 503


async def test_waiting_faults_can_be_seen_and_forgotten(visitor: Visitor) -> None:
    waiting = {"operation": "token", "kind": "http_500", "count": 9, "skip": 0, "seconds": 0.0, "share": 1.0}

    told = await visitor.sim("faults", {"operation": "token", "kind": "http_500", "count": 9})
    forgotten = (await visitor.http.delete("/_sim/faults")).json()

    assert told == {"waiting": [waiting], "extra_keys": False}
    assert forgotten == {"waiting": [], "extra_keys": False}
    await visitor.tokens()


@pytest.mark.parametrize(
    "body",
    [
        {"operation": "weather", "kind": "http_500"},
        {"operation": "token", "kind": "earthquake"},
        {"operation": "token", "kind": "http_500", "count": 0},
        {"operation": "token", "kind": "http_500", "skip": -1},
        {"operation": "token", "kind": "http_500", "count": "2"},
        {"operation": "token", "kind": "delay"},
        {"operation": "token", "kind": "delay", "seconds": 601},
        {"operation": "token", "kind": "http_500", "after": 1},
        {"kind": "http_500"},
        {"extra_keys": 1},
        {},
    ],
    ids=str,
)
async def test_a_fault_described_wrongly_does_not_wait(visitor: Visitor, body: dict[str, Any]) -> None:
    before = await visitor.events()

    assert (await visitor.http.post("/_sim/faults", json=body)).status_code == 400

    assert (await visitor.http.get("/_sim/faults")).json()["waiting"] == []
    assert await visitor.events() == before


def same(plain: Any, disguised: Any) -> int:
    """How many unknown keys were added to an answer that is otherwise the same."""
    if isinstance(plain, list):
        assert len(plain) == len(disguised)
        return sum(same(*pair) for pair in zip(plain, disguised, strict=True))
    if not isinstance(plain, dict):
        assert plain == disguised
        return 0
    added = set(disguised) - set(plain)
    assert set(plain) <= set(disguised)
    assert all(name.startswith("added_item") for name in added)
    return len(added) + sum(same(plain[name], disguised[name]) for name in plain)


async def test_keys_move_and_new_ones_appear_in_every_answer_if_asked(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]
    plain = (await visitor.invoices(access_token)).json()

    await visitor.sim("faults", {"extra_keys": True})
    disguised = (await visitor.invoices(access_token)).json()
    tokens = await visitor.tokens()
    refused = (await visitor.refresh("unknown")).json()
    denied = (await visitor.invoices("unknown")).json()
    await visitor.sim("faults", {"extra_keys": False})

    disguised["request_id"] = plain["request_id"]
    assert same(plain, disguised) > 12 * 5  # at least the invoice, its publisher, a bank, a line …
    assert list(plain) != [name for name in disguised if name in plain]
    assert len(tokens) == 7
    assert len(refused) == 3
    assert len(denied) == 4
    assert len(denied["error_list"][0]) == 5
    await visitor.http.get(INVOICES, params=WINDOW, headers=JSON)
    assert set((await visitor.invoices(access_token)).json()) == set(plain)


async def test_each_twin_is_a_world_of_its_own(twin: Starlette, visitor: Visitor) -> None:
    assert twin.state.world.members.find(PFID) is not None
    await visitor.sim("faults", {"operation": "token", "kind": "http_503"})
    assert len(twin.state.world.faults.waiting()) == 1
