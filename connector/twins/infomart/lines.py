"""Lines are what an invoice charges for: goods, now and then a discount, a remark, or tax items left empty."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from connector.twins.infomart.suppliers import Supplier
from connector.twins.infomart.taxation import LINE_CODES, Money
from connector.twins.infomart.vocabulary import Good, Treatment

_MOST_GOODS = 8
_DISCOUNT_FROM = 20_000
_OFTEN = 0.2
_WEIGHED = {"kg", "L"}
_ONCE = {"月", "式"}
_TAX_ITEMS = ("tax_type", "tax_rate_sec", "reduced_tax_flg", "tax_calc_type", "input_tax_type", "sum_exempt_flg")


@dataclass(frozen=True, slots=True)
class Line:
    """One charge as its seller entered it; a remark has no quantity."""

    name: str
    unit: str | None
    quantity: Decimal | None
    price: int | None
    entered: int
    treatment: Treatment


def draw_lines(die: Random, supplier: Supplier) -> list[Line]:
    """The charges of one invoice; its goods come to more than nothing."""
    goods = supplier.trade.goods
    lines = [_charge(die, good) for good in die.sample(goods, die.randint(1, min(len(goods), _MOST_GOODS)))]
    first = lines[0]
    if first.entered >= _DISCOUNT_FROM and die.random() < _OFTEN:
        less = -(first.entered // 50)
        lines.append(Line("値引き", "式", Decimal(1), less, less, first.treatment))
    if die.random() < _OFTEN:
        lines.insert(0, Line("以下、納品書のとおり", None, None, None, 0, first.treatment))
    return lines


def _charge(die: Random, good: Good) -> Line:
    quantity = _quantity(die, good.unit)
    price = die.randint(good.cheapest, good.dearest)
    return Line(good.name, good.unit, quantity, price, int(quantity * price), good.treatment)


def _quantity(die: Random, unit: str) -> Decimal:
    if unit in _ONCE:
        return Decimal(1)
    return Decimal(die.randint(10, 999)) / 10 if unit in _WEIGHED else Decimal(die.randint(1, 24))


def write_details(
    die: Random, supplier: Supplier, lines: Sequence[Line], shares: Sequence[Money] | None, delivered: date
) -> list[dict[str, Any]]:
    """The `details` array (reference 4.7); without shares, the issuer left every tax item empty [IM-8]."""
    details = []
    for seq, line in enumerate(lines, start=1):
        money = shares[seq - 1] if shares is not None else None
        details.append(
            {
                "detail_seq": seq,
                "item_slip_date": (delivered - timedelta(days=die.randint(1, 28))).isoformat(),
                "item_slip_no": f"D{die.randint(0, 999_999):06}",
                "item_prod_code": None if line.quantity is None else f"{supplier.code}-{die.randint(1, 999):03}",
                "item_name": line.name,
                "item_qty": _number(line.quantity),
                "item_price": line.price,
                "item_unit": line.unit,
                **_amounts(line, money),
                **(_tax_items(line, supplier) if money is not None else dict.fromkeys(_TAX_ITEMS)),
                "item_sec_code": None,
                "item_sec_name": None,
                "detail_remarks": _remark(line, money),
                **{f"item_free_txt{place}": None for place in range(1, 11)},
                "item_free_txt_l": None,
            }
        )
    return details


def _number(quantity: Decimal | None) -> int | float | None:
    if quantity is None:
        return None
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _remark(line: Line, money: Money | None) -> str | None:
    """The mark that the law wants on reduced-rate goods (reference 7.2)."""
    marked = money is not None and line.quantity is not None and line.treatment is Treatment.REDUCED
    return "※軽減税率対象" if marked else None


def _amounts(line: Line, money: Money | None) -> dict[str, int | None]:
    if line.quantity is None:
        return dict.fromkeys(("item_without_tax", "item_tax", "item_amount"))
    if money is None:
        return {"item_without_tax": None, "item_tax": None, "item_amount": line.entered}
    return {"item_without_tax": money.without_tax, "item_tax": money.tax, "item_amount": money.amount}


def _tax_items(line: Line, supplier: Supplier) -> dict[str, Any]:
    if line.quantity is None:  # a remark is not a sale, so nobody says how it is taxed
        return dict.fromkeys(_TAX_ITEMS)
    tax_type, rate, reduced = LINE_CODES[line.treatment]
    return {
        "tax_type": tax_type,
        "tax_rate_sec": rate,
        "reduced_tax_flg": reduced,
        "tax_calc_type": "2" if supplier.prices_include_tax else "1",
        "input_tax_type": "0",
        "sum_exempt_flg": "0",
    }
