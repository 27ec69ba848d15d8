from typing import Any

import pytest

from tests.twins.infomart.receiving import Receiver, refused, told
from tests.twins.infomart.visitor import Visitor

BANK = {
    "transfer_code": "B1",
    "fncl_inst_code": "9801",
    "fncl_inst_name": "翠ヶ淵銀行",
    "branch_code": "101",
    "branch_name": "本店営業部",
    "deposit_sec": "1",
    "account_num": "12345",
    "depositor_kana": "ﾐﾅﾄｼｷﾞﾖｳ",
}
HARBOUR = {
    "private_cust_cd_s": "S9",
    "company_name": "港紙業株式会社",
    "zip": "999-0101",
    "address1": "東京都青凪区",
    "user_email": "k@minato.example.jp",
    "fax": "03-0000-0001",
}
MAIL, FAX, PAPER = {"invite_type": "1"}, {"invite_type": "2"}, {"invite_type": "9"}


@pytest.fixture(params=["v1", "v2"])
async def receiver(visitor: Visitor, request: pytest.FixtureRequest) -> Receiver:
    """One with an empty supplier list."""
    receiver = Receiver(visitor, request.param)
    await receiver.sim("suppliers", {"replace": []})
    return receiver


async def listed(receiver: Receiver) -> list[dict[str, Any]]:
    """The supplier list, without what holds nothing."""
    kept = (await receiver.seen("suppliers"))["suppliers"]
    return [{name: fact for name, fact in each.items() if fact not in (None, [])} for each in kept]


async def invitations(receiver: Receiver) -> list[tuple[str, str]]:
    return [(each["code"], each["by"]) for each in await receiver.deeds("supplier_invited")]


async def test_an_unknown_supplier_is_registered_and_a_known_one_updated(receiver: Receiver) -> None:
    first = told(await receiver.save(HARBOUR))
    again = told(await receiver.save({"private_cust_cd_s": "S9", "section": "経理部", "fax": None}))

    done = {"index": 1, "private_cust_cd_s": "S9", "invite_status": "0"}
    assert first["suppliers"] == [{**done, "action": "created"}]
    assert again["suppliers"] == [{**done, "action": "updated"}]
    kept = {name: fact for name, fact in HARBOUR.items() if name != "fax"}
    assert await listed(receiver) == [{**kept, "section": "経理部", "invite_status": "0"}]
    assert [(each["action"], each["changed"]) for each in await receiver.deeds("supplier_saved")] == [
        ("created", ["company_name", "zip", "address1", "fax", "user_email"]),
        ("updated", ["section", "fax"]),
    ]
    assert await invitations(receiver) == []


async def test_an_update_without_an_invitation_may_be_said_again(receiver: Receiver) -> None:
    told(await receiver.save({**HARBOUR, "banks": [BANK]}))
    before = await listed(receiver)

    told(await receiver.save({**HARBOUR, "invite_type": "0", "banks": [BANK]}))

    assert await listed(receiver) == before
    assert (await receiver.deeds("supplier_saved"))[-1]["changed"] == []
    assert await invitations(receiver) == []


@pytest.mark.parametrize(("way", "by"), [(MAIL, "email"), (FAX, "fax"), (PAPER, "paper")])
async def test_a_supplier_is_registered_and_invited_at_once(receiver: Receiver, way: dict[str, str], by: str) -> None:
    body = told(await receiver.save({**HARBOUR, **way}))

    assert body["suppliers"][0]["invite_status"] == "1"
    assert await invitations(receiver) == [("S9", by)]


async def test_every_invitation_that_is_said_again_goes_out_again(receiver: Receiver) -> None:
    for _ in range(3):
        told(await receiver.save({**HARBOUR, **PAPER}))

    assert await invitations(receiver) == [("S9", "paper")] * 3
    assert (await listed(receiver))[0]["invite_status"] == "1"


async def test_a_known_supplier_is_invited_by_its_code_alone(receiver: Receiver) -> None:
    told(await receiver.save(HARBOUR))

    told(await receiver.save({"private_cust_cd_s": "S9", **MAIL}))

    assert await invitations(receiver) == [("S9", "email")]


