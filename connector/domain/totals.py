"""Whether an invoice adds up: its lines to the rates, the rates to the total, the total to what is to be paid."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from connector.domain.finding import Code, Finding, found
from connector.domain.money import added
from connector.domain.tax import RATES, Bucket, Entry, TaxSummary

_FIGURES = ("net", "tax", "gross")
_ENTERED: Mapping[Entry, set[str]] = {
    Entry.EXCLUSIVE: {"net"},
    Entry.INCLUSIVE: {"gross"},
    Entry.MANUAL: {"net", "tax", "gross"},
}


@dataclass(frozen=True, slots=True)
class Figures:
    """What a line, or the whole invoice, comes to; None where it was left empty [IM-8]."""

    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None
    bucket: Bucket | None = None  # of a line; None: its rate was left empty [IM-8]


@dataclass(frozen=True, slots=True)
class _Part:
    """Figures and the path that leads to them."""

    path: tuple[str, ...]
    bucket: Bucket | None
    figures: Mapping[str, Decimal | None]


def check_totals(
    lines: Sequence[Figures], summary: Sequence[TaxSummary], total: Figures, entry: Entry
) -> list[Finding]:
    """Every sum that can be formed from what is stated; what is not stated is never taken for nought [IM-8].

    The figure that was entered adds up to the yen. The two that follow from it may be off by a yen for each line,
    since each line may show a tax rounded on its own while the rate's tax is rounded once [LAW-4]. For that it is
    stated once, too: a rate that stands there twice is an error.

    >>> rate = TaxSummary(Bucket.REDUCED_8, Decimal(100), Decimal(8), Decimal(108))
    >>> check_totals([], [rate], Figures(None, None, gross=Decimal(110)), Entry.EXCLUSIVE)[0].code.value
    'TOTAL_DIFFERS'
    """
    of_lines = [_part(("lines", str(place)), line) for place, line in enumerate(lines, start=1)]
    of_rates = [_part(("tax_summary", each.bucket.value), each) for each in summary]
    whole = _part(("total",), total)
    twice = [bucket for bucket in Bucket if sum(each.bucket is bucket for each in summary) > 1]
    return [
        *(found(Code.RATE_REPEATED, bucket=bucket).at("tax_summary", bucket) for bucket in twice),
        *(_lines_against_rates(of_lines, of_rates, _ENTERED[entry]) if of_rates and not twice else ()),
        *_parts_against_whole(of_rates or of_lines, whole),
        *(wrong for part in (*of_lines, *of_rates, whole) for wrong in _across(part)),
    ]


def check_payable(summary: Sequence[TaxSummary], *, withheld: Decimal | None, payable: Decimal | None) -> list[Finding]:
    """Whether all rates with their tax, less the tax withheld at source (源泉徴収), are the amount asked for [IX-21].

    An amount with tax needs its tax beside it and the other way round. What is not stated counts as nought here: the
    receiver knows nothing else. Nothing stated at all is nothing to check.

    >>> rate = TaxSummary(Bucket.STANDARD_10, None, Decimal(1000), Decimal(11000))
    >>> check_payable([rate], withheld=Decimal(1021), payable=Decimal(9979))
    []
    """
    findings = [
        found(Code.TAX_PAIR_BROKEN, missing="tax" if each.tax is None else "gross").at("tax_summary", each.bucket)
        for each in summary
        if each.bucket in RATES and (each.tax is None) != (each.gross is None)
    ]
    parts = [part for each in summary if (part := _with_tax(each)) is not None]
    if payable is None:
        return [*findings, *([found(Code.VALUE_MISSING).at("payable")] if parts or withheld is not None else [])]
    held = withheld or Decimal(0)
    expected = added([*parts, held.copy_negate()])
    if expected != payable:
        findings.append(found(Code.PAYABLE_DIFFERS, stated=payable, expected=expected, withheld=held).at("payable"))
    return findings


def _with_tax(each: TaxSummary) -> Decimal | None:
    """The amount with tax, which is the amount itself where there is none."""
    return each.net if each.gross is None and each.bucket not in RATES else each.gross


def _part(path: tuple[str, ...], stated: Figures | TaxSummary) -> _Part:
    """Figures as stated; the tax of a rate that carries none is nought even where it was left empty."""
    figures: dict[str, Decimal | None] = {"net": stated.net, "tax": stated.tax, "gross": stated.gross}
    if stated.bucket is not None and stated.bucket not in RATES and stated.tax is None:
        figures["tax"] = Decimal(0)
    return _Part(path, stated.bucket, figures)


def _across(part: _Part) -> Iterator[Finding]:
    """Before tax and the tax against with tax."""
    net, tax, gross = (part.figures[figure] for figure in _FIGURES)
    if net is not None and tax is not None and gross is not None and added([net, tax]) != gross:
        yield found(Code.SUM_DIFFERS, net=net, tax=tax, gross=gross).at(*part.path)


def _lines_against_rates(lines: Sequence[_Part], rates: Sequence[_Part], entered: set[str]) -> Iterator[Finding]:
    """A line without its rate may belong to any, so that with one of those no sum of lines is known."""
    without = [line for line in lines if line.bucket is None]
    if without:
        yield from (found(Code.RATE_UNSTATED).at(*line.path) for line in without)
        return
    for bucket in Bucket:
        mine = [line for line in lines if line.bucket is bucket]
        nothing = _part(("tax_summary", bucket.value), TaxSummary(bucket, Decimal(0), Decimal(0), Decimal(0)))
        rate = next((each for each in rates if each.bucket is bucket), nothing)
        for figure in _FIGURES if mine else ():
            yield from _compared(mine, rate, figure, exact=figure in entered)


def _compared(lines: Sequence[_Part], rate: _Part, figure: str, *, exact: bool) -> Iterator[Finding]:
    stated = rate.figures[figure]
    if stated is None:
        return
    known = [each for line in lines if (each := line.figures[figure]) is not None]
    if len(known) < len(lines):
        empty = [line for line in lines if line.figures[figure] is None] if exact else []
        yield from (found(Code.FIGURE_UNSTATED, figure=figure).at(*line.path) for line in empty)
        return
    summed = added(known)
    if summed != stated:
        apart = added([summed, stated.copy_negate()]).copy_abs()
        rounded = not exact and apart <= len(lines)
        code = Code.LINES_ROUNDED if rounded else Code.LINES_DIFFER
        yield found(code, figure=figure, stated=stated, sum=summed).at(*rate.path)


def _parts_against_whole(parts: Sequence[_Part], whole: _Part) -> Iterator[Finding]:
    for figure in _FIGURES if parts else ():
        stated = whole.figures[figure]
        if stated is None:
            continue
        empty = [part for part in parts if part.figures[figure] is None]
        if empty:
            yield from (found(Code.FIGURE_UNSTATED, figure=figure).at(*part.path) for part in empty)
            continue
        summed = added(each for part in parts if (each := part.figures[figure]) is not None)
        if summed != stated:
            yield found(Code.TOTAL_DIFFERS, figure=figure, stated=stated, sum=summed).at(*whole.path)
