"""What people do with received invoices on screen, and what the API tells of it afterwards."""

from typing import Any

import pytest

from tests.twins.infomart.issuing import System
from tests.twins.infomart.receiving import Receiver, told
from tests.twins.infomart.visitor import PASSWORD, Visitor

SECTION = {"burden_sec_code": "2100", "burden_sec_name": "第一店舗"}
ACCOUNT = {"account_code": "511", "account_name": "仕入高"}
SUB_ACCOUNT = {"sub_account_code": "01", "sub_account_name": "食材"}
NOTHING = {"burden_sec_code": "", "burden_sec_name": "", "sub_account_code": "", "sub_account_name": ""}
JOURNAL: dict[str, Any] = {
    "acc_slip_date": "2026-11-30",
    "debit": {**SECTION, **ACCOUNT, **SUB_ACCOUNT},
    "credit": {**NOTHING, "account_code": "211", "account_name": "買掛金"},
    "journal_amount": 1100,
    "detail_summary": "試し",
    "journal_free": [{"item_no": 1, "aux_code": "P01", "aux_name": "新店準備"}, {"item_no": 12, "text": "覚え"}],
}


@pytest.fixture
async def receiver(visitor: Visitor) -> Receiver:
    """One with four untouched invoices."""
    receiver = Receiver(visitor)
    await visitor.sim("members", {"pfid": receiver.pfid, "invoices": 0, "journal_free": True})
    await receiver.sim("invoices", {"add": 4, "reception_date": "2026-11-01"})
    return receiver


async def numbers(receiver: Receiver) -> list[int]:
    return [each["mng_num"] for each in (await receiver.seen("invoices"))["invoices"]]


async def stages(receiver: Receiver) -> list[int]:
    """As the API tells them."""
    return [each["wf_status"] for each in await receiver.invoices()]


async def test_approvals_and_rejections_move_what_the_api_tells(receiver: Receiver) -> None:
    one, two, three, four = await numbers(receiver)
    seen = [await stages(receiver)]
    for wish in (
        {"approve": [one, two, three]},
        {"approve": [one, two], "reject": [three]},
        {"approve": [one, three], "reject": [two]},
        {"approve": [one, two], "return": [four]},
    ):
        await receiver.sim("invoices", wish)
        seen.append(await stages(receiver))

    assert seen == [[50, 50, 50, 50], [51, 51, 51, 50], [60, 60, 59, 50], [70, 69, 51, 50], [71, 60, 51]]


async def test_only_the_control_routes_know_how_an_invoice_came_where_it_stands(receiver: Receiver) -> None:
    one = (await numbers(receiver))[0]
    await receiver.sim("invoices", {"approve": [one]})
    await receiver.visitor.pass_time(86_400)
    await receiver.sim("invoices", {"reject": [one]})
    await receiver.sim("invoices", {"return": [one]})
    await receiver.sim("invoices", {"issue_again": [one]})

    assert await receiver.seen(f"invoices/{one}") == {
        "mng_num": one,
        "wf_status": 50,
        "history": [
            {"at": "2026-11-20T03:00:00+00:00", "deed": "received", "wf_status": 50},
            {"at": "2026-11-20T03:00:00+00:00", "deed": "approved", "wf_status": 51},
            {"at": "2026-11-21T03:00:00+00:00", "deed": "rejected", "wf_status": 59},
            {"at": "2026-11-21T03:00:00+00:00", "deed": "returned_to_issuer", "wf_status": None},
            {"at": "2026-11-21T03:00:00+00:00", "deed": "issued_again", "wf_status": 50},
        ],
    }
    told_by_the_api = (await receiver.invoices())[0]
    assert (told_by_the_api["wf_status"], told_by_the_api["reception_date"]) == (50, "2026-11-21")
    assert not [name for name in told_by_the_api if "history" in name or "past" in name]


async def test_an_invoice_returned_is_gone_until_it_is_issued_again_under_its_old_number(receiver: Receiver) -> None:
    before = await numbers(receiver)
    await receiver.sim("invoices", {"return": [before[1]]})
    meanwhile = [each["invoice_mng_num"] for each in await receiver.invoices()]
    assert (await receiver.seen("invoices"))["returned"] == [before[1]]

    await receiver.sim("invoices", {"issue_again": [before[1]]})

    assert meanwhile == [before[0], *before[2:]]
    assert [each["invoice_mng_num"] for each in await receiver.invoices()] == before


