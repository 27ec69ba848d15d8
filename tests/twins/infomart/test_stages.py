"""What people do with issued invoices on screen, and what time does; and how they reach the receiving side."""

from typing import Any

import pytest

from tests.twins.infomart.issuing import System, invoice
from tests.twins.infomart.visitor import PFID, Visitor

BUYER = "b@example.jp"


async def stages(system: System) -> list[int]:
    return [each["wf_status"] for each in await system.truth()]


async def test_a_reserved_invoice_is_issued_when_its_day_comes_in_japan(system: System, visitor: Visitor) -> None:
    await system.number(send_date="2026-11-21")
    assert await stages(system) == [21]

    await visitor.pass_time(12 * 3600 - 1)  # 23:59:59 in Japan
    assert await stages(system) == [21]
    await visitor.pass_time(1)

    assert await stages(system) == [22]
    assert [each["at"] for each in await system.events("invoice_issued")] == ["2026-11-20T15:00:00+00:00"]


async def test_an_invoice_that_needs_approval_is_approved_twice_before_it_is_issued(
    system: System, visitor: Visitor
) -> None:
    await visitor.sim("members", {"pfid": PFID, "approves_issues": True})
    today, later = await system.number(), await system.number(send_date="2026-12-01")

    seen = [await stages(system)]
    for _ in range(2):
        await system.screen("issued", {"approve": [today, later]})
        seen.append(await stages(system))

    assert seen == [[11, 11], [20, 20], [22, 21]]
    assert [each["wf_status"] for each in await system.events("invoice_approved")] == [20, 20, 22, 21]


async def test_people_reject_return_fail_delete_and_open(system: System, visitor: Visitor) -> None:
    await visitor.sim("members", {"pfid": PFID, "approves_issues": True})
    rejected = await system.number()
    await visitor.sim("members", {"pfid": PFID, "approves_issues": False})
    returned, deleted, opened = [await system.number() for _ in range(3)]
    failed = await system.number(send_date="2026-12-01")

    await system.screen(
        "issued",
        {"reject": [rejected], "return": [returned], "delete": [deleted], "open": [opened], "fail": [failed]},
    )

    assert await stages(system) == [19, 19, 23, 22, 29]
    listed = {each["invoice_mng_num"]: each["list_info"] for each in await system.listed()}
    assert (listed[opened]["seal_flg"], listed[opened]["seal_date"]) == ("1", "2026-11-20")
    assert listed[returned]["seal_flg"] == "0"
    told = await system.events(
        "invoice_rejected", "invoice_returned", "invoice_deleted", "invoice_opened", "invoice_failed"
    )
    assert [(each["event"], each["mng_num"]) for each in told] == [
        ("invoice_rejected", rejected),
        ("invoice_returned", returned),
        ("invoice_deleted", deleted),
        ("invoice_opened", opened),
        ("invoice_failed", failed),
    ]


@pytest.mark.parametrize("step", ["approve", "reject", "fail"])
async def test_a_step_that_does_not_lead_on_is_refused_and_nothing_moves(system: System, step: str) -> None:
    number, other = await system.number(), await system.number()
    before = await system.events()

    answer = await system.visitor.http.post(f"/_sim/members/{PFID}/issued", json={"return": [other], step: [number]})

    assert (answer.status_code, answer.json()) == (400, {"error": f"invoice {number} stands at 22"})
    assert await system.events() == before


async def test_an_invoice_takes_one_step_at_a_time(system: System) -> None:
    number = await system.number()

    for body in ({"open": [number], "return": [number]}, {"open": [number, number]}):
        answer = await system.visitor.http.post(f"/_sim/members/{PFID}/issued", json=body)
        assert answer.json() == {"error": "an invoice takes one step at a time"}

    assert await system.events("invoice_opened", "invoice_returned") == []


