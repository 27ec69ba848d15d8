"""Consumption tax is rounded once per rate per invoice and then shared among the lines, so that every sum agrees."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from connector.twins.infomart.vocabulary import Treatment

# Every bucket of the per-rate block, in the provider's order [IM-68]; the reduced rate is one [IM-104].
BUCKETS = ("tr10", "tr8_reduced", "tr8", "tr5", "tr0", "free", "exemption", "non")

RATES = {Treatment.STANDARD: 10, Treatment.REDUCED: 8}

# tax_type, tax_rate_sec and reduced_tax_flg of a line (reference 4.1 and 9).
LINE_CODES: dict[Treatment, tuple[str, int | None, str]] = {
    Treatment.STANDARD: ("0", 10, "0"),
    Treatment.REDUCED: ("0", 8, "1"),
    Treatment.FREE: ("1", None, "0"),
    Treatment.EXEMPT: ("2", None, "0"),
    Treatment.OUT_OF_SCOPE: ("3", None, "0"),
}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount before tax, its tax, and both together."""

    without_tax: int
    tax: int

    @property
    def amount(self) -> int:
        """What is to be paid."""
        return self.without_tax + self.tax

    def __add__(self, other: "Money") -> "Money":
        return Money(self.without_tax + other.without_tax, self.tax + other.tax)


NOTHING = Money(0, 0)


def divide(numerator: int, denominator: int, rounding: str) -> int:
    """A quotient of whole yen; the direction applies to the absolute value (reference 7.3)."""
    sign = -1 if numerator < 0 else 1
    added = {"down": 0, "up": denominator - 1, "half_up": denominator // 2}[rounding]
    return sign * ((abs(numerator) + added) // denominator)


def tax_of(total: int, rate: int, *, included: bool, rounding: str) -> int:
    """The tax on a total, or inside it."""
    return divide(total * rate, 100 + rate if included else 100, rounding)


def share(
    entered: Sequence[tuple[Treatment, int]], *, included: bool, rounding: str
) -> tuple[list[Money], dict[Treatment, Money]]:
    """The money of each line and of each bucket, given the amounts as their seller entered them."""
    lines = [NOTHING] * len(entered)
    buckets: dict[Treatment, Money] = {}
    for treatment in dict.fromkeys(treatment for treatment, _ in entered):
        places = [place for place, (each, _) in enumerate(entered) if each is treatment]
        running = list(accumulate(entered[place][1] for place in places))
        total = running[-1]
        tax = tax_of(total, RATES.get(treatment, 0), included=included, rounding=rounding)
        given = 0
        for place, so_far in zip(places, running, strict=True):
            part = (tax * so_far // total if total else 0) - given
            given += part
            figure = entered[place][1]
            lines[place] = Money(figure - part if included else figure, part)
        buckets[treatment] = Money(total - tax if included else total, tax)
    return lines, buckets
