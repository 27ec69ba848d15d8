"""Amounts that contradict each other are refused; amounts that are not stated are not judged."""

from typing import Any

import pytest

from connector.twins.infomart.amounts import check_amounts
from connector.twins.infomart.rules import Findings
from tests.twins.infomart.issuing import System, faults, invoice

WHOLE = {"inv_without_tax": 1500, "inv_tax": 140, "inv_amount": 1640}
STANDARD = {"inv_without_tax_tr10": 1000, "inv_tax_tr10": 100, "inv_amount_tr10": 1100}
REDUCED = {"inv_without_tax_tr8_reduced": 500, "inv_tax_tr8_reduced": 40, "inv_amount_tr8_reduced": 540}
SOUND = WHOLE | STANDARD | REDUCED


def wrong(header: dict[str, Any], invoice_type: str = "3", *details: dict[str, Any]) -> list[str]:
    findings = Findings()
    check_amounts(header, details, invoice_type, "", findings)
    assert {each.error_code for each in findings.refusals} <= {"E200004"}
    return [each.error_item or "" for each in findings.refusals]


@pytest.mark.parametrize("invoice_type", ["0", "1", "2", "3", "4"])
def test_sound_amounts_and_silence_are_sound_in_every_type(invoice_type: str) -> None:
    assert wrong(SOUND, invoice_type) == []
    assert wrong({}, invoice_type) == []
    assert wrong({"inv_amount": 1640, "inv_tax_tr10": 100}, "0") == []


@pytest.mark.parametrize("invoice_type", ["0", "1", "2", "3", "4"])
def test_totals_must_add_up_in_every_type(invoice_type: str) -> None:
    assert "inv_amount" in wrong({**WHOLE, "inv_amount": 1641}, invoice_type)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"inv_amount_tr10": 1101}, ["inv_amount_tr10", "inv_amount"]),
        ({"inv_tax_tr10": 90, "inv_amount_tr10": 1090}, ["inv_tax_tr10", "inv_tax", "inv_amount"]),
        ({"inv_without_tax": 1400, "inv_amount": 1540}, ["inv_without_tax", "inv_amount"]),
        ({"inv_tax_free": 1, "inv_tax": 141, "inv_amount": 1641}, ["inv_tax_free", "inv_amount"]),
    ],
    ids=str,
)
def test_a_qualified_invoice_is_judged_rate_by_rate(changes: dict[str, int], named: list[str]) -> None:
    assert wrong(SOUND | changes) == named


def test_other_types_are_judged_by_their_totals_only() -> None:
    assert wrong(WHOLE | {"inv_without_tax_tr10": 1, "inv_tax_tr10": 9, "inv_amount_tr10": 7}, "1") == []


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("tax", "fair"), [(99, False), (100, True), (101, True), (102, False)])
def test_tax_may_be_rounded_in_any_direction_but_once(tax: int, fair: bool, sign: int) -> None:
    header = {"inv_without_tax_tr10": sign * 1005, "inv_tax_tr10": sign * tax}

    assert (wrong(header) == []) is fair


@pytest.mark.parametrize(("tax", "fair"), [(73, False), (74, True), (75, True), (76, False)])
def test_tax_may_be_taken_out_of_the_amount_with_it(tax: int, fair: bool) -> None:
    header = {"inv_tax_tr8_reduced": tax, "inv_amount_tr8_reduced": 1010}  # 74.8…

    assert (wrong(header) == []) is fair


def test_where_tax_is_entered_by_line_a_rates_tax_is_the_sum_of_its_lines() -> None:
    lines: list[dict[str, Any]] = [
        {"tax_type": "0", "tax_rate_sec": 10, "reduced_tax_flg": "0", "item_tax": 33},
        {"tax_type": "0", "tax_rate_sec": 10, "item_tax": 34},
        {"tax_type": "0", "tax_rate_sec": 8, "reduced_tax_flg": "1", "item_tax": 8},
        {"tax_type": None, "tax_rate_sec": None, "item_tax": None},
    ]

    assert wrong({"inv_tax_tr10": 67, "inv_tax_tr8_reduced": 8}, "4", *lines) == []
    assert wrong({"inv_tax_tr10": 68, "inv_tax_tr8_reduced": 8}, "4", *lines) == ["inv_tax_tr10"]
    assert wrong({"inv_tax_tr10": 68}, "3", *lines) == []


async def test_contradicting_amounts_are_refused_and_no_master_is_written(system: System) -> None:
    answer = await system.register(invoice(**(SOUND | {"inv_tax_tr10": 102, "inv_amount_tr10": 1102})))

    assert ("E200004", "invoices[0].inv_tax_tr10", 1) in faults(answer)
    assert await system.events("master_saved", "invoice_registered") == []


async def test_the_layouts_type_decides_where_the_invoice_names_none(system: System) -> None:
    layout = {"invoice_setting_code": "FREE", "name": "自由書式", "invoice_type": "2"}
    await system.screen("masters", {"layouts": [layout]})
    odd = {"inv_without_tax_tr10": 1000, "inv_tax_tr10": 1}

    usual = await system.register(invoice(**odd))
    free = await system.register(invoice(**odd, invoice_setting_code="FREE"))

    assert faults(usual) == [("E200004", "invoices[0].inv_tax_tr10", 1)]
    assert free.status_code == 200