@pytest.mark.parametrize(("way", "lacking"), [(MAIL, "user_email"), (FAX, "fax")])
async def test_an_invitation_that_cannot_be_made_is_refused_but_the_supplier_is_saved(
    receiver: Receiver, way: dict[str, str], lacking: str
) -> None:
    bare = {name: fact for name, fact in HARBOUR.items() if name != lacking}

    answer = await receiver.save({**bare, **way})

    assert answer.status_code == 400
    assert refused(answer) == [("E300005", f"suppliers[0].{lacking}", 1)]
    assert "suppliers" not in answer.json()
    assert await listed(receiver) == [{**bare, "invite_status": "0"}]
    assert await invitations(receiver) == []


async def test_who_works_on_the_platform_already_is_not_invited(receiver: Receiver) -> None:
    told(await receiver.save({**HARBOUR, **MAIL}))
    await receiver.sim("suppliers", {"connect": ["S9"]})

    answer = await receiver.save({"private_cust_cd_s": "S9", **MAIL})
    updated = told(await receiver.save({"private_cust_cd_s": "S9", "section": "総務部"}))

    assert refused(answer) == [("E300005", "suppliers[0].invite_type", 1)]
    assert updated["suppliers"][0]["invite_status"] == "2"
    assert len(await invitations(receiver)) == 1


async def test_the_good_half_is_saved_and_invited_and_the_bad_half_is_named(receiver: Receiver) -> None:
    answer = await receiver.save(
        {"private_cust_cd_s": "S1"},
        {**HARBOUR, **PAPER},
        {**HARBOUR, "private_cust_cd_s": "S2", "zip": "1000001", "biz_type": "9"},
        {**HARBOUR, "private_cust_cd_s": "S3"},
    )

    assert answer.status_code == 400
    assert refused(answer) == [
        ("E200001", "suppliers[0].company_name", 1),
        ("E200001", "suppliers[0].zip", 1),
        ("E200001", "suppliers[0].address1", 1),
        ("E200003", "suppliers[2].zip", 3),
        ("E200003", "suppliers[2].biz_type", 3),
    ]
    assert [each["private_cust_cd_s"] for each in await listed(receiver)] == ["S9", "S3"]
    assert await invitations(receiver) == [("S9", "paper")]


async def test_the_good_half_is_told_if_the_knob_says_so(receiver: Receiver) -> None:
    await receiver.visitor.sim("knobs", {"echo_success_on_400": True})

    answer = await receiver.save({"private_cust_cd_s": "S1"}, HARBOUR)

    assert answer.status_code == 400
    assert answer.json()["suppliers"] == [
        {"index": 2, "private_cust_cd_s": "S9", "action": "created", "invite_status": "0"}
    ]


async def test_a_code_named_twice_is_taken_the_first_time_only(receiver: Receiver) -> None:
    answer = await receiver.save(HARBOUR, {**HARBOUR, "company_name": "港製紙", **PAPER})

    assert refused(answer) == [("E200004", "suppliers[1].private_cust_cd_s", 2)]
    assert [each["company_name"] for each in await listed(receiver)] == ["港紙業株式会社"]
    assert await invitations(receiver) == []


async def test_accounts_that_are_sent_stand_in_place_of_the_earlier_ones(receiver: Receiver) -> None:
    told(await receiver.save({**HARBOUR, "banks": [BANK, {**BANK, "transfer_code": "B2"}]}))
    told(await receiver.save({"private_cust_cd_s": "S9", "section": "経理部"}))
    kept = (await listed(receiver))[0]["banks"]
    told(await receiver.save({"private_cust_cd_s": "S9", "banks": [{**BANK, "transfer_code": "B3"}]}))

    assert [each["transfer_code"] for each in kept] == ["B1", "B2"]
    assert kept[0]["account_num"] == "0012345"  # filled with noughts on the left
    assert [each["transfer_code"] for each in (await listed(receiver))[0]["banks"]] == ["B3"]


