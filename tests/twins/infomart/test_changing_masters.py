from typing import Any

import httpx2
import pytest

from tests.twins.infomart.receiving import Receiver, refused, told
from tests.twins.infomart.visitor import Visitor

ACCOUNT = {"account_code": "700", "account_name": "雑費"}
SUB = {"account_code": "700", "sub_account_code": "01", "sub_account_name": "切手"}
SECTION = {"burden_sec_code": "4000", "burden_sec_name": "広報部"}
AUX = {"item_no": 3, "aux_code": "C1", "aux_name": "東日本"}
NOUGHT = {"created": 0, "updated": 0, "deleted": 0}


@pytest.fixture(params=["v1", "v2"])
async def receiver(visitor: Visitor, request: pytest.FixtureRequest) -> Receiver:
    """One with the option, two accounts, a sub-account, a department, an auxiliary item, and no invoice."""
    receiver = Receiver(visitor, request.param)
    await visitor.sim("members", {"pfid": receiver.pfid, "invoices": 0, "journal_free": True})
    await receiver.sim(
        "journal_masters",
        {
            "replace": {
                "accounts": [
                    {"account_code": "500", "account_name": "仕入高", "sort_no": 3},
                    {"account_code": "600", "account_name": "通信費"},
                ],
                "sub_accounts": [{"account_code": "600", "sub_account_code": "01", "sub_account_name": "電話"}],
                "burden_secs": [{"burden_sec_code": "1000", "burden_sec_name": "本社"}],
                "journal_auxs": [{"item_no": 1, "aux_code": "P1", "aux_name": "移転"}],
            }
        },
    )
    return receiver


async def names(receiver: Receiver) -> dict[str, list[str]]:
    kept = await receiver.seen("journal_masters")
    return {kind: [next(each[key] for key in each if key.endswith("_name")) for each in kept[kind]] for kind in kept}


BEFORE = {
    "accounts": ["通信費", "仕入高"],
    "sub_accounts": ["電話"],
    "burden_secs": ["本社"],
    "journal_auxs": ["移転"],
}


async def test_every_kind_is_registered_updated_and_deleted_in_one_request(receiver: Receiver) -> None:
    answer = await receiver.change(
        accounts=[ACCOUNT, {"account_code": "500", "account_name": "商品仕入高"}],
        sub_accounts=[SUB, {"account_code": "600", "sub_account_code": "01", "delete_flg": "1"}],
        burden_secs=[SECTION, {"burden_sec_code": "1000", "burden_sec_name": "本店", "use_flg": "0"}],
        journal_auxs=[AUX, {"item_no": "1", "aux_code": "P1", "delete_flg": "1"}],
    )

    body = told(answer)
    assert {kind: body[kind] for kind in BEFORE} == {
        "accounts": {"created": 1, "updated": 1, "deleted": 0},
        "sub_accounts": {"created": 1, "updated": 0, "deleted": 1},
        "burden_secs": {"created": 1, "updated": 1, "deleted": 0},
        "journal_auxs": {"created": 1, "updated": 0, "deleted": 1},
    }
    assert await names(receiver) == {
        "accounts": ["通信費", "雑費", "商品仕入高"],
        "sub_accounts": ["切手"],
        "burden_secs": ["本店", "広報部"],
        "journal_auxs": ["東日本"],
    }
    assert [
        (each["event"], each["kind"], each["code"], each.get("action"), each.get("changed"))
        for each in await receiver.deeds("master_saved", "master_deleted")
    ] == [
        ("master_saved", "account", "700", "created", ["account_code", "account_name", "sort_no", "use_flg"]),
        ("master_saved", "account", "500", "updated", ["account_name"]),
        ("master_saved", "sub_account", "700/01", "created", [
            "account_code", "sub_account_code", "sub_account_name", "sort_no", "use_flg",
        ]),
        ("master_deleted", "sub_account", "600/01", None, None),
        ("master_saved", "burden_sec", "4000", "created", ["burden_sec_code", "burden_sec_name", "sort_no", "use_flg"]),
        ("master_saved", "burden_sec", "1000", "updated", ["burden_sec_name", "use_flg"]),
        ("master_saved", "journal_aux", "3/C1", "created", ["item_no", "aux_code", "aux_name", "sort_no", "use_flg"]),
        ("master_deleted", "journal_aux", "1/P1", None, None),
    ]  # fmt: skip


async def test_what_is_read_afterwards_is_what_was_registered(receiver: Receiver) -> None:
    told(await receiver.change(accounts=[{**ACCOUNT, "sort_no": "7", "use_flg": "0"}]))

    assert {**ACCOUNT, "sort_no": 7, "use_flg": "0"} in (await receiver.masters())["accounts"]


