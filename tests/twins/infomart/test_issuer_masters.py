"""API 2 and 3: publishers, customers, invitations and accounts that come with invoices."""

from typing import Any

import pytest

from tests.twins.infomart.issuing import ADDRESS, BANK, CUSTOMER, PUBLISHER, System, faults, invoice
from tests.twins.infomart.visitor import PFID


async def saved(system: System) -> list[tuple[str, str, str]]:
    return [(each["kind"], each["code"], each["action"]) for each in await system.events("master_saved")]


async def test_masters_are_created_with_the_invoice_that_needs_them(system: System) -> None:
    answer = await system.register(invoice(publisher=PUBLISHER, banks=[BANK]))

    (row,) = answer.json()["invoices"]
    assert (row["publisher_mng_num"], row["transfer_codes"]) == ("E01", ["B900"])
    assert await saved(system) == [
        ("publisher", "E01", "created"),
        ("customer", "C0001", "created"),
        ("bank_account", "B900", "created"),
    ]
    masters = await system.masters()
    assert [each["publisher_mng_num"] for each in masters["publishers"]] == ["HQ001", "E01"]
    assert [each["transfer_code"] for each in masters["accounts"]] == ["B001", "B900"]


async def test_known_masters_take_the_given_fields_and_named_ones_stay(system: System) -> None:
    await system.register(invoice(publisher=PUBLISHER, banks=[BANK]))
    before = len(await saved(system))

    moved = {"publisher_mng_num": "E01", "publisher_phone": "06-0000-0000"}
    await system.register(
        invoice(
            publisher=moved,
            customer={"private_cust_cd": "C0001", "user_name": "苗代"},
            banks=[{"transfer_code": "B900"}],
        )
    )

    assert (await saved(system))[before:] == [("publisher", "E01", "updated"), ("customer", "C0001", "updated")]
    first, second = await system.truth()
    assert first["publisher"] == PUBLISHER  # an invoice says what masters said at its time
    assert second["publisher"] == PUBLISHER | moved
    assert second["customer"]["user_name"] == "苗代"
    assert second["banks"] == [BANK]


async def test_without_a_publisher_the_default_is_taken_and_without_an_account_the_customers_or_the_layouts(
    system: System,
) -> None:
    await system.number(inv_no="layout's")
    await system.number(inv_no="customer's", customer={**CUSTOMER, "transfer_code": "B900"}, banks=[BANK])
    await system.number(inv_no="customer's again", customer={"private_cust_cd": "C0001"})

    assert [
        (each["inv_no"], each["publisher"]["publisher_mng_num"], [bank["transfer_code"] for bank in each["banks"]])
        for each in await system.truth()
    ] == [
        ("layouts", "HQ001", ["B001"]),
        ("customers", "HQ001", ["B900"]),
        ("customers again", "HQ001", ["B900"]),
    ]


async def test_a_publisher_without_a_code_issues_this_once_and_is_not_kept(system: System) -> None:
    once = {name: value for name, value in PUBLISHER.items() if name != "publisher_mng_num"}

    answer = await system.register(invoice(publisher=once))

    assert answer.json()["invoices"][0]["publisher_mng_num"] is None
    assert [each["publisher_mng_num"] for each in (await system.masters())["publishers"]] == ["HQ001"]
    assert (await system.truth())[0]["publisher"] == once


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("publisher_zip", "publisher_zip"),
        ("publisher_address1", "publisher_address1"),
        ("publisher_phone", "publisher_phone"),
    ],
)
@pytest.mark.parametrize("code", ["E01", None])
async def test_a_new_publisher_needs_an_address_whether_it_has_a_code_or_not(
    system: System, missing: str, told: str, code: str | None
) -> None:
    publisher = {**PUBLISHER, "publisher_mng_num": code, missing: None}

    answer = await system.register(invoice(publisher=publisher))

    assert faults(answer) == [("E200001", f"invoices[0].publisher.{told}", 1)]
    assert await saved(system) == []


async def test_a_code_that_several_publishers_share_must_be_mended_on_screen(system: System) -> None:
    await system.screen("masters", {"publishers": [PUBLISHER, PUBLISHER]})

    answer = await system.register(invoice(publisher={"publisher_mng_num": "E01"}), invoice(inv_no="fine"))

    assert faults(answer) == [("E300002", "invoices[0].publisher.publisher_mng_num", 1)]
    assert [each["inv_no"] for each in await system.truth()] == ["fine"]


async def test_publishers_and_accounts_are_deleted_only_without_an_invoice(system: System) -> None:
    await system.register({"publisher": PUBLISHER, "banks": [BANK]})
    doomed = {
        "publisher": {"publisher_mng_num": "E01", "delete_flg": "1"},
        "banks": [{"transfer_code": "B900", "delete_flg": "1"}],
    }

    together = await system.register(invoice(**doomed))
    alone = await system.register(doomed)

    assert faults(together) == [
        ("E300004", "invoices[0].publisher.delete_flg", 1),
        ("E300004", "invoices[0].banks[0].delete_flg", 1),
    ]
    assert alone.json()["invoices"] == [
        {
            "index": 1,
            "invoice_mng_num": None,
            "inv_no": None,
            "private_cust_cd": None,
            "wf_status": None,
            "publisher_mng_num": None,
            "transfer_codes": [],
            "invite_status": None,
        }
    ]
    assert [(each["kind"], each["code"]) for each in await system.events("master_deleted")] == [
        ("publisher", "E01"),
        ("bank_account", "B900"),
    ]
    assert await system.truth() == []


