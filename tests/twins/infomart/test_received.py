from uuid import UUID

import pytest

from tests.twins.infomart.visitor import INVOICES, JSON, PFID, WINDOW, Visitor, refused_codes

TOKEN_ERROR = [("E000401", None)]


async def pages(visitor: Visitor, access_token: str) -> list[list[int]]:
    """The management numbers of each page, up to and including the first that is short."""
    found: list[list[int]] = []
    while not found or len(found[-1]) == 100:
        answer = await visitor.invoices(access_token, page_no=str(len(found) + 1))
        found.append([each["invoice_mng_num"] for each in answer.json()["invoices"]])
    return found


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, [0]), (1, [1]), (99, [99]), (100, [100, 0]), (200, [100, 100, 0]), (250, [100, 100, 50])]
)
async def test_invoices_come_a_hundred_a_page_and_each_of_them_once(
    visitor: Visitor, count: int, sizes: list[int]
) -> None:
    await visitor.sim("members", {"pfid": PFID, "invoices": count, "spread_days": 60})
    listed = (await visitor.http.get(f"/_sim/members/{PFID}/invoices")).json()["invoices"]

    found = await pages(visitor, (await visitor.tokens())["access_token"])

    assert [len(page) for page in found] == sizes
    numbers = [number for page in found for number in page]
    assert numbers == sorted(each["mng_num"] for each in listed)
    assert len(set(numbers)) == count


async def test_the_envelope_tells_the_page_and_the_total(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "invoices": 150})
    body = (await visitor.invoices((await visitor.tokens())["access_token"], page_no="2")).json()

    assert list(body) == ["request_id", "result", "error_list", "total_count", "page_no", "invoices"]
    assert str(UUID(body["request_id"])) == body["request_id"]
    assert (body["result"], body["error_list"], body["total_count"], body["page_no"]) == ("0", [], 150, 2)


async def test_the_first_page_is_meant_when_none_is_named(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]

    unnamed = (await visitor.invoices(access_token)).json()
    first = (await visitor.invoices(access_token, page_no="1")).json()

    assert unnamed["page_no"] == 1
    assert unnamed["invoices"] == first["invoices"]


async def test_both_ends_of_the_window_belong_to_it(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "invoices": 0})
    for day in ("2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03"):
        await visitor.sim(f"members/{PFID}/invoices", {"add": 1, "reception_date": day})

    answer = await visitor.invoices(
        (await visitor.tokens())["access_token"], reception_date_from="2026-11-01", reception_date_to="2026-11-02"
    )

    assert [each["reception_date"] for each in answer.json()["invoices"]] == ["2026-11-01", "2026-11-02"]
    assert answer.json()["total_count"] == 2


async def test_a_member_reads_its_own_invoices_only(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": "b@example.jp", "password": "b", "invoices": 3})
    own = (await pages(visitor, (await visitor.tokens())["access_token"]))[0]
    others = (await pages(visitor, (await visitor.tokens("b@example.jp", "b"))["access_token"]))[0]

    assert (len(own), len(others)) == (12, 3)
    assert set(own).isdisjoint(others)


async def test_an_access_token_lives_for_five_minutes(visitor: Visitor) -> None:
    tokens = await visitor.tokens()

    await visitor.pass_time(299)
    assert (await visitor.invoices(tokens["access_token"])).status_code == 200
    await visitor.pass_time(1)
    late = await visitor.invoices(tokens["access_token"])

    assert late.status_code == 401
    assert late.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert refused_codes(late) == TOKEN_ERROR
    renewed = (await visitor.refresh(tokens["refresh_token"])).json()
    assert (await visitor.invoices(renewed["access_token"])).status_code == 200


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer nonsense", "Basic {token}", "{token}"])
async def test_without_a_valid_bearer_token_nothing_is_told(visitor: Visitor, authorization: str | None) -> None:
    token = (await visitor.tokens())["access_token"]
    headers = {**JSON, **({"Authorization": authorization.format(token=token)} if authorization else {})}

    answer = await visitor.http.get(INVOICES, params=WINDOW, headers=headers)

    assert answer.status_code == 401
    assert refused_codes(answer) == TOKEN_ERROR


async def test_a_refresh_token_opens_no_api(visitor: Visitor) -> None:
    assert (await visitor.invoices((await visitor.tokens())["refresh_token"])).status_code == 401


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        ({"buyer_paid": False}, "E100002"),
        ({"api_option": False}, "E100003"),
        ({"buyer_paid": False, "api_option": False}, "E100002"),
    ],
)
async def test_a_contract_that_does_not_cover_the_call_answers_400(
    visitor: Visitor, flags: dict[str, bool], code: str
) -> None:
    await visitor.sim("members", {"pfid": PFID, **flags})

    answer = await visitor.invoices((await visitor.tokens())["access_token"])

    assert answer.status_code == 400
    assert refused_codes(answer) == [(code, None)]