async def test_rows_come_to_any_place_change_places_and_are_shuffled(receiver: Receiver) -> None:
    one, two, three, four = await numbers(receiver)

    added = (await receiver.sim("invoices", {"add": 1, "place": 2, "move": {str(one): 3}}))["added"]
    assert await numbers(receiver) == [two, three, *added, four, one]
    await receiver.sim("invoices", {"shuffle": 5})

    shuffled = await numbers(receiver)
    assert sorted(shuffled) == sorted([one, two, three, four, *added])
    assert [each["invoice_mng_num"] for each in await receiver.invoices()] == shuffled


async def test_an_invoice_whose_tax_items_were_left_empty_tells_null_and_the_same_sum(receiver: Receiver) -> None:
    number = (await numbers(receiver))[0]
    before = (await receiver.invoices())[0]

    await receiver.sim("invoices", {"untax": [number]})

    after = (await receiver.invoices())[0]
    assert before["inv_tax"] is not None
    assert after["inv_tax"] is None
    assert {detail["tax_rate_sec"] for detail in after["details"]} == {None}
    assert [each["item_name"] for each in after["details"]] == [each["item_name"] for each in before["details"]]


@pytest.mark.parametrize("option", [True, False])
async def test_journals_entered_on_screen_are_told_with_the_names_of_their_masters(
    receiver: Receiver, *, option: bool
) -> None:
    number = (await numbers(receiver))[0]
    assert not any(detail["journals"] for detail in (await receiver.invoices())[0]["details"])
    codes = {name: {key: code for key, code in JOURNAL[name].items() if "code" in key} for name in ("debit", "credit")}

    booked = await receiver.sim(f"invoices/{number}/journals", {"details": {"1": [{**JOURNAL, **codes}]}})
    await receiver.has(journal_free=option)

    assert booked == {"booked": {"1": 1}}
    first = (await receiver.invoices())[0]["details"][0]
    assert first["journals"] == [{**JOURNAL, "journal_free": JOURNAL["journal_free"] if option else []}]
    assert await receiver.deeds("journals_entered") == [
        {"event": "journals_entered", "pfid": receiver.pfid, "mng_num": number, "booked": {"1": 1}}
    ]


@pytest.mark.parametrize(
    "details",
    [
        {"1": [{**JOURNAL, "debit": {"account_code": "999"}}]},
        {"1": [{**JOURNAL, "debit": {"account_code": "511", "sub_account_code": "99"}}]},
        {"1": [{**JOURNAL, "journal_free": [{"item_no": 1, "aux_code": "P99"}]}]},
        {"1": [{**JOURNAL, "journal_free": [{"item_no": 13, "text": "x"}]}]},
        {"1": [{**JOURNAL, "journal_free": [{"item_no": 9, "aux_code": "P01"}]}]},
        {"1": [{**JOURNAL, "journal_amount": "1100"}]},
        {"1": [{**JOURNAL, "acc_slip_date": "tomorrow"}]},
        {"1": JOURNAL},
        {"first": [JOURNAL]},
        [JOURNAL],
    ],
    ids=lambda value: str(value)[-60:],
)
async def test_nobody_books_to_what_there_is_not(receiver: Receiver, details: Any) -> None:
    number = (await numbers(receiver))[0]
    path = f"/_sim/members/{receiver.pfid}/invoices/{number}/journals"

    assert (await receiver.visitor.http.post(path, json={"details": details})).status_code == 400
    assert not any(detail["journals"] for detail in (await receiver.invoices())[0]["details"])


async def test_what_is_booked_by_hand_is_used_too(receiver: Receiver) -> None:
    number = (await numbers(receiver))[0]
    await receiver.sim(f"invoices/{number}/journals", {"details": {"1": [JOURNAL]}})

    answer = await receiver.change(burden_secs=[{"burden_sec_code": "2100", "delete_flg": "1"}])

    assert answer.json()["error_list"][0]["error_code"] == "E300003"