@pytest.mark.parametrize(
    ("element", "code", "item"),
    [
        ({"publisher": {"publisher_mng_num": "NO", "delete_flg": "1"}}, "E300001", "publisher.publisher_mng_num"),
        ({"publisher": {"publisher_mng_num": "HQ001", "delete_flg": "1"}}, "E300003", "publisher.publisher_mng_num"),
        ({"banks": [{"transfer_code": "NO", "delete_flg": "1"}]}, "E300001", "banks[0].transfer_code"),
        ({"banks": [{"transfer_code": "B001", "delete_flg": "1"}]}, "E300003", "banks[0].transfer_code"),
        ({"banks": [{"transfer_code": "NEW"}]}, "E200001", "banks[0].fncl_inst_code"),
        ({"banks": [{**BANK, "account_num": "12345678"}]}, "E200003", "banks[0].account_num"),
        ({"customer": {**CUSTOMER, "transfer_code": "NO"}}, "E300001", "customer.transfer_code"),
        ({"customer": {**CUSTOMER, "invoice_setting_code": "NO"}}, "E300001", "customer.invoice_setting_code"),
        ({"customer": {"private_cust_cd": "C9", **ADDRESS}}, "E200001", "customer.company_name"),
        ({"customer": {"private_cust_cd": "C9", "company_name": "甲"}}, "E200001", "customer.zip"),
    ],
    ids=str,
)
async def test_a_master_that_cannot_be_saved_is_told_and_left(
    system: System, element: dict[str, Any], code: str, item: str
) -> None:
    before = await system.masters()

    answer = await system.register(element)

    assert faults(answer)[0] == (code, f"invoices[0].{item}", 1)
    assert await system.masters() == before


async def test_an_account_number_is_filled_with_noughts(system: System) -> None:
    await system.register({"banks": [{**BANK, "account_num": 42}]})

    assert (await system.masters())["accounts"][-1]["account_num"] == "0000042"


async def test_a_customer_alone_is_invited_without_an_invoice(system: System) -> None:
    answer = await system.register({"customer": {**CUSTOMER, "user_email": "a@example.jp", "invite_type": "1"}})

    (row,) = answer.json()["invoices"]
    assert (row["invoice_mng_num"], row["private_cust_cd"], row["invite_status"]) == (None, "C0001", "1")
    assert [(each["private_cust_cd"], each["by"]) for each in await system.events("invited")] == [("C0001", "email")]
    assert await system.truth() == []


@pytest.mark.parametrize(
    ("invite_type", "reached", "by"),
    [("1", {"user_email": "a@example.jp"}, "email"), ("2", {"fax": "03-0000-0001"}, "fax"), ("9", {}, "paper")],
)
async def test_an_invitation_goes_the_way_it_was_asked_and_again_each_time(
    system: System, invite_type: str, reached: dict[str, str], by: str
) -> None:
    element = {"customer": {**CUSTOMER, **reached, "invite_type": invite_type}}

    await system.register(element)
    await system.register(element)

    assert [each["by"] for each in await system.events("invited")] == [by, by]


@pytest.mark.parametrize("invite_type", ["1", "2"])
async def test_without_an_address_for_its_way_an_invitation_is_refused(system: System, invite_type: str) -> None:
    answer = await system.register(invoice(customer={**CUSTOMER, "invite_type": invite_type}))

    assert faults(answer) == [("E300005", "invoices[0].customer.invite_type", 1)]
    assert await system.events("invited", "invoice_registered") == []


async def test_a_connected_customer_is_not_invited_again(system: System) -> None:
    await system.number()
    await system.screen("masters", {"connect": {"C0001": PFID}})

    answer = await system.register({"customer": {"private_cust_cd": "C0001", "invite_type": "9"}})

    assert faults(answer) == [("E300005", "invoices[0].customer.invite_type", 1)]


@pytest.mark.parametrize(("rolls_back", "left"), [(False, ["HQ001", "E01"]), (True, ["HQ001"])])
async def test_masters_stay_when_the_invoice_fails_unless_the_knob_says_otherwise(
    system: System, rolls_back: bool, left: list[str]
) -> None:
    await system.visitor.sim("knobs", {"rollback_masters": rolls_back})

    answer = await system.register(invoice(publisher=PUBLISHER, invoice_setting_code="NONE"))

    assert faults(answer) == [("E300001", "invoices[0].invoice_setting_code", 1)]
    assert [each["publisher_mng_num"] for each in (await system.masters())["publishers"]] == left


async def test_a_layout_is_set_up_on_screen_and_each_customer_may_have_its_own(system: System) -> None:
    layouts = [
        {
            "invoice_setting_code": "OWN",
            "name": "専用書式",
            "invoice_type": "0",
            "free_titles": {"inv_free_txt1": "発注番号"},
        }
    ]
    await system.screen("masters", {"layouts": layouts})

    await system.number(inv_no="named", invoice_setting_code="OWN")
    await system.number(inv_no="customer's own", customer={**CUSTOMER, "invoice_setting_code": "OWN"})
    await system.number(inv_no="usual", customer={**CUSTOMER, "private_cust_cd": "C2"})

    listed = await system.listed()
    assert [(each["invoice_setting_code"], each["invoice_type"]) for each in listed] == [
        ("OWN", "0"),
        ("OWN", "0"),
        ("STD01", "3"),
    ]
    assert listed[0]["inv_free_titles"]["inv_free_txt1"] == "発注番号"


async def test_a_qualified_invoice_names_its_issuers_registration_number(system: System) -> None:
    unregistered = {**PUBLISHER, "biz_regist_no": None}

    refused = await system.register(invoice(publisher=unregistered, invoice_type="3"))
    ordinary = await system.register(invoice(publisher={"publisher_mng_num": "E01"}, invoice_type="0"))

    assert faults(refused) == [("E200001", "invoices[0].publisher.biz_regist_no", 1)]
    assert ordinary.status_code == 200
