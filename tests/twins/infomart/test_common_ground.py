"""What every operation has in common: generations, formats, stripping, the order of checks, lateness and knobs."""

from typing import Any

import httpx2
import pytest

from connector.twins.infomart.operations import Side
from connector.twins.infomart.profiles import PROFILES
from tests.twins.infomart.visitor import INVOICES, JSON, PFID, WINDOW, Visitor, parsed, refused_codes

XML = {"Accept": "text/xml"}
V2 = "/wi/v2/buyer/invoice/search"


async def search(visitor: Visitor, body: Any, **headers: str) -> httpx2.Response:
    token = (await visitor.tokens())["access_token"]
    said = {"Accept": "application/json", "Content-type": "application/json", "Authorization": f"Bearer {token}"}
    carried = {name: value for name, value in {**said, **headers}.items() if value}
    if isinstance(body, bytes):
        return await visitor.http.post(V2, content=body, headers=carried)
    return await visitor.http.post(V2, json=body, headers=carried)


def test_both_generations_have_a_place_for_each_of_the_seven_operations() -> None:
    names = {"issued", "register", "update", "masters", "save_masters", "invoices", "suppliers"}
    assert [(each.name, set(each.wires)) for each in PROFILES] == [("v1", names), ("v2", names)]
    ways = [(wire.method, wire.path) for each in PROFILES for wire in each.wires.values()]
    assert len(set(ways)) == 14


async def test_the_second_generation_searches_by_post_and_counts_rows_from_one(visitor: Visitor) -> None:
    first = (await search(visitor, WINDOW)).json()
    some = (await search(visitor, {**WINDOW, "start_position": 11, "get_count": "99"})).json()

    assert list(first) == [
        "request_id",
        "result",
        "error_list",
        "total_count",
        "start_position",
        "get_count",
        "invdata",
    ]
    assert (first["total_count"], first["start_position"], first["get_count"]) == (12, 1, 100)
    assert some["invdata"] == first["invdata"][10:]


async def test_no_more_than_a_hundred_rows_come_at_once_however_many_are_asked_for(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "invoices": 130})

    body = (await search(visitor, {**WINDOW, "get_count": 5000})).json()

    assert (body["get_count"], len(body["invdata"]), body["total_count"]) == (100, 100, 130)


async def test_the_second_generation_denies_with_403_and_the_knob_says_otherwise(visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "buyer_paid": False})
    token = (await visitor.tokens())["access_token"]

    codes = [(await visitor.invoices(token)).status_code, (await search(visitor, WINDOW)).status_code]
    await visitor.sim("knobs", {"denied": {"v1": 403, "v2": 400}})
    turned = [(await visitor.invoices(token)).status_code, (await search(visitor, WINDOW)).status_code]

    assert (codes, turned) == ([400, 403], [403, 400])
    assert refused_codes(await search(visitor, WINDOW)) == [("E100002", None)]


async def test_a_generation_that_is_not_served_is_not_there(visitor: Visitor) -> None:
    await visitor.sim("knobs", {"profiles": ["v2"]})

    gone = await visitor.invoices((await visitor.tokens())["access_token"])

    assert gone.status_code == 404
    assert (await search(visitor, WINDOW)).status_code == 200


@pytest.mark.parametrize(
    ("content_type", "body", "refused"),
    [
        ("", b"{}", ("E700001", "Content-type")),
        ("text/plain", b"{}", ("E700001", "Content-type")),
        ("application/json; charset=shift_jis", b"{}", ("E700001", "Content-type")),
        ("application/json", b"{", ("E700002", None)),
        ("application/json", b"[]", ("E700002", None)),
        ("application/json", b'{"response_type": NaN}', ("E700002", None)),
        ("application/json", b"\xff\xfe", ("E700002", None)),
        ("application/json", b'{"response_type": "json", "company_name_s": "\\ud83d"}', ("E700002", None)),
        ("application/json", b"[" * 100_000, ("E700002", None)),
        ("application/json", b'{"a":' * 40 + b"1" + b"}" * 40, ("E700002", None)),
        ("text/xml", b"<request>" + b"<a>" * 40 + b"</a>" * 40 + b"</request>", ("E700002", None)),
        ("text/xml", b"<request>", ("E700002", None)),
        ("text/xml", b"<response/>", ("E700002", None)),
        ("text/xml", b"<request><a>1</a><a>2</a></request>", ("E700002", None)),
        ("text/xml", b'<!DOCTYPE r [<!ENTITY e "json">]><request><response_type>&e;</response_type></request>',
         ("E700002", None)),
        ("application/json", b"{}", ("E700004", "response_type")),
        ("text/xml", b"<request/>", ("E700004", "response_type")),
    ],
)  # fmt: skip
async def test_a_request_that_is_not_what_it_says_goes_no_further(
    visitor: Visitor, content_type: str, body: bytes, refused: tuple[str, str | None]
) -> None:
    answer = await search(visitor, body, **{"Content-type": content_type})

    assert answer.status_code == 400
    assert refused_codes(answer) == [refused]


async def test_accept_decides_the_format_of_a_refusal_that_nobody_could_read(visitor: Visitor) -> None:
    unread = await search(visitor, b"<", **{"Content-type": "text/xml", "Accept": "text/xml"})
    disagreeing = await visitor.invoices((await visitor.tokens())["access_token"], XML, response_type="json")
    unknown = await visitor.http.get(INVOICES, headers=XML)

    for answer, code in ((unread, "E700002"), (disagreeing, "E700004"), (unknown, "E000401")):
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        root = parsed(answer)
        assert (root.tag, root.findtext("result"), root.findtext("error_list/error_code")) == ("response", "1", code)


