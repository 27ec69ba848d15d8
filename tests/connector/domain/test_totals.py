"""An invoice adds up from its lines to what is to be paid, and where it does not the place is named."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.finding import Code, Finding, Severity
from connector.domain.tax import RATES, Bucket, Entry, Rounding, TaxSummary, tax_of
from connector.domain.totals import Figures, check_payable, check_totals

Invoice = tuple[list[Figures], list[TaxSummary], Figures]

BUCKETS = st.sampled_from(Bucket)
NOTHING = Figures(None, None, None)


def figures(net: int | None, tax: int | None, gross: int | None, bucket: Bucket | None = None) -> Figures:
    stated = [None if each is None else Decimal(each) for each in (net, tax, gross)]
    return Figures(stated[0], stated[1], stated[2], bucket)


def rate(bucket: Bucket, net: int | None, tax: int | None, gross: int | None) -> TaxSummary:
    told = figures(net, tax, gross)
    return TaxSummary(bucket, told.net, told.tax, told.gross)


def added_up(amounts: Sequence[tuple[Bucket, int]], entry: Entry, of_lines: Rounding, of_rates: Rounding) -> Invoice:
    """An honest invoice: each line shows a tax of its own, each rate's is rounded once, the total adds the rates."""
    included = entry is Entry.INCLUSIVE

    def figures_of(bucket: Bucket, amount: int, direction: Rounding) -> tuple[Decimal, Decimal, Decimal]:
        tax = tax_of(Decimal(amount), bucket, direction, included=included)
        net = amount - tax if included else Decimal(amount)
        return net, tax, net + tax

    lines = [Figures(*figures_of(bucket, amount, of_lines), bucket=bucket) for bucket, amount in amounts]
    per_rate = {bucket: sum(amount for each, amount in amounts if each is bucket) for bucket, _ in amounts}
    rates = [TaxSummary(bucket, *figures_of(bucket, amount, of_rates)) for bucket, amount in per_rate.items()]
    net, tax, gross = (sum((getattr(each, name) for each in rates), Decimal(0)) for name in ("net", "tax", "gross"))
    return lines, rates, Figures(net, tax, gross)


AMOUNTS = st.lists(st.tuples(BUCKETS, st.integers(-(10**9), 10**9)), min_size=1, max_size=12)
ENTRIES = st.sampled_from([Entry.EXCLUSIVE, Entry.INCLUSIVE])
INVOICES = st.builds(added_up, AMOUNTS, ENTRIES, st.sampled_from(Rounding), st.sampled_from(Rounding))


