"""API 3: an invoice that came back is mended and issued again."""

import asyncio
from typing import Any

import pytest

from tests.twins.infomart.issuing import BANK, CUSTOMER, PUBLISHER, System, faults, invoice
from tests.twins.infomart.visitor import PFID, Visitor

AT = "invoices[0].invoice_mng_num"


async def test_a_returned_invoice_is_mended_issued_again_and_found_as_reissued(system: System) -> None:
    number = await system.returned()
    assert [each["wf_status"] for each in await system.listed()] == [19]

    answer = await system.update({"invoice_mng_num": number, "inv_name": "訂正", "inv_show_amount": 2200})

    (row,) = answer.json()["invoices"]
    assert (row["index"], row["invoice_mng_num"], row["wf_status"]) == (1, number, 22)
    (found,) = await system.listed(extracting_type01="1")
    assert (found["invoice_mng_num"], found["inv_name"], found["inv_show_amount"]) == (number, "訂正", 2200)
    assert found["inv_no"] == "2026-11-001"
    (entry,) = await system.events("invoice_updated")
    assert (entry["mng_num"], entry["inv_show_amount"], entry["wf_status"]) == (number, 2200, 22)
    assert len(await system.events("invoice_issued")) == 2


async def test_absent_keeps_and_empty_clears(system: System) -> None:
    number = await system.returned(inv_name="件名", remarks="備考", invoice_title="題", details=[{"item_name": "A"}])

    await system.update({"invoice_mng_num": number, "remarks": None, "invoice_title": ""})

    (issued,) = await system.truth()
    header = issued["header"]
    assert (header["inv_name"], header["remarks"], header["invoice_title"]) == ("件名", None, None)
    assert issued["details"] == [{"item_name": "A"}]


async def test_lines_and_accounts_replace_the_whole_list(system: System) -> None:
    number = await system.returned(details=[{"item_name": "A"}, {"item_name": "B"}])

    await system.update({"invoice_mng_num": number, "details": [{"item_name": "C"}], "banks": [BANK]})

    (issued,) = await system.truth()
    assert [each["item_name"] for each in issued["details"]] == ["C"]
    assert [each["transfer_code"] for each in issued["banks"]] == ["B900"]


async def test_a_cleared_field_of_a_line_is_empty(system: System) -> None:
    number = await system.returned(details=[{"item_name": "A", "tax_rate_sec": 10}])

    await system.update({"invoice_mng_num": number, "details": [{"item_name": "A", "tax_rate_sec": None}]})

    (found,) = await system.listed()
    assert [each["tax_rate_sec"] for each in found["details"]] == [None]


@pytest.mark.parametrize("stage", ["issued", "reserved", "approval", "deleted"])
async def test_an_invoice_that_did_not_come_back_cannot_be_changed(system: System, stage: str) -> None:
    if stage == "approval":
        await system.visitor.sim("members", {"pfid": PFID, "approves_issues": True})
    number = await system.number(send_date="2026-12-24" if stage == "reserved" else None)
    if stage == "deleted":
        await system.screen("issued", {"delete": [number]})
    before = await system.truth()

    answer = await system.update({"invoice_mng_num": number, "inv_name": "訂正"})

    assert (answer.status_code, faults(answer)) == (400, [("E400002", AT, 1)])
    assert await system.truth() == before


async def test_the_same_update_again_is_refused_since_the_invoice_is_issued(system: System) -> None:
    number = await system.returned()
    element = {"invoice_mng_num": number, "inv_name": "訂正"}

    assert (await system.update(element)).status_code == 200
    assert faults(await system.update(element)) == [("E400002", AT, 1)]


@pytest.mark.parametrize(
    ("number", "code"), [(4_199_999_999, "E400001"), (None, "E200001"), ("x", "E200003"), (10**10, "E200002")]
)
async def test_an_invoice_nobody_knows_cannot_be_changed(system: System, number: Any, code: str) -> None:
    answer = await system.update({"invoice_mng_num": number, "inv_name": "訂正"})

    assert faults(answer) == [(code, AT, 1)]


async def test_another_members_invoice_is_not_there(system: System, visitor: Visitor) -> None:
    number = await system.returned()
    await visitor.sim("members", {"pfid": "b@example.jp", "password": "b", "seller_paid": True})
    other = System(visitor, (await visitor.tokens("b@example.jp", "b"))["access_token"])

    assert faults(await other.update({"invoice_mng_num": number})) == [("E400001", AT, 1)]
    assert await other.listed() == []


async def test_of_two_the_faulty_one_is_told_and_the_other_is_updated(system: System) -> None:
    first, second = await system.number(inv_no="A"), await system.returned(inv_no="B")

    answer = await system.update({"invoice_mng_num": first}, {"invoice_mng_num": second, "inv_name": "訂正"})

    assert (answer.status_code, faults(answer)) == (400, [("E400002", AT, 1)])
    assert [(each["inv_no"], each["wf_status"], each["reissued"]) for each in await system.truth()] == [
        ("A", 22, False),
        ("B", 22, True),
    ]


