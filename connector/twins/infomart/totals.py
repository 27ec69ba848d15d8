"""Totals are the amounts of a whole invoice, and of each rate in it (reference 4.5, 4.6)."""

from typing import Any

from connector.twins.infomart.lines import Line
from connector.twins.infomart.taxation import BUCKETS, NOTHING, Money
from connector.twins.infomart.vocabulary import Treatment


def totals(lines: list[Line], shares: list[Money] | None, buckets: dict[Treatment, Money]) -> dict[str, Any]:
    """Header totals and the per-rate block, which add up; without tax items, only what is to be paid."""
    carried = {"prev_inv_amount": 0, "payment": 0, "adjustment": 0, "carryover_new": 0}
    if shares is None:
        to_pay = sum(line.entered for line in lines)
        empty = dict.fromkeys(f"inv_{part}_{name}" for name in BUCKETS for part in ("without_tax", "tax", "amount"))
        return {
            **carried,
            "inv_without_tax": None,
            "inv_tax": None,
            "inv_amount": to_pay,
            "inv_show_amount": to_pay,
            **empty,
        }
    total = sum(buckets.values(), start=NOTHING)
    rates: dict[str, int] = {}
    for name in BUCKETS:
        money = next((each for treatment, each in buckets.items() if treatment.value == name), NOTHING)
        rates |= {
            f"inv_without_tax_{name}": money.without_tax,
            f"inv_tax_{name}": money.tax,
            f"inv_amount_{name}": money.amount,
        }
    return {
        **carried,
        "inv_without_tax": total.without_tax,
        "inv_tax": total.tax,
        "inv_amount": total.amount,
        "inv_show_amount": total.amount,
        **rates,
    }
