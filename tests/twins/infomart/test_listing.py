"""API 1: which of its invoices an issuer is shown."""

from typing import Any

import pytest

from tests.twins.infomart.issuing import SELLER, SPAN, System, faults, invoice
from tests.twins.infomart.visitor import PFID, Visitor, parsed


async def listed_numbers(system: System, **conditions: Any) -> list[str | None]:
    return [each["inv_no"] for each in await system.listed(**conditions)]


async def test_the_list_says_everything_that_was_registered(system: System) -> None:
    line = {"item_name": "A", "item_qty": 1, "item_price": 1000, "item_amount": 1100, "tax_rate_sec": None}
    await system.number(inv_name="件名", pay_due_date="2026-12-31", details=[line])

    (found,) = await system.listed()

    assert (found["inv_name"], found["pay_due_date"], found["send_date"]) == ("件名", "2026-12-31", "2026-11-20")
    assert found["customer"]["private_cust_cd"] == "C0001"
    assert found["customer"]["invite_status"] == "0"
    assert found["publisher"]["publisher_company_name_org"] == "株式会社待合"
    assert [bank["transfer_code"] for bank in found["banks"]] == ["B001"]
    (detail,) = found["details"]
    assert {name: detail[name] for name in line} == line
    assert (detail["detail_seq"], detail["tax_type"]) == (1, None)
    assert set(found["list_info"]) >= {"seal_flg", "seal_date", "send_date", "remind_date", "qa_history"}
    assert not {"delete_flg", "invite_type"} & (set(found["publisher"]) | set(found["customer"]))


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (100, [100, 0]), (230, [100, 100, 30])])
async def test_a_hundred_come_a_page_in_the_order_of_their_numbers(
    system: System, count: int, sizes: list[int]
) -> None:
    if count:
        await system.screen("issued/fill", {"count": count, "spread_days": 60})

    pages = [await system.listed(page_no=place + 1) for place in range(len(sizes))]

    assert [len(page) for page in pages] == sizes
    numbers = [each["invoice_mng_num"] for page in pages for each in page]
    assert numbers == [each["mng_num"] for each in await system.truth()]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, ["A", "B", "C"]),
        ({"send_date_from": "2026-11-02", "send_date_to": "2026-11-02"}, ["B"]),
        ({"send_date_to": "2026-11-01"}, ["A"]),
        ({"pay_due_date_from": "2026-12-31"}, ["B"]),
        ({"pay_due_date_to": "2026-12-30"}, ["A"]),
        ({"pay_due_date_from": "2026-01-01", "pay_due_date_to": "2026-12-31"}, ["A", "B"]),
        ({"close_date": "2026-10-31"}, ["A"]),
        ({"invoice_type": "0"}, ["B"]),
        ({"invoice_type": "4"}, []),
        ({"extracting_type01": "0", "extracting_type02": "0"}, ["A", "B", "C"]),
        ({"extracting_type01": "1"}, []),
        ({"extracting_type02": "1"}, ["A", "C"]),
        ({"seal_flg": "0"}, ["B", "C"]),
        ({"seal_flg": "1"}, ["A"]),
        ({"wf_status": "19", "inv_no": "B"}, ["A", "B", "C"]),
    ],
    ids=str,
)
async def test_conditions_narrow_the_list(system: System, conditions: dict[str, str], found: list[str]) -> None:
    dates = {"send_date": "2026-11-01", "pay_due_date": "2026-12-30", "close_date": "2026-10-31"}
    number = await system.number(inv_no="A", **dates)
    await system.number(inv_no="B", send_date="2026-11-02", pay_due_date="2026-12-31", invoice_type="0")
    other = {**invoice()["customer"], "private_cust_cd": "C2"}
    await system.number(inv_no="C", send_date="2026-11-03", customer=other)
    await system.screen("issued", {"open": [number]})

    assert await listed_numbers(system, **conditions) == found