@pytest.mark.parametrize(
    ("element", "faults"),
    [
        ({"private_cust_cd_s": ""}, [("E200001", "private_cust_cd_s")]),
        ({"private_cust_cd_s": "S" * 16}, [("E200002", "private_cust_cd_s")]),
        ({"company_name": "港" * 101}, [("E200002", "company_name")]),
        ({"section": "経" * 31}, [("E200002", "section")]),
        ({"zip": "9990101"}, [("E200003", "zip")]),
        ({"user_email": "nobody"}, [("E200003", "user_email")]),
        ({"tax_corp_id": "123"}, [("E200003", "tax_corp_id")]),
        ({"biz_regist_no": "8700110005901"}, [("E200003", "biz_regist_no")]),
        ({"invite_type": "3"}, [("E200003", "invite_type")]),
        ({"banks": [BANK] * 11}, [("E200005", "banks")]),
        ({"banks": [{**BANK, "branch_code": "10"}]}, [("E200003", "banks[0].branch_code")]),
        (
            {"banks": [{"transfer_code": "B1", "fncl_inst_code": "9801", "depositor_name": "港"}]},
            [
                ("E200001", f"banks[0].{name}")
                for name in (
                    "fncl_inst_name",
                    "branch_code",
                    "branch_name",
                    "deposit_sec",
                    "account_num",
                    "depositor_kana",
                )
            ],
        ),
    ],
    ids=lambda value: str(value)[:50],
)
async def test_every_rule_of_an_element_has_its_code_and_its_place(
    receiver: Receiver, element: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    answer = await receiver.save({**HARBOUR, **element})

    assert answer.status_code == 400
    assert refused(answer) == [(code, f"suppliers[0].{name}", 1) for code, name in faults]
    assert await listed(receiver) == []


@pytest.mark.parametrize(
    ("suppliers", "fault"),
    [
        (None, ("E200001", "suppliers", None)),
        ([], ("E200001", "suppliers", None)),
        ({}, ("E200003", "suppliers", None)),
        ([HARBOUR] * 101, ("E200005", "suppliers", None)),
        (["S9"], ("E200003", "suppliers[0]", 1)),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_one_to_a_hundred_suppliers_are_a_request(receiver: Receiver, suppliers: Any, fault: Any) -> None:
    answer = await receiver.ask("suppliers", suppliers=suppliers)

    assert answer.status_code == 400
    assert refused(answer) == [fault]
    assert await listed(receiver) == []


async def test_a_hundred_suppliers_are_saved_at_once(receiver: Receiver) -> None:
    body = told(await receiver.save(*({**HARBOUR, "private_cust_cd_s": f"S{n}"} for n in range(100))))

    assert [each["index"] for each in body["suppliers"]] == list(range(1, 101))


async def test_a_supplier_cannot_be_deleted(receiver: Receiver) -> None:
    told(await receiver.save(HARBOUR))

    told(await receiver.save({**HARBOUR, "delete_flg": "1"}))  # unknown here, so ignored

    assert len(await listed(receiver)) == 1


async def test_what_is_stripped_from_a_name_is_gone_without_a_word(receiver: Receiver) -> None:
    told(await receiver.save({**HARBOUR, "company_name": "港紙業(株)"}))

    assert (await listed(receiver))[0]["company_name"] == "港紙業株"


@pytest.mark.parametrize(("flag", "code"), [("buyer_paid", "E100002"), ("api_option", "E100003")])
async def test_saving_takes_the_receivers_membership_and_the_api_option(
    receiver: Receiver, flag: str, code: str
) -> None:
    await receiver.has(**{flag: False})

    answer = await receiver.save({**HARBOUR, **PAPER})

    assert answer.status_code == (400 if receiver.generation == "v1" else 403)
    assert refused(answer) == [(code, None, None)]
    assert await listed(receiver) == []
    assert await invitations(receiver) == []


async def test_a_new_member_lists_everybody_who_issues_invoices_here(visitor: Visitor) -> None:
    receiver = Receiver(visitor)
    senders = {each["private_cust_cd_s"] for each in await receiver.invoices()}

    codes = {each["private_cust_cd_s"]: each["invite_status"] for each in await listed(receiver)}

    assert senders <= set(codes)
    assert set(codes.values()) == {"2"}
