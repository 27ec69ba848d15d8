"""API 2: what becomes of the invoices of one registration."""

from typing import Any

import pytest

from tests.twins.infomart.issuing import CUSTOMER, SELLER, System, faults, invoice
from tests.twins.infomart.visitor import JSON, PFID, parsed

NUMBER = "invoices[0]"


def counted(entries: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return sorted(
        (each["mng_num"], each["inv_no"], each["private_cust_cd"], each["inv_show_amount"]) for each in entries
    )


async def test_an_invoice_is_registered_issued_and_answered_with_its_number(system: System) -> None:
    answer = await system.register(invoice())

    assert answer.status_code == 200
    assert answer.json()["invoices"] == [
        {
            "index": 1,
            "invoice_mng_num": 4_100_000_013,
            "inv_no": "2026-11-001",
            "private_cust_cd": "C0001",
            "wf_status": 22,
            "publisher_mng_num": "HQ001",
            "transfer_codes": ["B001"],
            "invite_status": "0",
        }
    ]
    assert [each["mng_num"] for each in await system.events("invoice_registered", "invoice_issued")] == [
        4_100_000_013,
        4_100_000_013,
    ]
    (issued,) = await system.listed()
    assert (issued["invoice_mng_num"], issued["wf_status"], issued["inv_show_amount"]) == (4_100_000_013, 22, 1100)


async def test_invoices_of_one_request_are_never_merged(system: System) -> None:
    answer = await system.register(invoice(inv_no="A"), invoice(inv_no="B"))

    rows = answer.json()["invoices"]
    assert [(row["index"], row["inv_no"]) for row in rows] == [(1, "A"), (2, "B")]
    assert rows[1]["invoice_mng_num"] == rows[0]["invoice_mng_num"] + 1
    assert [each["inv_no"] for each in await system.listed()] == ["A", "B"]


async def test_of_three_the_two_faulty_ones_are_told_and_the_third_is_registered_all_the_same(system: System) -> None:
    faulty = invoice(inv_no="A", send_date="tomorrow"), invoice(inv_no="B", customer=None)

    answer = await system.register(*faulty, invoice(inv_no="C"))

    assert answer.status_code == 400
    assert faults(answer) == [
        ("E200003", "invoices[0].send_date", 1),
        ("E200001", "invoices[1].customer", 2),
    ]
    assert "invoices" not in answer.json()
    assert [each["inv_no"] for each in await system.listed()] == ["C"]
    assert [each["inv_no"] for each in await system.events("invoice_registered")] == ["C"]


async def test_what_was_accepted_is_told_beside_the_faults_if_the_knob_says_so(system: System) -> None:
    await system.visitor.sim("knobs", {"echo_success_on_400": True})

    answer = await system.register(invoice(customer=None), invoice(inv_no="C"))

    assert answer.status_code == 400
    assert [(row["index"], row["inv_no"]) for row in answer.json()["invoices"]] == [(2, "C")]


async def test_the_same_invoice_sent_again_is_another_invoice(system: System) -> None:
    first, second = await system.number(), await system.number()

    assert second > first
    assert counted(await system.truth()) == [
        (first, "2026-11-001", "C0001", 1100),
        (second, "2026-11-001", "C0001", 1100),
    ]
    assert counted(await system.events("invoice_registered")) == counted(await system.truth())


async def test_a_registration_never_overwrites_so_it_takes_no_management_number(system: System) -> None:
    number = await system.number()

    answer = await system.register(invoice(invoice_mng_num=number, inv_show_amount=5))

    assert faults(answer) == [("E200004", "invoices[0].invoice_mng_num", 1)]
    assert [each["inv_show_amount"] for each in await system.truth()] == [1100]


async def test_the_ledger_keeps_enough_to_tell_two_invoices_of_one_number_apart(system: System) -> None:
    await system.register(invoice(customer_code1="key-1", edi_info="E1", inv_free_txt2="甲", inv_free_num1="12.5"))

    (entry,) = await system.events("invoice_registered")

    assert entry["free"] == {"customer_code1": "key-1", "edi_info": "E1", "inv_free_txt2": "甲", "inv_free_num1": 12.5}
    assert (entry["pfid"], entry["send_date"], entry["wf_status"]) == (PFID, "2026-11-20", 22)
    (call,) = [each for each in await system.events("api_called") if each["operation"] == "register"]
    assert (call["request_id"], call["accepted"]) == (entry["request_id"], [entry["mng_num"]])


async def test_null_and_empty_mean_not_specified(system: System) -> None:
    empty: dict[str, Any] = {"inv_name": "", "send_date": None, "publisher": None, "banks": [], "invoice_title": None}

    answer = await system.register({**invoice(), **empty})

    assert answer.status_code == 200
    (issued,) = await system.listed()
    assert (issued["inv_name"], issued["send_date"], issued["publisher"]["publisher_mng_num"]) == (
        None,
        "2026-11-20",
        "HQ001",
    )


async def test_nothing_but_unknown_or_empty_keys_is_no_element(system: System) -> None:
    answer = await system.register({"colour": "red", "inv_name": ""}, 5)

    assert faults(answer) == [("E200001", "invoices[0]", 1), ("E200003", "invoices[1]", 2)]


async def test_figures_may_come_as_text_and_unknown_keys_are_ignored(system: System) -> None:
    line = {"item_qty": "2.5", "item_price": "400", "item_amount": "1000", "tax_rate_sec": "10", "colour": "red"}

    await system.number(inv_show_amount="1100", invoice_type=0, details=[line], colour="red")

    (issued,) = await system.truth()
    assert (issued["inv_show_amount"], issued["header"]["invoice_type"]) == (1100, "0")
    assert issued["details"] == [{"item_qty": 2.5, "item_price": 400, "item_amount": 1000, "tax_rate_sec": 10}]


async def test_characters_vanish_from_numbers_of_invoices_without_a_word(system: System) -> None:
    await system.number(inv_no="(A)-[1]", inv_name="御請求　100%，\t内訳", inv_show_amount="1,100")

    (issued,) = await system.truth()
    assert (issued["inv_no"], issued["header"]["inv_name"], issued["inv_show_amount"]) == (
        "A-1",
        "御請求　100，内訳",
        1100,
    )


@pytest.mark.parametrize(
    ("changes", "code", "item"),
    [
        ({"inv_show_amount": None}, "E200001", "inv_show_amount"),
        ({"inv_show_amount": "one"}, "E200003", "inv_show_amount"),
        ({"inv_show_amount": 1.5}, "E200003", "inv_show_amount"),
        ({"inv_show_amount": 10**12}, "E200002", "inv_show_amount"),
        ({"inv_show_amount": True}, "E200003", "inv_show_amount"),
        ({"inv_no": "1" * 21}, "E200002", "inv_no"),
        ({"inv_no": ["1"]}, "E200003", "inv_no"),
        ({"inv_name": "あ" * 101}, "E200002", "inv_name"),
        ({"pay_due_date": "2026/12/31"}, "E200003", "pay_due_date"),
        ({"close_date": "2026-02-30"}, "E200003", "close_date"),
        ({"invoice_type": "5"}, "E200003", "invoice_type"),
        ({"edi_info": "ＥＤＩ"}, "E200003", "edi_info"),
        ({"details": "none"}, "E200003", "details"),
        ({"details": [{}] * 1001}, "E200005", "details"),
        ({"details": [{"item_name": "a"}, {"item_qty": "x"}]}, "E200003", "details[1].item_qty"),
        ({"details": [{"item_price": "1.23456"}]}, "E200002", "details[0].item_price"),
        ({"details": [{"tax_type": "4"}]}, "E200003", "details[0].tax_type"),
        ({"banks": [{"transfer_code": f"B{place}"} for place in range(11)]}, "E200005", "banks"),
        ({"publisher": "HQ001"}, "E200003", "publisher"),
        ({"publisher": {"publisher_mng_num": "1" * 16}}, "E200002", "publisher.publisher_mng_num"),
        (
            {"publisher": {"publisher_mng_num": "HQ001", "publisher_zip": "1000001"}},
            "E200003",
            "publisher.publisher_zip",
        ),
        ({"customer": {**CUSTOMER, "private_cust_cd": ""}}, "E200001", "customer.private_cust_cd"),
        ({"customer": {**CUSTOMER, "user_email": "nobody"}}, "E200003", "customer.user_email"),
        ({"invoice_setting_code": "NONE"}, "E300001", "invoice_setting_code"),
        ({"seller_attached_file": [{"file_name": "a.pdf", "file": "?"}]}, "E200003", "seller_attached_file[0].file"),
        ({"seller_attached_file": [{"file_name": "a", "file": ""}] * 11}, "E200005", "seller_attached_file"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_fault_names_its_place(system: System, changes: dict[str, Any], code: str, item: str) -> None:
    element = {name: value for name, value in {**invoice(), **changes}.items() if value is not None}

    answer = await system.register(element)

    assert answer.status_code == 400
    assert faults(answer) == [(code, f"{NUMBER}.{item}", 1)]
    assert await system.truth() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "E200001"),
        ({"invoices": []}, "E200001"),
        ({"invoices": {}}, "E200003"),
        ({"invoices": [{}] * 101}, "E200005"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_list_that_is_none_is_wrong_as_a_whole(system: System, body: dict[str, Any], code: str) -> None:
    answer = await system.call("POST", body)

    assert (answer.status_code, faults(answer)) == (400, [(code, "invoices", None)])


async def test_a_free_membership_cannot_issue_and_nothing_happens(system: System) -> None:
    await system.visitor.sim("members", {"pfid": PFID, "seller_paid": False, "buyer_paid": True})

    answer = await system.register(invoice())

    assert (answer.status_code, faults(answer)) == (400, [("E100001", None, None)])
    assert await system.truth() == []


async def test_the_second_generation_registers_updates_and_lists_by_post(system: System) -> None:
    registered = await system.call("POST", {"invoices": [invoice()]}, "/wi/v2/seller/invoice/register")
    number = registered.json()["invoices"][0]["invoice_mng_num"]
    await system.screen("issued", {"return": [number]})
    element = {"invoice_mng_num": number, "inv_name": "改"}
    updated = await system.call("POST", {"invoices": [element]}, "/wi/v2/seller/invoice/update")
    span = {"send_date_from": "2026-11-01", "send_date_to": "2026-11-30", "start_position": 1, "get_count": 99}
    listed = await system.call("POST", span, "/wi/v2/seller/invoice/search")

    assert (registered.status_code, updated.status_code) == (200, 200)
    assert [(each["invoice_mng_num"], each["inv_name"]) for each in listed.json()["invoice_list"]] == [(number, "改")]


async def test_what_nobody_understands_is_kept_as_it_came(system: System) -> None:
    odd = {"custom_details": [{"a": 1.5, "b": [1, None, "😀"]}], "paid_info": [], "private_print_flg": 0}

    await system.number(**odd)
    huge = b'{"response_type":"json","invoices":[{"custom_header":1e400,"inv_show_amount":1,"customer":null}]}'
    headers = {**JSON, "Content-type": "application/json", "Authorization": f"Bearer {system.access_token}"}
    refused = await system.visitor.http.post(SELLER, content=huge, headers=headers)

    assert {name: (await system.truth())[0]["header"][name] for name in odd} == odd
    assert faults(refused)[0] == ("E200002", "invoices[0].custom_header", 1)


async def test_an_invoice_may_be_registered_in_xml(system: System) -> None:
    body = (
        "<request><response_type>xml</response_type><invoices><customer><private_cust_cd>C1</private_cust_cd>"
        "<company_name>商会 &amp; 社</company_name><zip>100-0001</zip><address1>a</address1></customer>"
        "<inv_show_amount>-1100</inv_show_amount><banks/><details><item_name>A</item_name></details></invoices></request>"
    )
    headers = {"Accept": "text/xml", "Content-type": "text/xml", "Authorization": f"Bearer {system.access_token}"}

    answer = await system.visitor.http.post(SELLER, content=body.encode(), headers=headers)

    root = parsed(answer)
    assert (root.findtext("result"), root.findtext("invoices/wf_status")) == ("0", "22")
    (issued,) = await system.truth()
    assert (issued["inv_show_amount"], issued["details"]) == (-1100, [{"item_name": "A"}])
    assert issued["customer"]["company_name"] == "商会 & 社"