async def test_an_update_keeps_what_is_not_sent(receiver: Receiver) -> None:
    told(await receiver.change(accounts=[{"account_code": "500", "use_flg": "0"}]))

    assert (await receiver.masters())["accounts"][1] == {
        "account_code": "500",
        "account_name": "仕入高",
        "sort_no": 3,
        "use_flg": "0",
    }


async def test_saying_the_same_again_changes_nothing_so_it_may_be_said_again(receiver: Receiver) -> None:
    first = told(await receiver.change(accounts=[ACCOUNT], sub_accounts=[SUB]))
    kept = await receiver.seen("journal_masters")

    again = told(await receiver.change(accounts=[ACCOUNT], sub_accounts=[SUB]))

    assert (first["accounts"]["created"], again["accounts"]["created"], again["accounts"]["updated"]) == (1, 0, 1)
    assert await receiver.seen("journal_masters") == kept
    assert [each["changed"] for each in await receiver.deeds("master_saved")][2:] == [[], []]


async def test_a_sub_account_may_come_with_its_account_in_one_request(receiver: Receiver) -> None:
    told(await receiver.change(sub_accounts=[SUB], accounts=[ACCOUNT]))  # whatever the order of the arrays


async def test_a_sub_account_without_its_account_is_refused(receiver: Receiver) -> None:
    answer = await receiver.change(sub_accounts=[SUB])

    assert answer.status_code == 400
    assert refused(answer) == [("E300001", "sub_accounts[0].account_code", 1)]


async def test_a_sub_account_whose_account_was_refused_is_refused_as_well(receiver: Receiver) -> None:
    answer = await receiver.change(accounts=[{"account_code": "700"}], sub_accounts=[SUB])

    assert refused(answer) == [
        ("E200001", "accounts[0].account_name", 1),
        ("E300001", "sub_accounts[0].account_code", 1),
    ]
    assert await names(receiver) == BEFORE


async def test_the_good_half_is_done_and_the_bad_half_is_named(receiver: Receiver) -> None:
    answer = await receiver.change(
        accounts=[ACCOUNT, {"account_code": "701"}, {"account_code": "7" * 16, "account_name": "長"}],
        burden_secs=[{"burden_sec_code": "9999", "delete_flg": "1"}, SECTION],
    )

    assert answer.status_code == 400
    assert refused(answer) == [
        ("E200001", "accounts[1].account_name", 2),
        ("E200002", "accounts[2].account_code", 3),
        ("E300001", "burden_secs[0].burden_sec_code", 1),
    ]
    assert "accounts" not in answer.json()  # what went well is not told [IM-100]
    assert await names(receiver) == {
        **BEFORE,
        "accounts": ["通信費", "雑費", "仕入高"],
        "burden_secs": ["本社", "広報部"],
    }


async def test_the_good_half_is_told_if_the_knob_says_so(receiver: Receiver) -> None:
    await receiver.visitor.sim("knobs", {"echo_success_on_400": True})

    answer = await receiver.change(accounts=[ACCOUNT, {"account_code": "701"}])

    assert answer.status_code == 400
    assert answer.json()["accounts"] == {"created": 1, "updated": 0, "deleted": 0}
    assert answer.json()["burden_secs"] == NOUGHT


@pytest.mark.parametrize("code", ["accounts", "sub_accounts", "burden_secs", "journal_auxs"])
async def test_what_is_not_there_cannot_be_deleted(receiver: Receiver, code: str) -> None:
    named: dict[str, dict[str, str | int]] = {
        "accounts": {"account_code": "999"},
        "sub_accounts": {"account_code": "600", "sub_account_code": "99"},
        "burden_secs": {"burden_sec_code": "999"},
        "journal_auxs": {"item_no": 2, "aux_code": "P1"},
    }
    keys = named[code]

    answer = await receiver.change(**{code: [{**keys, "delete_flg": "1"}]})

    assert refused(answer) == [("E300001", f"{code}[0].{list(keys)[-1]}", 1)]
    assert await names(receiver) == BEFORE


async def test_an_account_goes_only_after_its_sub_accounts_so_not_in_the_same_request(receiver: Receiver) -> None:
    both: dict[str, Any] = {
        "accounts": [{"account_code": "600", "delete_flg": "1"}],
        "sub_accounts": [{"account_code": "600", "sub_account_code": "01", "delete_flg": "1"}],
    }

    first = await receiver.change(**both)
    assert refused(first) == [("E300003", "accounts[0].account_code", 1)]
    assert (await names(receiver))["sub_accounts"] == []
    told(await receiver.change(accounts=both["accounts"]))
    assert (await names(receiver))["accounts"] == ["仕入高"]