def told(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [(*each.path, each.code.value) for each in findings]


@given(AMOUNTS, ENTRIES, st.sampled_from(Rounding), st.sampled_from(Rounding))
def test_an_honest_invoice_has_no_errors_however_its_lines_are_rounded(
    amounts: list[tuple[Bucket, int]], entry: Entry, of_lines: Rounding, of_rates: Rounding
) -> None:
    findings = check_totals(*added_up(amounts, entry, of_lines, of_rates), entry)
    assert {each.code for each in findings} <= {Code.LINES_ROUNDED}
    entered = {Entry.EXCLUSIVE: "net", Entry.INCLUSIVE: "gross"}[entry]
    assert entered not in {each.facts["figure"] for each in findings}


@given(AMOUNTS, ENTRIES, st.sampled_from(["net", "tax", "gross"]), st.integers(-100, 100).filter(bool))
def test_a_total_a_yen_off_is_noticed(amounts: list[tuple[Bucket, int]], entry: Entry, figure: str, off: int) -> None:
    lines, rates, total = added_up(amounts, entry, Rounding.DOWN, Rounding.DOWN)
    wrong = replace(total, **{figure: getattr(total, figure) + off})
    findings = [each for each in check_totals(lines, rates, wrong, entry) if each.severity is Severity.ERROR]
    assert told(findings) == [("total", "TOTAL_DIFFERS"), ("total", "SUM_DIFFERS")]
    assert findings[0].facts == {
        "figure": figure,
        "stated": getattr(total, figure) + off,
        "sum": getattr(total, figure),
    }


@given(AMOUNTS, ENTRIES, st.data())
def test_a_line_whose_entered_figure_is_a_yen_off_is_noticed_at_its_rate(
    amounts: list[tuple[Bucket, int]], entry: Entry, data: st.DataObject
) -> None:
    lines, rates, total = added_up(amounts, entry, Rounding.DOWN, Rounding.DOWN)
    place = data.draw(st.integers(0, len(lines) - 1))
    entered = "gross" if entry is Entry.INCLUSIVE else "net"
    line = lines[place]
    lines[place] = replace(line, **{entered: getattr(line, entered) + 1})
    errors = [each for each in check_totals(lines, rates, total, entry) if each.severity is Severity.ERROR]
    assert told(errors) == [
        ("tax_summary", str(line.bucket), "LINES_DIFFER"),
        ("lines", str(place + 1), "SUM_DIFFERS"),
    ]


@given(AMOUNTS)
def test_where_the_tax_is_entered_by_hand_even_the_taxes_of_the_lines_add_up_to_the_yen(
    amounts: list[tuple[Bucket, int]],
) -> None:
    lines, rates, total = added_up(amounts, Entry.EXCLUSIVE, Rounding.DOWN, Rounding.UP)
    exact = {
        each.bucket: sum((line.tax or 0 for line in lines if line.bucket is each.bucket), Decimal(0)) for each in rates
    }
    differing = {each.bucket for each in rates if each.tax != exact[each.bucket]}
    findings = check_totals(lines, rates, total, Entry.MANUAL)
    assert {each.path[1] for each in findings if each.code is Code.LINES_DIFFER} == {str(each) for each in differing}
    assert Code.LINES_ROUNDED not in {each.code for each in findings}


@pytest.mark.parametrize(
    ("of_rate", "expected"),
    [
        (30, []),
        (32, ["LINES_ROUNDED"]),
        (27, ["LINES_ROUNDED"]),
        (33, ["LINES_ROUNDED"]),
        (34, ["LINES_DIFFER"]),
        (26, ["LINES_DIFFER"]),
    ],
)
def test_the_taxes_of_three_lines_may_be_three_yen_off_and_not_four(of_rate: int, expected: list[str]) -> None:
    lines = [figures(100, 10, None, Bucket.STANDARD_10)] * 3
    rates = [rate(Bucket.STANDARD_10, 300, of_rate, None)]
    findings = check_totals(lines, rates, NOTHING, Entry.EXCLUSIVE)
    assert [each.code.value for each in findings] == expected


@given(INVOICES, ENTRIES, st.data())
def test_leaving_a_figure_empty_never_makes_an_error_of_a_sound_invoice(
    invoice: Invoice, entry: Entry, data: st.DataObject
) -> None:
    lines, rates, total = invoice
    before = {(each.path, each.code) for each in check_totals(lines, rates, total, entry)}

    def holes() -> dict[str, Any]:
        return dict.fromkeys(data.draw(st.sets(st.sampled_from(["net", "tax", "gross"]))))

    after = check_totals(
        [replace(each, **holes()) for each in lines],
        [replace(each, **holes()) for each in rates],
        replace(total, **holes()),
        entry,
    )
    new = {(each.path, each.code) for each in after if each.severity is Severity.ERROR} - before
    assert new == set()


def test_a_line_without_its_rate_leaves_lines_and_rates_uncompared() -> None:
    lines = [figures(100, None, None, Bucket.STANDARD_10), figures(50, None, None, None)]
    rates = [rate(Bucket.STANDARD_10, 999, 99, 1098)]
    assert told(check_totals(lines, rates, NOTHING, Entry.EXCLUSIVE)) == [("lines", "2", "RATE_UNSTATED")]


def test_a_line_without_the_entered_figure_is_named() -> None:
    lines = [figures(100, None, None, Bucket.STANDARD_10), figures(None, 10, 110, Bucket.STANDARD_10)]
    rates = [rate(Bucket.STANDARD_10, 200, 20, 220)]
    findings = check_totals(lines, rates, NOTHING, Entry.EXCLUSIVE)
    assert told(findings) == [("lines", "2", "FIGURE_UNSTATED")]
    assert findings[0].facts == {"figure": "net"}


def test_lines_under_a_rate_that_the_summary_does_not_know_are_noticed() -> None:
    lines = [figures(100, None, None, Bucket.STANDARD_10), figures(50, None, None, Bucket.REDUCED_8)]
    rates = [rate(Bucket.STANDARD_10, 100, 10, 110)]
    findings = check_totals(lines, rates, NOTHING, Entry.EXCLUSIVE)
    assert told(findings) == [("tax_summary", "reduced_8", "LINES_DIFFER")]
    assert findings[0].facts == {"figure": "net", "stated": 0, "sum": 50}


def test_a_rate_is_stated_once_for_its_tax_is_rounded_once() -> None:
    rates = [rate(Bucket.STANDARD_10, 105, 10, 115), rate(Bucket.STANDARD_10, 105, 10, 115)]
    lines = [figures(210, None, None, Bucket.STANDARD_10)]
    assert told(check_totals(lines, rates, figures(210, 20, 230), Entry.EXCLUSIVE)) == [
        ("tax_summary", "standard_10", "RATE_REPEATED")
    ]


def test_figures_of_any_length_are_compared_to_the_last_digit() -> None:
    large = 10**30
    lines = [figures(large, large, None, Bucket.STANDARD_10)]
    off = [rate(Bucket.STANDARD_10, large + 1, large + 2, None)]
    findings = check_totals(lines, off, NOTHING, Entry.EXCLUSIVE)
    assert [(each.code, each.facts["figure"]) for each in findings] == [
        (Code.LINES_DIFFER, "net"),
        (Code.LINES_DIFFER, "tax"),
    ]
    paid = check_payable([rate(Bucket.ZERO, None, None, large)], withheld=Decimal(large - 1), payable=Decimal(1))
    assert paid == []


def test_without_rates_the_lines_make_the_total() -> None:
    lines = [figures(100, 10, 110), figures(200, 20, 220)]
    assert check_totals(lines, [], figures(300, 30, 330), Entry.EXCLUSIVE) == []
    assert told(check_totals(lines, [], figures(300, 30, 331), Entry.EXCLUSIVE)) == [
        ("total", "TOTAL_DIFFERS"),
        ("total", "SUM_DIFFERS"),
    ]


def test_without_rates_and_lines_only_the_total_itself_can_be_wrong() -> None:
    assert check_totals([], [], figures(300, 30, 330), Entry.EXCLUSIVE) == []
    assert told(check_totals([], [], figures(300, 30, 331), Entry.EXCLUSIVE)) == [("total", "SUM_DIFFERS")]
    assert check_totals([], [], NOTHING, Entry.EXCLUSIVE) == []


def test_the_empty_tax_of_an_untaxed_rate_counts_as_nought() -> None:
    rates = [rate(Bucket.STANDARD_10, 100, 10, 110), rate(Bucket.NON_TAXABLE, 50, None, 50)]
    assert check_totals([], rates, figures(150, 10, 160), Entry.EXCLUSIVE) == []
    lopsided = [rate(Bucket.NON_TAXABLE, 50, None, 51)]
    assert told(check_totals([], lopsided, NOTHING, Entry.EXCLUSIVE)) == [("tax_summary", "non_taxable", "SUM_DIFFERS")]


def test_a_rate_s_empty_figure_leaves_the_total_unchecked_and_is_named() -> None:
    rates = [rate(Bucket.STANDARD_10, 100, None, 110), rate(Bucket.REDUCED_8, 100, 8, 108)]
    assert told(check_totals([], rates, figures(200, 999, 218), Entry.EXCLUSIVE)) == [
        ("tax_summary", "standard_10", "FIGURE_UNSTATED"),
        ("total", "SUM_DIFFERS"),
    ]


PAYABLE = [
    rate(Bucket.STANDARD_10, None, 1000, 11000),
    rate(Bucket.REDUCED_8, None, 80, 1080),
    rate(Bucket.NON_TAXABLE, None, None, 500),
    rate(Bucket.OUT_OF_SCOPE, 300, None, None),
]


@pytest.mark.parametrize(
    ("withheld", "payable", "expected"),
    [
        (1021, 11859, []),
        (None, 12880, []),
        (0, 12880, []),
        (1021, 11858, [("payable", "PAYABLE_DIFFERS")]),
        (1021, 13901, [("payable", "PAYABLE_DIFFERS")]),
        (1021, None, [("payable", "VALUE_MISSING")]),
    ],
)
def test_what_is_asked_for_is_everything_with_tax_less_what_is_withheld(
    withheld: int | None, payable: int | None, expected: list[tuple[str, ...]]
) -> None:
    findings = check_payable(
        PAYABLE,
        withheld=None if withheld is None else Decimal(withheld),
        payable=None if payable is None else Decimal(payable),
    )
    assert told(findings) == expected


def test_a_difference_is_told_with_the_amount_it_should_be() -> None:
    (finding,) = check_payable(PAYABLE, withheld=Decimal(1021), payable=Decimal(12000))
    assert finding.facts == {"stated": 12000, "expected": 11859, "withheld": 1021}


@given(
    st.lists(st.tuples(BUCKETS, st.integers(-(10**14), 10**14)), max_size=8, unique_by=lambda each: each[0]),
    st.integers(0, 10**14),
    st.integers(-5, 5),
)
def test_the_identity_holds_for_credit_notes_too_and_only_to_the_yen(
    parts: list[tuple[Bucket, int]], withheld: int, off: int
) -> None:
    summary = [rate(bucket, None, 0 if bucket in RATES else None, gross) for bucket, gross in parts]
    payable = Decimal(sum(gross for _, gross in parts) - withheld + off)
    findings = check_payable(summary, withheld=Decimal(withheld), payable=payable)
    assert told(findings) == ([("payable", "PAYABLE_DIFFERS")] if off else [])


@pytest.mark.parametrize(
    ("each", "missing"),
    [
        (rate(Bucket.STANDARD_10, None, None, 110), "tax"),
        (rate(Bucket.REDUCED_8, None, 8, None), "gross"),
    ],
)
def test_an_amount_with_tax_needs_its_tax_and_the_other_way_round(each: TaxSummary, missing: str) -> None:
    findings = check_payable([each], withheld=None, payable=each.gross or Decimal(0))
    assert told(findings) == [("tax_summary", str(each.bucket), "TAX_PAIR_BROKEN")]
    assert findings[0].facts == {"missing": missing}


def test_nothing_stated_is_nothing_to_check_and_a_lone_amount_is() -> None:
    assert check_payable([], withheld=None, payable=None) == []
    assert told(check_payable([], withheld=None, payable=Decimal(100))) == [("payable", "PAYABLE_DIFFERS")]
    assert told(check_payable([], withheld=Decimal(0), payable=None)) == [("payable", "VALUE_MISSING")]