async def test_response_type_decides_the_format_of_everything_that_was_read(visitor: Visitor) -> None:
    both = {"Accept": "application/json, text/xml"}
    token = (await visitor.tokens())["access_token"]

    as_json = await visitor.invoices(token, both)
    as_xml = await visitor.invoices(token, both, response_type="xml")
    refused = await visitor.invoices(token, both, response_type="xml", page_no="0")

    assert as_json.headers["Content-Type"] == "application/json"
    root = parsed(as_xml)
    assert [each.findtext("invoice_mng_num") for each in root.findall("invoices")] == [
        str(each["invoice_mng_num"]) for each in as_json.json()["invoices"]
    ]
    assert parsed(refused).findtext("error_list/error_item") == "page_no"


async def test_a_request_in_xml_says_the_same_as_one_in_json(visitor: Visitor) -> None:
    fields = "".join(f"<{name}>{value}</{name}>" for name, value in WINDOW.items())

    answer = await search(visitor, f"<request>{fields}</request>".encode(), **{"Content-type": "text/xml"})

    assert answer.json()["invdata"] == (await search(visitor, WINDOW)).json()["invdata"]


async def test_characters_vanish_from_values_but_not_if_the_knob_says_so(visitor: Visitor) -> None:
    odd = {**WINDOW, "response_type": "(js\ton)", "reception_date_from": "2026-'01'-01", "start_position": "1,0"}
    assert (await search(visitor, odd)).json()["start_position"] == 10

    await visitor.sim("knobs", {"strip_chars": False})

    assert refused_codes(await search(visitor, odd)) == [("E700004", "response_type")]


async def test_maintenance_of_every_month_closes_the_platform_in_its_hours(visitor: Visitor) -> None:
    token = (await visitor.tokens())["access_token"]
    calendar = {"monthly": [{"day": 20, "starts": "12:01", "minutes": 30}]}  # it is 12:00 of the twentieth in Japan
    assert await visitor.sim("maintenance/calendar", calendar) == calendar
    seen = []
    for seconds in (0, 59, 1, 239):
        await visitor.pass_time(seconds)
        answer = await visitor.invoices(token)
        seen.append((answer.status_code, answer.headers.get("Retry-After")))

    assert seen == [(200, None), (200, None), (503, "1801"), (503, "1562")]
    assert (await visitor.http.get("/_sim/maintenance/calendar")).json() == calendar


@pytest.mark.parametrize(
    ("kind", "code", "error"),
    [
        ("http_401", 401, "E000401"),
        ("http_409", 409, "E400003"),
        ("http_413", 413, "E200005"),
        ("http_429", 429, "E900001"),
        ("http_503_coded", 503, "E900002"),
    ],
)
async def test_a_fault_may_wear_a_code_and_does_nothing(visitor: Visitor, kind: str, code: int, error: str) -> None:
    token = (await visitor.tokens())["access_token"]
    await visitor.sim("faults", {"operation": "invoices", "kind": kind})
    await visitor.sim("faults", {"operation": "invoices", "kind": kind})

    answer = await visitor.invoices(token)
    in_xml = await visitor.invoices(token, XML, response_type="xml")

    assert (answer.status_code, refused_codes(answer)) == (code, [(error, None)])
    assert parsed(in_xml).findtext("error_list/error_code") == error
    assert await visitor.events("api_called") == []


@pytest.mark.parametrize(
    "body",
    [
        {"colour": 1},
        {"strip_chars": 1},
        {"page_size": 0},
        {"list_lag_seconds": -1},
        {"profiles": ["v3"]},
        {"denied": {"v1": 400}},
        {"denied": {"v1": 400, "v2": 500}},
        {"page_size": 10, "rollback_masters": "yes"},
    ],
    ids=str,
)
async def test_a_knob_turned_wrongly_leaves_all_of_them_alone(visitor: Visitor, body: dict[str, Any]) -> None:
    before = (await visitor.http.get("/_sim/knobs")).json()

    assert (await visitor.http.post("/_sim/knobs", json=body)).status_code == 400
    assert (await visitor.http.get("/_sim/knobs")).json() == before


async def test_tokens_live_as_long_as_the_knobs_say(visitor: Visitor) -> None:
    await visitor.sim("knobs", {"access_seconds": 10, "refresh_seconds": 60})
    tokens = await visitor.tokens()

    await visitor.pass_time(10)
    assert (await visitor.invoices(tokens["access_token"])).status_code == 401
    await visitor.pass_time(50)
    refused = await visitor.refresh(tokens["refresh_token"])

    assert tokens["expires_in"] == 10
    assert refused.json()["error"] == "invalid_grant"


async def test_a_page_is_as_long_as_the_knob_says(visitor: Visitor) -> None:
    await visitor.sim("knobs", {"page_size": 5})

    body = (await visitor.invoices((await visitor.tokens())["access_token"], JSON, page_no="3")).json()

    assert (len(body["invoices"]), body["total_count"]) == (2, 12)


def test_a_side_is_the_flag_of_its_membership() -> None:
    assert [side.value for side in Side] == ["buyer_paid", "seller_paid"]