async def test_auxiliary_items_without_the_option_stop_the_whole_request(receiver: Receiver) -> None:
    await receiver.has(journal_free=False)

    answer = await receiver.change(accounts=[ACCOUNT], journal_auxs=[AUX])

    assert answer.status_code == (400 if receiver.generation == "v1" else 403)
    assert refused(answer) == [("E100004", "journal_auxs", None)]
    assert await names(receiver) == BEFORE
    assert await receiver.deeds("master_saved") == []


async def test_without_the_option_the_other_kinds_are_changed_as_ever(receiver: Receiver) -> None:
    await receiver.has(journal_free=False)

    body = told(await receiver.change(accounts=[ACCOUNT], journal_auxs=[]))

    assert body["accounts"]["created"] == 1
    assert "journal_auxs" not in body


async def test_the_form_of_a_request_is_checked_before_the_option(receiver: Receiver) -> None:
    await receiver.has(journal_free=False)

    assert refused(await receiver.change(accounts="700", journal_auxs=[AUX])) == [("E200003", "accounts", None)]


@pytest.mark.parametrize(
    ("arrays", "faults"),
    [
        ({}, [("E200001", None, None)]),
        ({"accounts": [], "burden_secs": None}, [("E200001", None, None)]),
        ({"accounts": {"account_code": "1"}}, [("E200003", "accounts", None)]),
        ({"accounts": [{"account_code": str(n)} for n in range(1001)]}, [("E200005", "accounts", None)]),
        ({"accounts": ["700"]}, [("E200003", "accounts[0]", 1)]),
        ({"accounts": [None]}, [("E200001", "accounts[0].account_code", 1)]),
        ({"accounts": [{}]}, [("E200001", "accounts[0].account_code", 1)]),
        ({"accounts": [{"account_code": "700", "account_name": ""}]}, [("E200001", "accounts[0].account_name", 1)]),
        ({"accounts": [{"account_code": "500", "account_name": None}]}, [("E200001", "accounts[0].account_name", 1)]),
        ({"accounts": [{**ACCOUNT, "account_name": "雑" * 61}]}, [("E200002", "accounts[0].account_name", 1)]),
        ({"accounts": [{**ACCOUNT, "sort_no": "first"}]}, [("E200003", "accounts[0].sort_no", 1)]),
        ({"accounts": [{**ACCOUNT, "use_flg": "2"}]}, [("E200003", "accounts[0].use_flg", 1)]),
        ({"accounts": [{**ACCOUNT, "delete_flg": "yes"}]}, [("E200003", "accounts[0].delete_flg", 1)]),
        ({"journal_auxs": [{**AUX, "item_no": 9}]}, [("E200003", "journal_auxs[0].item_no", 1)]),
        ({"journal_auxs": [{**AUX, "item_no": 0}]}, [("E200003", "journal_auxs[0].item_no", 1)]),
        (
            {"sub_accounts": [{"sub_account_name": "名"}]},
            [("E200001", "sub_accounts[0].account_code", 1), ("E200001", "sub_accounts[0].sub_account_code", 1)],
        ),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_every_rule_of_an_element_has_its_code_and_its_place(
    receiver: Receiver, arrays: dict[str, Any], faults: list[tuple[str, str | None, int | None]]
) -> None:
    answer = await receiver.change(**arrays)

    assert answer.status_code == 400
    assert refused(answer) == faults
    assert await names(receiver) == BEFORE


async def test_a_thousand_elements_of_a_kind_are_taken_at_once(receiver: Receiver) -> None:
    body = told(
        await receiver.change(
            burden_secs=[{"burden_sec_code": f"D{n}", "burden_sec_name": f"部門{n}"} for n in range(1000)]
        )
    )

    assert body["burden_secs"] == {"created": 1000, "updated": 0, "deleted": 0}


async def test_a_key_named_twice_is_taken_the_first_time_only(receiver: Receiver) -> None:
    answer = await receiver.change(accounts=[ACCOUNT, {**ACCOUNT, "account_name": "雑損失"}])

    assert refused(answer) == [("E200004", "accounts[1].account_code", 2)]
    assert (await names(receiver))["accounts"] == ["通信費", "雑費", "仕入高"]


async def test_masters_travel_as_xml_too(visitor: Visitor) -> None:
    token = (await visitor.tokens())["access_token"]
    headers = {"Accept": "text/xml", "Content-type": "text/xml", "Authorization": f"Bearer {token}"}
    asked = (
        "<request><response_type>xml</response_type>"
        "<accounts><account_code>700</account_code><account_name>雑費</account_name></accounts></request>"
    )

    answer: httpx2.Response = await visitor.http.post(
        "/v1/invoice/buyer/journal_masters", content=asked.encode(), headers=headers
    )

    assert answer.status_code == 200
    assert "<accounts><created>1</created><updated>0</updated><deleted>0</deleted></accounts>" in answer.text