@pytest.mark.parametrize("body", [{"sell": []}, {"return": [1]}, {"return": 1}, {"hold": ["x"]}, {"open": [[]]}])
async def test_what_makes_no_sense_on_screen_is_refused(system: System, body: dict[str, Any]) -> None:
    assert (await system.visitor.http.post(f"/_sim/members/{PFID}/issued", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("issued/fill", {"count": 0}),
        ("issued/fill", {"count": 1, "spread_days": 0}),
        ("issued/fill", {"count": 1, "colour": 1}),
        ("masters", {"colour": 1}),
        ("masters", {"layouts": [{"name": "x"}]}),
        ("masters", {"publishers": [{}]}),
        ("masters", {"connect": {"C9": PFID}}),
        ("masters", {"connect": []}),
    ],
)
async def test_masters_and_fillings_described_wrongly_change_nothing(
    system: System, what: str, body: dict[str, Any]
) -> None:
    before = await system.masters()

    assert (await system.visitor.http.post(f"/_sim/members/{PFID}/{what}", json=body)).status_code == 400
    assert await system.masters() == before


async def test_nobody_has_an_outbox_who_is_not_a_member(visitor: Visitor) -> None:
    assert (await visitor.http.get("/_sim/members/nobody@example.jp/issued")).status_code == 404


async def connected(system: System, visitor: Visitor) -> str:
    """The access token of a customer that is a member of the platform, too."""
    await visitor.sim("members", {"pfid": BUYER, "password": "b", "uses_workflow": False})
    await system.register({"customer": invoice()["customer"]})
    await system.screen("masters", {"connect": {"C0001": BUYER}})
    token: str = (await visitor.tokens(BUYER, "b"))["access_token"]
    return token


async def received(visitor: Visitor, token: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await visitor.invoices(token)).json()["invoices"]
    return found


async def test_an_issued_invoice_reaches_a_connected_customer_under_its_number(
    system: System, visitor: Visitor
) -> None:
    token = await connected(system, visitor)
    number = await system.number(details=[{"item_name": "A", "tax_rate_sec": None}], pay_due_date="2026-12-31")
    await system.number(inv_no="not yet", send_date="2026-12-01")

    (found,) = await received(visitor, token)

    assert (found["invoice_mng_num"], found["wf_status"], found["inv_no"]) == (number, 50, "2026-11-001")
    assert (found["company_name_s"], found["private_cust_cd_b"]) == ("株式会社待合", "C0001")
    assert (found["pay_due_date_s"], found["pay_due_date"], found["reception_date"]) == (
        "2026-12-31",
        None,
        "2026-11-20",
    )
    assert [(each["item_name"], each["tax_rate_sec"], each["journals"]) for each in found["details"]] == [
        ("A", None, [])
    ]


async def test_a_returned_invoice_leaves_the_receiver_until_it_is_issued_again(
    system: System, visitor: Visitor
) -> None:
    token = await connected(system, visitor)
    number = await system.number()
    await system.number(inv_no="another")
    await system.screen("issued", {"return": [number]})
    gone = [each["inv_no"] for each in await received(visitor, token)]

    await system.update({"invoice_mng_num": number, "inv_name": "訂正"})

    assert gone == ["another"]
    assert [(each["inv_no"], each["inv_name"]) for each in await received(visitor, token)] == [
        ("2026-11-001", "訂正"),
        ("another", "11月分"),
    ]


async def test_a_deleted_invoice_leaves_the_receiver(system: System, visitor: Visitor) -> None:
    token = await connected(system, visitor)
    number = await system.number()

    await system.screen("issued", {"delete": [number]})

    assert await received(visitor, token) == []


async def test_a_filling_shows_every_stage_and_amounts_that_a_registration_would_take(visitor: Visitor) -> None:
    told = await visitor.sim("members", {"pfid": "f@example.jp", "password": "f", "seller_paid": True, "issued": 40})
    found = (await visitor.http.get("/_sim/members/f@example.jp/issued")).json()["issued"]

    assert told["pfid"] == "f@example.jp"
    assert len(found) == 40
    assert {each["wf_status"] for each in found[-7:]} == {11, 19, 20, 21, 22, 23, 29}
    assert (
        sum(1 for each in found if each["header"]["inv_tax"] is None) == 5
    )  # every seventh leaves its tax items empty
    registering = System(visitor, (await visitor.tokens("f@example.jp", "f"))["access_token"])
    again = [
        {**each["header"], "customer": {"private_cust_cd": each["private_cust_cd"]}, "details": each["details"]}
        for each in found
    ]
    assert (await registering.register(*again)).status_code == 200