async def test_number_customer_and_key_are_conditions_only_if_the_knob_says_so(system: System) -> None:
    await system.number(inv_no="A")
    number = await system.number(inv_no="B")
    await system.visitor.sim("knobs", {"extra_filters": True})

    assert await listed_numbers(system, inv_no="B") == ["B"]
    assert await listed_numbers(system, invoice_mng_num=number) == ["B"]
    assert await listed_numbers(system, private_cust_cd="C9") == []


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"send_date_from": None}, [("E200001", "send_date_from")]),
        ({"send_date_to": ""}, [("E200001", "send_date_to")]),
        ({"send_date_from": "2026-12-31", "send_date_to": "2026-01-01"}, [("E200004", "send_date_from")]),
        ({"send_date_from": "2025-01-01", "send_date_to": "2026-01-03"}, [("E200004", "send_date_from")]),
        ({"pay_due_date_from": "2026-02-01", "pay_due_date_to": "2026-01-01"}, [("E200004", "pay_due_date_from")]),
        ({"close_date": "x", "invoice_type": "5"}, [("E200003", "close_date"), ("E200003", "invoice_type")]),
        ({"seal_flg": "2", "page_no": "0"}, [("E200003", "seal_flg"), ("E200003", "page_no")]),
    ],
    ids=str,
)
async def test_every_fault_of_a_search_is_named_at_once(
    system: System, changes: dict[str, Any], refused: list[tuple[str, str]]
) -> None:
    asked = {name: value for name, value in {**SPAN, **changes}.items() if value is not None}

    answer = await system.call("GET", asked)

    assert answer.status_code == 400
    assert faults(answer) == [(code, item, None) for code, item in refused]


async def test_a_new_invoice_is_missing_from_the_list_for_as_long_as_it_lags(system: System, visitor: Visitor) -> None:
    await visitor.sim("knobs", {"list_lag_seconds": 30})
    await system.number(inv_no="late")
    await visitor.sim("knobs", {"list_lag_seconds": 0})
    await system.number(inv_no="early")

    assert await listed_numbers(system) == ["early"]
    assert [each["inv_no"] for each in await system.truth()] == ["late", "early"]
    await visitor.pass_time(29)
    assert await listed_numbers(system) == ["early"]
    await visitor.pass_time(1)
    assert await listed_numbers(system) == ["late", "early"]


async def test_every_stage_is_listed_and_none_can_be_asked_for(system: System) -> None:
    await system.screen("issued/fill", {"count": 10, "spread_days": 10})

    stages = {each["wf_status"] for each in await system.listed(wf_status="22")}

    assert stages == {11, 19, 20, 21, 22, 23, 29}


async def test_the_list_needs_the_issuing_sides_membership(system: System) -> None:
    await system.visitor.sim("members", {"pfid": PFID, "seller_paid": False})

    answer = await system.call("GET", SPAN)

    assert (answer.status_code, faults(answer)) == (400, [("E100001", None, None)])


async def test_keys_move_and_new_ones_appear_in_both_formats_if_asked(system: System) -> None:
    odd = {"1 <b>": "&"}
    number = await system.number(custom_header=odd, details=[{"item_name": "A"}])
    plain = (await system.call("GET", SPAN)).json()
    await system.visitor.sim("faults", {"extra_keys": True})

    moved = (await system.call("GET", SPAN)).json()
    in_xml = parsed(await system.call("GET", {**SPAN, "response_type": "xml"}, headers={"Accept": "text/xml"}))

    (before,), (after,) = plain["invoices"], moved["invoices"]
    assert before["custom_header"] == odd
    assert [name for name in after if name in before] != list(before)
    assert len(after) == len(before) + 1
    assert {name: after[name] for name in ("invoice_mng_num", "inv_no")} == {
        "invoice_mng_num": number,
        "inv_no": "2026-11-001",
    }
    assert in_xml.findtext("invoices/invoice_mng_num") == str(number)
    assert in_xml.findtext("invoices/custom_header/_1__b_") == "&"


async def test_only_three_verbs_are_known_at_the_sellers_address(system: System) -> None:
    assert (await system.visitor.http.delete(SELLER)).status_code == 405
    assert (await system.visitor.http.get("/v1/invoice/seller/invoice")).status_code == 404