async def test_publisher_and_account_are_saved_but_a_customer_must_exist(system: System) -> None:
    number = await system.returned()
    await system.register({"customer": {**CUSTOMER, "private_cust_cd": "C2"}})

    created = await system.update(
        {"invoice_mng_num": number, "publisher": PUBLISHER, "customer": {"private_cust_cd": "C2", "section": "経理部"}}
    )
    await system.screen("issued", {"return": [number]})
    unknown = await system.update({"invoice_mng_num": number, "customer": {"private_cust_cd": "C3"}})

    (row,) = created.json()["invoices"]
    assert (row["publisher_mng_num"], row["private_cust_cd"]) == ("E01", "C2")
    assert faults(unknown) == [("E300001", "invoices[0].customer.private_cust_cd", 1)]
    (issued,) = await system.truth()
    assert (issued["customer"]["section"], issued["wf_status"]) == ("経理部", 19)


async def test_an_empty_value_clears_the_field_of_a_master_too(system: System) -> None:
    number = await system.returned(publisher=PUBLISHER, banks=[{**BANK, "depositor_name": "待合"}])

    await system.update(
        {
            "invoice_mng_num": number,
            "publisher": {"publisher_mng_num": "E01", "publisher_company_name": ""},
            "customer": {"private_cust_cd": "C0001", "address1": None, "address2": "2-2"},
            "banks": [{"transfer_code": "B900", "depositor_name": None}],
        }
    )

    masters = await system.masters()
    assert masters["publishers"][-1]["publisher_company_name"] is None
    assert (masters["customers"][0]["address1"], masters["customers"][0]["address2"]) == (None, "2-2")
    assert masters["accounts"][-1]["depositor_name"] is None


async def test_an_update_deletes_nothing_and_invites_nobody(system: System) -> None:
    number = await system.returned()

    answer = await system.update(
        {
            "invoice_mng_num": number,
            "publisher": {"publisher_mng_num": "HQ001", "delete_flg": "1"},
            "customer": {"private_cust_cd": "C0001", "invite_type": "9"},
            "banks": [{"transfer_code": "B001", "delete_flg": "1"}],
        }
    )

    assert sorted(faults(answer)) == [
        ("E300004", "invoices[0].banks[0].delete_flg", 1),
        ("E300004", "invoices[0].publisher.delete_flg", 1),
        ("E300005", "invoices[0].customer.invite_type", 1),
    ]
    assert await system.events("invited", "master_deleted", "invoice_updated") == []


async def test_amounts_are_judged_together_with_those_that_stay(system: System) -> None:
    number = await system.returned(inv_without_tax=1000, inv_tax=100, inv_amount=1100)

    answer = await system.update({"invoice_mng_num": number, "inv_tax": 99})
    cleared = await system.update({"invoice_mng_num": number, "inv_show_amount": None})

    assert faults(answer) == [("E200004", "invoices[0].inv_amount", 1)]
    assert faults(cleared) == [("E200001", "invoices[0].inv_show_amount", 1)]
    assert [each["wf_status"] for each in await system.truth()] == [19]


async def test_an_invoice_that_somebody_has_open_on_screen_is_a_conflict(system: System) -> None:
    number = await system.returned()
    await system.screen("issued", {"hold": [number]})

    held = await system.update({"invoice_mng_num": number, "inv_name": "訂正"})
    await system.screen("issued", {"release": [number]})
    free = await system.update({"invoice_mng_num": number, "inv_name": "訂正"})

    assert (held.status_code, faults(held)) == (409, [("E400003", AT, 1)])
    assert free.status_code == 200


async def test_two_updates_at_once_of_one_invoice_are_a_conflict_for_the_second(
    system: System, visitor: Visitor
) -> None:
    number = await system.returned()
    await visitor.sim("faults", {"operation": "update", "kind": "late_commit", "seconds": 60})

    first = asyncio.create_task(system.update({"invoice_mng_num": number, "inv_name": "先"}))
    await asyncio.sleep(0.2)
    second = await system.update({"invoice_mng_num": number, "inv_name": "後"})
    await visitor.pass_time(60)

    assert (second.status_code, faults(second)) == (409, [("E400003", AT, 1)])
    assert (await first).status_code == 200
    assert [each["header"]["inv_name"] for each in await system.truth()] == ["先"]


async def test_a_mended_invoice_waits_for_its_day_or_for_approval_again(system: System) -> None:
    number = await system.returned()

    await system.update({"invoice_mng_num": number, "send_date": "2026-12-01"})
    reserved = [each["wf_status"] for each in await system.truth()]
    await system.visitor.pass_time(11 * 86_400)
    issued = [each["wf_status"] for each in await system.truth()]
    await system.screen("issued", {"return": [number]})
    await system.visitor.sim("members", {"pfid": PFID, "approves_issues": True})
    renewed = System(system.visitor, (await system.visitor.tokens())["access_token"])
    await renewed.update({"invoice_mng_num": number, "send_date": ""})

    assert (reserved, issued) == ([21], [22])
    (truth,) = await system.truth()
    assert (truth["wf_status"], truth["send_date"]) == (11, "2026-12-01")


async def test_registering_the_same_number_does_not_update(system: System) -> None:
    number = await system.returned()

    await system.register(invoice(inv_name="訂正"))

    assert [(each["mng_num"], each["wf_status"]) for each in await system.truth()] == [(number, 19), (number + 1, 22)]
