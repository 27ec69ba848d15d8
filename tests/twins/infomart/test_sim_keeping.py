from typing import Any

import pytest

from tests.twins.infomart.receiving import Receiver
from tests.twins.infomart.visitor import Visitor

ONE = {"accounts": [{"account_code": "1", "account_name": "一"}]}
SHOP = {"private_cust_cd_s": "S1", "company_name": "店", "zip": "999-0101", "address1": "青凪区"}


@pytest.fixture
def receiver(visitor: Visitor) -> Receiver:
    return Receiver(visitor)


async def test_masters_are_seeded_and_shown_whole_whatever_the_contract(receiver: Receiver) -> None:
    await receiver.has(buyer_paid=False, api_option=False, journal_free=False)

    told = await receiver.sim("journal_masters", {"replace": ONE, "invent": {"sub_accounts": 3, "journal_auxs": 2}})

    assert told == await receiver.seen("journal_masters")
    assert [len(told[kind]) for kind in told] == [1, 3, 0, 2]
    assert {each["account_code"] for each in told["sub_accounts"]} == {"1"}
    assert await receiver.deeds("masters_seeded") == [
        {
            "event": "masters_seeded",
            "pfid": receiver.pfid,
            "accounts": 1,
            "sub_accounts": 3,
            "burden_secs": 0,
            "journal_auxs": 2,
        }
    ]


async def test_a_receiver_whose_masters_were_replaced_books_no_invoice_to_the_old_ones(receiver: Receiver) -> None:
    assert any(detail["journals"] for each in await receiver.invoices() for detail in each["details"])

    await receiver.sim("journal_masters", {"replace": ONE})

    assert not any(detail["journals"] for each in await receiver.invoices() for detail in each["details"])


@pytest.mark.parametrize(
    "body",
    [
        {"replace": {"accounts": [{"account_code": "1"}]}},
        {"replace": {"accounts": [{"account_code": "1" * 16, "account_name": "一"}]}},
        {"replace": {"sub_accounts": [{"account_code": "1", "sub_account_code": "1", "sub_account_name": "一"}]}},
        {"replace": {"ledgers": []}},
        {"replace": []},
        {"invent": {"accounts": -1}},
        {"invent": {"accounts": 20_001}},
        {"invent": {"ledgers": 1}},
        {"invent": {"accounts": "many"}},
        {"save": {}},
    ],
    ids=str,
)
async def test_masters_seeded_wrongly_are_left_as_they_were(receiver: Receiver, body: dict[str, Any]) -> None:
    before = await receiver.seen("journal_masters")
    path = f"/_sim/members/{receiver.pfid}/journal_masters"

    assert (await receiver.visitor.http.post(path, json=body)).status_code == 400
    assert await receiver.seen("journal_masters") == before


async def test_suppliers_are_seeded_and_joined_to_the_platform(receiver: Receiver) -> None:
    other = {**SHOP, "private_cust_cd_s": "S2", "invite_status": "1"}

    told = await receiver.sim("suppliers", {"replace": [SHOP, other]})
    joined = await receiver.sim("suppliers", {"connect": ["S1"]})

    assert [(each["private_cust_cd_s"], each["invite_status"]) for each in told["suppliers"]] == [
        ("S1", "0"),
        ("S2", "1"),
    ]
    assert [each["invite_status"] for each in joined["suppliers"]] == ["2", "1"]
    assert joined == await receiver.seen("suppliers")


@pytest.mark.parametrize(
    "body",
    [
        {"replace": [{"private_cust_cd_s": "S1"}]},
        {"replace": [{**SHOP, "zip": "1"}]},
        {"replace": [{**SHOP, "invite_status": "7"}]},
        {"replace": SHOP},
        {"connect": ["nobody"]},
        {"connect": "S1"},
        {"delete": ["S1"]},
    ],
    ids=str,
)
async def test_suppliers_seeded_wrongly_are_left_as_they_were(receiver: Receiver, body: dict[str, Any]) -> None:
    before = await receiver.seen("suppliers")
    path = f"/_sim/members/{receiver.pfid}/suppliers"

    assert (await receiver.visitor.http.post(path, json=body)).status_code == 400
    assert await receiver.seen("suppliers") == before


async def test_nobody_keeps_anything_for_a_stranger(visitor: Visitor) -> None:
    for path in ("journal_masters", "suppliers", "drift", "invoices"):
        assert (await visitor.http.get(f"/_sim/members/nobody@example.jp/{path}")).status_code == 404
