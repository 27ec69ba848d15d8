"""Journals are the buyer's own bookkeeping of a line, entered on screen while the invoice is approved."""

from datetime import date
from random import Random
from typing import Any

from connector.twins.infomart.suppliers import Supplier
from connector.twins.infomart.vocabulary import BURDEN_SECTIONS, PROJECTS

_PAYABLE = ("215", "未払金")
_PURCHASES_PAYABLE = ("211", "買掛金")
_PURCHASES = "511"
_UNTOUCHED = {50}
_BOOKED = {60, 69, 70, 71}  # nobody approves an unbooked invoice for accounting
_SPLIT_ABOVE = 50_000
_OFTEN = 0.4


def write_journals(
    die: Random, supplier: Supplier, detail: dict[str, Any], *, slip_date: date, wf_status: int, with_free_items: bool
) -> list[dict[str, Any]]:
    """The `journals` of one line (reference 4.8); their amounts add up to the line's."""
    amount = detail["item_amount"]
    # The dice fall before anything is decided, so that a changed code changes nothing else.
    booked_early, split = die.random() < _OFTEN, die.random() < _OFTEN
    sections = die.sample(BURDEN_SECTIONS, 2)
    project = die.choice(PROJECTS)
    if amount is None or wf_status in _UNTOUCHED or not (wf_status in _BOOKED or booked_early):
        return []
    half = amount // 2
    parts = (half, amount - half) if split and amount > _SPLIT_ABOVE else (amount,)
    return [
        {
            "acc_slip_date": slip_date.isoformat(),
            "debit": _side(sections[place], supplier.trade.account, supplier.trade.sub_account),
            "credit": _side(("", ""), _payable(supplier), ("", "")),
            "journal_amount": part,
            "detail_summary": f"{supplier.name} {detail['item_name']}",
            "journal_free": _free_items(project, supplier) if with_free_items else [],
        }
        for place, part in enumerate(parts)
    ]


def _side(section: tuple[str, str], account: tuple[str, str], sub_account: tuple[str, str]) -> dict[str, str]:
    return {
        "burden_sec_code": section[0],
        "burden_sec_name": section[1],
        "account_code": account[0],
        "account_name": account[1],
        "sub_account_code": sub_account[0],
        "sub_account_name": sub_account[1],
    }


def _payable(supplier: Supplier) -> tuple[str, str]:
    return _PURCHASES_PAYABLE if supplier.trade.account[0] == _PURCHASES else _PAYABLE


def _free_items(project: tuple[str, str], supplier: Supplier) -> list[dict[str, Any]]:
    """Items 1 to 8 come from a master and 9 to 12 are free text; only with the journal-free option."""
    return [
        {"item_no": 1, "aux_code": project[0], "aux_name": project[1]},
        {"item_no": 2, "aux_code": f"T{supplier.index:03}", "aux_name": supplier.trade.name},
        {"item_no": 9, "text": f"{supplier.trade.name}費"},
    ]
