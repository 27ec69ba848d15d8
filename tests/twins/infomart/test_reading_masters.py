import pytest

from tests.twins.infomart.receiving import Receiver, refused, told
from tests.twins.infomart.visitor import Visitor

ENVELOPE = ["request_id", "result", "error_list"]
KINDS = ["accounts", "sub_accounts", "burden_secs", "journal_auxs"]


@pytest.fixture(params=["v1", "v2"])
def receiver(visitor: Visitor, request: pytest.FixtureRequest) -> Receiver:
    return Receiver(visitor, request.param)


async def test_masters_come_kind_by_kind_in_the_order_of_the_flow(receiver: Receiver) -> None:
    await receiver.has(journal_free=True)

    body = await receiver.masters()

    assert list(body) == [*ENVELOPE, "journal_free_option", *KINDS]
    assert body["journal_free_option"] == "1"
    assert [len(body[kind]) for kind in KINDS] == [8, 6, 4, 23]
    assert body["accounts"][0] == {"account_code": "211", "account_name": "買掛金", "sort_no": 10, "use_flg": "1"}
    assert body["sub_accounts"][0] == {
        "account_code": "511",
        "sub_account_code": "01",
        "sub_account_name": "食材",
        "sort_no": 10,
        "use_flg": "1",
    }
    assert body["burden_secs"][0]["burden_sec_name"] == "本社"
    assert body["journal_auxs"][0] == {
        "item_no": 1,
        "aux_code": "P01",
        "aux_name": "新店準備",
        "sort_no": 10,
        "use_flg": "1",
    }


async def test_without_the_option_auxiliary_items_are_not_even_an_empty_list(receiver: Receiver) -> None:
    everything = await receiver.masters()
    named = await receiver.masters(target=["account", "journal_aux"])

    assert list(everything) == [*ENVELOPE, "journal_free_option", *KINDS[:3]]
    assert everything["journal_free_option"] == "0"
    assert list(named) == [*ENVELOPE, "journal_free_option", "accounts"]


async def test_only_the_kinds_that_are_named_are_told(receiver: Receiver) -> None:
    await receiver.has(journal_free=True)

    one = await receiver.masters(target="burden_sec")
    two = await receiver.masters(target=["sub_account", "account"])

    assert list(one)[4:] == ["burden_secs"]
    assert list(two)[4:] == ["accounts", "sub_accounts"]


async def test_an_unknown_kind_is_refused(receiver: Receiver) -> None:
    answer = await receiver.ask("masters", target=["account", "accounts"])

    assert answer.status_code == 400
    assert refused(answer) == [("E200003", "target[1]", None)]


async def test_everything_comes_at_once_unless_a_page_is_asked_for(receiver: Receiver) -> None:
    await receiver.sim("journal_masters", {"invent": {"accounts": 230, "burden_secs": 120}, "seed": 3})
    page = "page_no" if receiver.generation == "v1" else "start_position"

    whole = await receiver.masters()
    second = await receiver.masters(**{page: 2 if receiver.generation == "v1" else 101})

    assert [len(whole[kind]) for kind in KINDS[:3]] == [238, 6, 124]
    assert [second[kind] for kind in KINDS[:3]] == [whole["accounts"][100:200], [], whole["burden_secs"][100:]]


async def test_a_page_that_is_no_number_is_refused(receiver: Receiver) -> None:
    page = "page_no" if receiver.generation == "v1" else "get_count"

    assert refused(await receiver.ask("masters", **{page: "first"})) == [("E200003", page, None)]


@pytest.mark.parametrize(("flag", "code"), [("buyer_paid", "E100002"), ("api_option", "E100003")])
async def test_reading_masters_takes_the_receivers_membership_and_the_api_option(
    receiver: Receiver, flag: str, code: str
) -> None:
    await receiver.has(**{flag: False})

    answer = await receiver.ask("masters")

    assert answer.status_code == (400 if receiver.generation == "v1" else 403)
    assert refused(answer) == [(code, None, None)]


async def test_a_member_reads_its_own_masters_only(receiver: Receiver) -> None:
    await receiver.visitor.sim("members", {"pfid": "b@example.jp", "password": "canary-password"})
    other = Receiver(receiver.visitor, receiver.generation, "b@example.jp")

    told(await receiver.change(burden_secs=[{"burden_sec_code": "9000", "burden_sec_name": "新店"}]))

    assert "9000" in {each["burden_sec_code"] for each in (await receiver.masters())["burden_secs"]}
    assert "9000" not in {each["burden_sec_code"] for each in (await other.masters())["burden_secs"]}
