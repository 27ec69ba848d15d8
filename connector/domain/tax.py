"""Japanese consumption tax as invoices state it: rates, buckets, roundings, and nothing that was not said."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from connector.domain.finding import Code, Finding, found


class Bucket(StrEnum):
    """The rate under which amounts of an invoice are added up."""

    STANDARD_10 = "standard_10"
    REDUCED_8 = "reduced_8"
    OLD_8 = "old_8"
    OLD_5 = "old_5"
    ZERO = "zero"
    NON_TAXABLE = "non_taxable"  # 非課税
    EXEMPT = "exempt"  # 免税
    OUT_OF_SCOPE = "out_of_scope"  # 不課税


class Rounding(StrEnum):
    """What the issuer does with a fraction of a yen; it is the issuer's choice [LAW-4]."""

    DOWN = "down"  # 切捨て
    HALF_UP = "half_up"  # 四捨五入
    UP = "up"  # 切上げ


class Entry(StrEnum):
    """What the issuer entered, and so what the tax is reckoned from."""

    EXCLUSIVE = "exclusive"  # amounts before tax (税抜)
    INCLUSIVE = "inclusive"  # amounts with their tax (税込)
    MANUAL = "manual"  # the tax itself (手入力)


@dataclass(frozen=True, slots=True)
class TaxSummary:
    """The amounts of one invoice under one rate, in yen; None where the issuer left the figure empty."""

    bucket: Bucket
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


RATES: Mapping[Bucket, int] = {  # per cent; a bucket that is not here carries no tax [LAW-6]
    Bucket.STANDARD_10: 10,
    Bucket.REDUCED_8: 8,
    Bucket.OLD_8: 8,
    Bucket.OLD_5: 5,
}
_LAST_DAYS: Mapping[Bucket, date] = {Bucket.OLD_8: date(2019, 9, 30), Bucket.OLD_5: date(2014, 3, 31)}  # [LAW-6]


def tax_of(amount: Decimal, bucket: Bucket, rounding: Rounding, *, included: bool) -> Decimal:
    """The tax on an amount, or the tax inside it, in whole yen; below nought the direction applies to its size [LAW-5].

    >>> tax_of(Decimal(1234), Bucket.STANDARD_10, Rounding.DOWN, included=False)
    Decimal('123')
    >>> tax_of(Decimal(-1234), Bucket.STANDARD_10, Rounding.UP, included=False)
    Decimal('-124')
    """
    rate = RATES.get(bucket, 0)
    exact = Fraction(amount) * rate / (100 + rate if included else 100)
    whole, rest = divmod(abs(exact), 1)
    further = {Rounding.DOWN: False, Rounding.HALF_UP: rest >= Fraction(1, 2), Rounding.UP: rest > 0}[rounding]
    size = Decimal(whole + further)
    return size.copy_negate() if exact < 0 and size else size  # a minus sign would round to 28 digits


def check_rate(bucket: Bucket, day: date | None, *, transitional: bool = False) -> list[Finding]:
    """Whether the rate was in force on the day of the transaction; None: the day is not known.

    `transitional`: the issuer says that a transitional measure (経過措置) keeps the old rate for it [LAW-7].
    """
    last_day = _LAST_DAYS.get(bucket)
    if last_day is None or (day is not None and day <= last_day):
        return []
    if day is None or transitional:
        return [found(Code.RATE_DOUBTFUL, bucket=bucket, last_day=last_day)]
    return [found(Code.RATE_ENDED, bucket=bucket, day=day, last_day=last_day)]


def check_tax(summary: TaxSummary, entry: Entry, rounding: Rounding | None = None) -> list[Finding]:
    """Whether the tax of one rate of a qualified invoice is a lawful one, rounded once from the rate's total [LAW-4].

    Any direction is lawful, so one that is not the issuer's choice is a notice; None: the choice is not known. Where
    the tax was entered by hand, an unusual one is a notice too. A figure that is not stated is not checked [IM-8].

    >>> check_tax(TaxSummary(Bucket.STANDARD_10, Decimal(1234), Decimal(124), Decimal(1358)), Entry.EXCLUSIVE)
    []
    """
    if summary.bucket not in RATES:
        return [found(Code.TAX_WITHOUT_RATE, tax=summary.tax, bucket=summary.bucket)] if summary.tax else []
    bases = {Entry.EXCLUSIVE: ["net"], Entry.INCLUSIVE: ["gross"], Entry.MANUAL: ["net", "gross"]}[entry]
    stated = {name: figure for name in bases if (figure := getattr(summary, name)) is not None}
    if not stated or summary.tax is None:
        missing = [*([] if stated else bases[:1]), *(["tax"] if summary.tax is None else [])]
        return [found(Code.FIGURE_UNSTATED, figure=name) for name in missing]
    lawful = {
        each: {tax_of(figure, summary.bucket, each, included=name == "gross") for name, figure in stated.items()}
        for each in Rounding
    }
    return _judged(summary.tax, lawful, entry, rounding)


def _judged(
    tax: Decimal, lawful: Mapping[Rounding, set[Decimal]], entry: Entry, rounding: Rounding | None
) -> list[Finding]:
    every = set().union(*lawful.values())
    if tax not in every:
        code = Code.TAX_UNUSUAL if entry is Entry.MANUAL else Code.TAX_UNLAWFUL
        return [found(code, tax=tax, least=min(every), most=max(every))]
    if rounding is None or entry is Entry.MANUAL or tax in lawful[rounding]:
        return []
    (expected,) = lawful[rounding]
    return [found(Code.TAX_ROUNDED_OTHERWISE, tax=tax, expected=expected, rounding=rounding)]
