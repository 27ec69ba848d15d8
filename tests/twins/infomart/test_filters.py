from typing import Any

import pytest

from tests.twins.infomart.receiving import Receiver, refused
from tests.twins.infomart.visitor import WINDOW, Visitor


@pytest.fixture(params=["v1", "v2"])
async def receiver(visitor: Visitor, request: pytest.FixtureRequest) -> Receiver:
    receiver = Receiver(visitor, request.param)
    await visitor.sim("members", {"pfid": receiver.pfid, "invoices": 90})
    return receiver


def sections(invoice: dict[str, Any], field: str) -> set[str]:
    return {
        journal[side][field]
        for detail in invoice["details"]
        for journal in detail["journals"]
        for side in ("debit", "credit")
    }


def journalised(invoice: dict[str, Any]) -> bool:
    return all(detail["journals"] for detail in invoice["details"] if detail["item_amount"] is not None)


async def test_every_filter_keeps_exactly_the_invoices_that_it_names(receiver: Receiver) -> None:
    everything = await receiver.invoices()
    expected = {
        ("private_cust_cd_s", "S00005"): [each for each in everything if each["private_cust_cd_s"] == "S00005"],
        ("company_name_s", "有限会社"): [each for each in everything if "有限会社" in each["company_name_s"]],
        ("burden_sec_code", "2100"): [each for each in everything if "2100" in sections(each, "burden_sec_code")],
        ("burden_sec_name", "店舗"): [
            each for each in everything if any("店舗" in name for name in sections(each, "burden_sec_name"))
        ],
        ("acc_depart_name", "経理"): everything,
        ("acc_depart_name", "支社"): [],
        ("journal_flg", "1"): [each for each in everything if journalised(each)],
        ("journal_flg", "0"): everything,
    }

    for (name, wish), kept in expected.items():
        assert await receiver.invoices(**{name: wish}) == kept, name
    narrow = [kept for kept in expected.values() if kept]
    assert min(map(len, narrow)) > 0
    assert len([kept for kept in narrow if len(kept) < len(everything)]) == 5


async def test_a_code_must_be_equal_and_a_name_contained(receiver: Receiver) -> None:
    assert await receiver.invoices(private_cust_cd_s="S0000") == []
    assert await receiver.invoices(burden_sec_code="21") == []


async def test_filters_are_and_and_empty_ones_are_none(receiver: Receiver) -> None:
    everything = await receiver.invoices()
    both = await receiver.invoices(burden_sec_code="2100", journal_flg="1")

    assert both == [each for each in everything if "2100" in sections(each, "burden_sec_code") and journalised(each)]
    assert 0 < len(both) < len(everything)
    assert await receiver.invoices(company_name_s="", journal_flg="") == everything


async def test_pages_are_cut_after_filtering(receiver: Receiver) -> None:
    kept = await receiver.invoices(journal_flg="1")
    await receiver.visitor.sim("knobs", {"page_size": 10})
    part = {"page_no": 2} if receiver.generation == "v1" else {"start_position": 11, "get_count": 10}

    body = (await receiver.ask("invoices", **{**WINDOW, "journal_flg": "1", **part})).json()

    assert body["total_count"] == len(kept)
    assert body["invoices" if receiver.generation == "v1" else "invdata"] == kept[10:20]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"journal_flg": "2"}, "E200003"),
        ({"private_cust_cd_s": "S" * 16}, "E200002"),
        ({"burden_sec_name": "部" * 61}, "E200002"),
    ],
    ids=str,
)
async def test_a_filter_that_breaks_its_rule_is_refused(receiver: Receiver, wish: dict[str, str], code: str) -> None:
    answer = await receiver.ask("invoices", **{**WINDOW, **wish})

    assert refused(answer) == [(code, next(iter(wish)), None)]


async def test_there_is_no_filter_by_stage(receiver: Receiver) -> None:
    assert await receiver.invoices(wf_status="71") == await receiver.invoices()