async def test_the_sellers_contract_does_not_matter_to_a_buyer(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "seller_paid": False})

    assert (await visitor.invoices((await visitor.tokens())["access_token"])).status_code == 200


@pytest.mark.parametrize(
    ("accept", "response_type", "refused"),
    [
        ("*/*", "json", ("E700003", "Accept")),
        ("", "json", ("E700003", "Accept")),
        ("text/html", "json", ("E700003", "Accept")),
        ("application/json", None, ("E700004", "response_type")),
        ("application/json", "JSON", ("E700004", "response_type")),
        ("application/json", "xml", ("E700004", "response_type")),
    ],
)
async def test_accept_and_response_type_must_agree(
    visitor: Visitor, accept: str, response_type: str | None, refused: tuple[str, str]
) -> None:
    answer = await visitor.invoices(
        (await visitor.tokens())["access_token"], {"Accept": accept}, response_type=response_type
    )

    assert answer.status_code == 400
    assert refused_codes(answer) == [refused]


@pytest.mark.parametrize("accept", ["application/json; charset=utf-8", "text/plain, Application/JSON;q=0.9"])
async def test_accept_may_name_json_among_others(visitor: Visitor, accept: str) -> None:
    answer = await visitor.invoices((await visitor.tokens())["access_token"], {"Accept": accept})

    assert answer.status_code == 200


FROM, TO = "reception_date_from", "reception_date_to"


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({FROM: None}, [("E200001", FROM)]),
        ({TO: None}, [("E200001", TO)]),
        ({FROM: "", TO: ""}, [("E200001", FROM), ("E200001", TO)]),
        ({FROM: "2026/01/01"}, [("E200003", FROM)]),
        ({FROM: "20260101"}, [("E200003", FROM)]),
        ({TO: "2026-02-30"}, [("E200003", TO)]),
        ({FROM: "2026-1-1"}, [("E200003", FROM)]),
        ({FROM: "２０２６-01-01"}, [("E200003", FROM)]),
        ({FROM: "2026-12-31", TO: "2026-12-30"}, [("E200004", FROM)]),
        ({FROM: "2025-01-01", TO: "2026-01-03"}, [("E200004", FROM)]),
        ({"page_no": "0"}, [("E200003", "page_no")]),
        ({"page_no": "-1"}, [("E200003", "page_no")]),
        ({"page_no": "two"}, [("E200003", "page_no")]),
        ({FROM: None, TO: "x", "page_no": "0"}, [("E200001", FROM), ("E200003", TO), ("E200003", "page_no")]),
    ],
)
async def test_every_fault_of_a_request_is_named_at_once(
    visitor: Visitor, changes: dict[str, str | None], refused: list[tuple[str, str]]
) -> None:
    answer = await visitor.invoices((await visitor.tokens())["access_token"], **changes)

    assert answer.status_code == 400
    assert refused_codes(answer) == refused
    first = answer.json()["error_list"][0]
    assert set(first) == {"error_code", "error_message", "error_item", "error_index"}
    assert first["error_message"]
    assert first["error_index"] is None


async def test_a_window_may_span_366_days(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]

    answer = await visitor.invoices(access_token, reception_date_from="2025-01-01", reception_date_to="2026-01-02")

    assert answer.status_code == 200


async def test_unknown_fields_of_a_request_are_ignored_and_forbidden_characters_vanish(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]

    answer = await visitor.invoices(access_token, wf_status="71", page_no="(1)", response_type="<json>")

    assert answer.status_code == 200
    assert answer.json()["total_count"] == 12


async def test_checks_run_in_order_token_then_format_then_contract_then_request(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]
    await visitor.sim("members", {"pfid": PFID, "buyer_paid": False})
    wrong = {FROM: "wrong", "response_type": "wrong"}

    everything_wrong = await visitor.invoices("nonsense", {"Accept": "text/html"}, **wrong)
    with_a_token = await visitor.invoices(access_token, {"Accept": "text/html"}, **wrong)
    with_accept = await visitor.invoices(access_token, **wrong)
    with_format = await visitor.invoices(access_token, **{FROM: "wrong"})
    await visitor.sim("members", {"pfid": PFID, "buyer_paid": True})
    with_contract = await visitor.invoices(access_token, **{FROM: "wrong"})

    answers = (everything_wrong, with_a_token, with_accept, with_format, with_contract)
    assert [refused_codes(answer)[0][0] for answer in answers] == [
        "E000401",
        "E700003",
        "E700004",
        "E100002",
        "E200003",
    ]
    assert [answer.status_code for answer in answers] == [401, 400, 400, 400, 400]


async def test_there_are_no_other_verbs_and_no_other_routes(visitor: Visitor) -> None:
    assert (await visitor.http.post(INVOICES)).status_code == 405
    assert (await visitor.http.get("/v1/invoice/buyer/invoice")).status_code == 404