@pytest.mark.parametrize(
    "wish",
    [
        {"approve": [1]},
        {"reject": [0]},
        {"return": [0], "approve": [0]},
        {"approve": [0, 0]},
        {"issue_again": [0]},
        {"untax": [7]},
        {"move": {"0": -1}},
        {"move": {"x": 1}},
        {"place": -1, "add": 1},
        {"shuffle": "well"},
        {"add": 1, "approve": [0], "reject": [1]},
    ],
    ids=str,
)
async def test_what_cannot_be_done_on_screen_is_not_done_in_part(receiver: Receiver, wish: dict[str, Any]) -> None:
    before, listed = await receiver.seen("invoices"), await numbers(receiver)
    path = f"/_sim/members/{receiver.pfid}/invoices"
    real = {
        name: [listed[place] if place < 1 else place for place in value] if isinstance(value, list) else value
        for name, value in wish.items()
    }

    assert (await receiver.visitor.http.post(path, json=real)).status_code == 400
    assert await receiver.seen("invoices") == before


async def test_an_invoice_nobody_received_has_no_history(receiver: Receiver) -> None:
    answer = await receiver.visitor.http.get(f"/_sim/members/{receiver.pfid}/invoices/1")

    assert answer.status_code == 404


async def test_without_a_workflow_one_approval_is_all(visitor: Visitor) -> None:
    receiver = Receiver(visitor)
    await visitor.sim("members", {"pfid": receiver.pfid, "invoices": 0, "uses_workflow": False})
    await receiver.sim("invoices", {"add": 1, "reception_date": "2026-11-01"})

    await receiver.sim("invoices", {"approve": await numbers(receiver)})

    assert await stages(receiver) == [71]


@pytest.fixture
async def partner(visitor: Visitor, system: System) -> Receiver:
    """A member that receives what the system's member issues to its customer C0001."""
    await visitor.sim("members", {"pfid": "b@example.jp", "password": PASSWORD})
    await system.number()
    await system.screen("masters", {"connect": {"C0001": "b@example.jp"}})
    return Receiver(visitor, pfid="b@example.jp")


async def test_an_invoice_goes_to_its_receiver_comes_back_and_goes_again(system: System, partner: Receiver) -> None:
    number = await system.number(details=[{"item_name": "茶", "item_amount": 1100}])
    assert [each["invoice_mng_num"] for each in await partner.invoices()] == [number]
    await partner.sim("invoices", {"approve": [number]})
    opened = next(each for each in await system.truth() if each["mng_num"] == number)

    await partner.sim("invoices", {"return": [number]})
    sent_back = next(each for each in await system.listed() if each["invoice_mng_num"] == number)
    gone = await partner.invoices()
    told(await system.update({"invoice_mng_num": number, "inv_show_amount": 1200}))

    assert opened["seal_date"] == "2026-11-20"
    assert sent_back["wf_status"] == 19
    assert gone == []
    [again] = await partner.invoices()
    assert (again["invoice_mng_num"], again["inv_show_amount"], again["wf_status"]) == (number, 1200, 50)
    assert [step["deed"] for step in (await partner.seen(f"invoices/{number}"))["history"]] == [
        "received",
        "approved",
        "returned_to_issuer",
        "issued_again",
    ]


async def test_only_its_issuer_issues_an_invoice_again(system: System, partner: Receiver) -> None:
    number = await system.number()
    await partner.sim("invoices", {"return": [number]})
    path = f"/_sim/members/{partner.pfid}/invoices"

    answer = await partner.visitor.http.post(path, json={"issue_again": [number]})

    assert answer.status_code == 400
    assert "API 3" in answer.json()["error"]


async def test_an_issuers_invoice_is_booked_filtered_and_keeps_its_masters_in_use(
    system: System, partner: Receiver
) -> None:
    number = await system.number(details=[{"item_name": "茶", "item_amount": 1100}])
    assert await partner.invoices(journal_flg="1") == []

    await partner.sim(f"invoices/{number}/journals", {"details": {"1": [JOURNAL]}})

    for wish in ({"journal_flg": "1"}, {"burden_sec_code": "2100"}, {"company_name_s": "待合"}):
        assert [each["invoice_mng_num"] for each in await partner.invoices(**wish)] == [number]
    assert await partner.invoices(acc_depart_name="経理") == []
    answer = await partner.change(burden_secs=[{"burden_sec_code": "2100", "delete_flg": "1"}])
    assert answer.json()["error_list"][0]["error_code"] == "E300003"


async def test_an_invoice_issued_again_is_booked_anew(receiver: Receiver) -> None:
    number = (await numbers(receiver))[0]
    await receiver.sim(f"invoices/{number}/journals", {"details": {"1": [JOURNAL]}})

    await receiver.sim("invoices", {"return": [number]})
    await receiver.sim("invoices", {"issue_again": [number]})

    assert not any(detail["journals"] for detail in (await receiver.invoices())[0]["details"])
