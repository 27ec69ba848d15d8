"""Consumption tax is rounded once for each rate, in a direction that the issuer chooses."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.domain.finding import Code
from connector.domain.tax import RATES, Bucket, Entry, Rounding, TaxSummary, check_rate, check_tax, tax_of

YEN = st.integers(-(10**12), 10**12).map(Decimal)
TAXED = st.sampled_from(sorted(RATES))
UNTAXED = [bucket for bucket in Bucket if bucket not in RATES]
DIRECTIONS = st.sampled_from(Rounding)


def exclusive(net: int, tax: int | None, bucket: Bucket = Bucket.STANDARD_10) -> TaxSummary:
    return TaxSummary(bucket, Decimal(net), None if tax is None else Decimal(tax), None)


def inclusive(gross: int, tax: int | None, bucket: Bucket = Bucket.STANDARD_10) -> TaxSummary:
    return TaxSummary(bucket, None, None if tax is None else Decimal(tax), Decimal(gross))


def codes(summary: TaxSummary, entry: Entry, rounding: Rounding | None = None) -> list[Code]:
    return [each.code for each in check_tax(summary, entry, rounding)]


@pytest.mark.parametrize(
    ("amount", "bucket", "included", "down", "half_up", "up"),
    [
        (1234, Bucket.STANDARD_10, False, 123, 123, 124),
        (1235, Bucket.STANDARD_10, False, 123, 124, 124),
        (1236, Bucket.STANDARD_10, False, 123, 124, 124),
        (1230, Bucket.STANDARD_10, False, 123, 123, 123),
        (1, Bucket.STANDARD_10, False, 0, 0, 1),
        (0, Bucket.STANDARD_10, False, 0, 0, 0),
        (106, Bucket.REDUCED_8, False, 8, 8, 9),
        (107, Bucket.OLD_8, False, 8, 9, 9),
        (110, Bucket.OLD_5, False, 5, 6, 6),
        (1100, Bucket.STANDARD_10, True, 100, 100, 100),
        (1000, Bucket.STANDARD_10, True, 90, 91, 91),
        (1000, Bucket.REDUCED_8, True, 74, 74, 75),
        (1000, Bucket.OLD_5, True, 47, 48, 48),
        (-1234, Bucket.STANDARD_10, False, -123, -123, -124),
        (-1235, Bucket.STANDARD_10, False, -123, -124, -124),
        (-1, Bucket.STANDARD_10, False, 0, 0, -1),
        (999_999_999_999, Bucket.STANDARD_10, True, 90_909_090_909, 90_909_090_909, 90_909_090_909),
        (5, Bucket.STANDARD_10, False, 0, 1, 1),
        (10**30 + 5, Bucket.STANDARD_10, False, 10**29, 10**29 + 1, 10**29 + 1),  # more than a decimal keeps by default
        (-(10**30) - 5, Bucket.STANDARD_10, False, -(10**29), -(10**29) - 1, -(10**29) - 1),
        (100, Bucket.NON_TAXABLE, False, 0, 0, 0),
        (100, Bucket.ZERO, True, 0, 0, 0),
    ],
)
def test_the_tax_of_an_amount_in_each_direction(
    amount: int, bucket: Bucket, included: bool, down: int, half_up: int, up: int
) -> None:
    expected = {Rounding.DOWN: down, Rounding.HALF_UP: half_up, Rounding.UP: up}
    found = {each: tax_of(Decimal(amount), bucket, each, included=included) for each in Rounding}
    assert found == expected
    assert not any(tax.is_signed() for tax in found.values() if not tax)


@given(YEN, TAXED, DIRECTIONS, st.booleans())
def test_a_credit_note_s_tax_is_the_invoice_s_with_the_other_sign(
    amount: Decimal, bucket: Bucket, direction: Rounding, included: bool
) -> None:
    assert tax_of(-amount, bucket, direction, included=included) == -tax_of(
        amount, bucket, direction, included=included
    )


@given(YEN, TAXED, st.booleans())
def test_the_directions_are_in_order_and_at_most_a_yen_apart(amount: Decimal, bucket: Bucket, included: bool) -> None:
    down, half, up = (abs(tax_of(amount, bucket, each, included=included)) for each in Rounding)
    assert down <= half <= up <= down + 1
    rate = RATES[bucket]
    exact = abs(amount) * rate, Decimal(100 + rate if included else 100)
    assert down * exact[1] <= exact[0] <= up * exact[1]
    assert abs(2 * (half * exact[1] - exact[0])) <= exact[1]


@given(YEN, TAXED, DIRECTIONS)
def test_the_tax_inside_what_was_taxed_is_the_tax_again(net: Decimal, bucket: Bucket, direction: Rounding) -> None:
    tax = tax_of(net, bucket, direction, included=False)
    assert codes(TaxSummary(bucket, None, tax, net + tax), Entry.INCLUSIVE) == []


@given(YEN, TAXED, DIRECTIONS, st.sampled_from([Entry.EXCLUSIVE, Entry.INCLUSIVE]))
def test_every_direction_is_lawful_and_the_chosen_one_needs_no_remark(
    amount: Decimal, bucket: Bucket, direction: Rounding, entry: Entry
) -> None:
    included = entry is Entry.INCLUSIVE
    tax = tax_of(amount, bucket, direction, included=included)
    summary = TaxSummary(bucket, None if included else amount, tax, amount if included else None)
    assert codes(summary, entry) == []
    assert codes(summary, entry, direction) == []
    assert codes(summary, Entry.MANUAL) == []
    for other in Rounding:
        differs = tax_of(amount, bucket, other, included=included) != tax
        assert codes(summary, entry, other) == ([Code.TAX_ROUNDED_OTHERWISE] if differs else [])


@given(YEN, TAXED, st.integers(2, 10**6), st.sampled_from([1, -1]))
def test_two_yen_off_is_lawful_in_no_direction(amount: Decimal, bucket: Bucket, off: int, sign: int) -> None:
    tax = tax_of(amount, bucket, Rounding.HALF_UP, included=False) + off * sign
    summary = TaxSummary(bucket, amount, tax, None)
    assert codes(summary, Entry.EXCLUSIVE) == [Code.TAX_UNLAWFUL]
    assert codes(summary, Entry.EXCLUSIVE, Rounding.DOWN) == [Code.TAX_UNLAWFUL]


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=30))
def test_taxes_rounded_line_by_line_and_added_up_are_told_from_one_rounding(nets: list[int]) -> None:
    by_line = sum(net * 10 // 100 for net in nets)
    once = sum(nets) * 10 // 100
    summary = exclusive(sum(nets), by_line)
    assume(by_line < once)
    assert codes(summary, Entry.EXCLUSIVE) == [Code.TAX_UNLAWFUL]


def test_an_unlawful_tax_is_told_the_lawful_ones() -> None:
    (finding,) = check_tax(exclusive(1235, 125), Entry.EXCLUSIVE)
    assert (finding.code, finding.facts) == (Code.TAX_UNLAWFUL, {"tax": 125, "least": 123, "most": 124})
    (finding,) = check_tax(inclusive(1000, 92), Entry.INCLUSIVE)
    assert finding.facts == {"tax": 92, "least": 90, "most": 91}


def test_another_direction_than_the_chosen_one_is_told_both_figures() -> None:
    (finding,) = check_tax(exclusive(1235, 124), Entry.EXCLUSIVE, Rounding.DOWN)
    assert (finding.code, finding.facts) == (
        Code.TAX_ROUNDED_OTHERWISE,
        {"tax": 124, "expected": 123, "rounding": "down"},
    )


def test_the_basis_decides_which_tax_is_lawful() -> None:
    both = TaxSummary(Bucket.STANDARD_10, Decimal(909), Decimal(91), Decimal(1000))
    assert codes(both, Entry.EXCLUSIVE) == []
    assert codes(both, Entry.INCLUSIVE) == []
    skewed = TaxSummary(Bucket.STANDARD_10, Decimal(1000), Decimal(91), Decimal(1000))
    assert codes(skewed, Entry.EXCLUSIVE) == [Code.TAX_UNLAWFUL]
    assert codes(skewed, Entry.INCLUSIVE) == []
    assert codes(skewed, Entry.MANUAL) == []


def test_a_tax_entered_by_hand_is_doubted_and_not_refused() -> None:
    (finding,) = check_tax(exclusive(1235, 125), Entry.MANUAL, Rounding.DOWN)
    assert (finding.code, finding.severity.value) == (Code.TAX_UNUSUAL, "notice")


@pytest.mark.parametrize("bucket", UNTAXED)
def test_a_rate_that_bears_no_tax_has_none(bucket: Bucket) -> None:
    for entry in Entry:
        assert codes(exclusive(1000, 0, bucket), entry) == []
        assert codes(exclusive(1000, None, bucket), entry) == []
        assert codes(exclusive(1000, 1, bucket), entry) == [Code.TAX_WITHOUT_RATE]
        assert codes(exclusive(1000, -1, bucket), entry) == [Code.TAX_WITHOUT_RATE]


@pytest.mark.parametrize(
    ("summary", "entry", "figures"),
    [
        (exclusive(1000, None), Entry.EXCLUSIVE, ["tax"]),
        (inclusive(1000, 91), Entry.EXCLUSIVE, ["net"]),
        (exclusive(1000, 100), Entry.INCLUSIVE, ["gross"]),
        (TaxSummary(Bucket.OLD_5, None, None, None), Entry.EXCLUSIVE, ["net", "tax"]),
        (TaxSummary(Bucket.OLD_5, None, Decimal(5), None), Entry.MANUAL, ["net"]),
        (inclusive(1000, None), Entry.MANUAL, ["tax"]),
    ],
)
def test_a_figure_left_empty_is_not_taken_for_nought(summary: TaxSummary, entry: Entry, figures: list[str]) -> None:
    findings = check_tax(summary, entry)
    assert [(each.code, each.facts["figure"]) for each in findings] == [(Code.FIGURE_UNSTATED, f) for f in figures]


@pytest.mark.parametrize(
    ("bucket", "day", "expected"),
    [
        (Bucket.OLD_8, date(2019, 9, 30), []),
        (Bucket.OLD_8, date(2019, 10, 1), [Code.RATE_ENDED]),
        (Bucket.OLD_5, date(2014, 3, 31), []),
        (Bucket.OLD_5, date(2014, 4, 1), [Code.RATE_ENDED]),
        (Bucket.OLD_8, None, [Code.RATE_DOUBTFUL]),
        (Bucket.STANDARD_10, None, []),
        (Bucket.REDUCED_8, date(2026, 4, 1), []),
        (Bucket.NON_TAXABLE, date(2026, 4, 1), []),
    ],
)
def test_an_old_rate_ends_on_its_last_day(bucket: Bucket, day: date | None, expected: list[Code]) -> None:
    assert [each.code for each in check_rate(bucket, day)] == expected


def test_a_transitional_measure_keeps_an_old_rate_with_a_remark() -> None:
    assert [each.code for each in check_rate(Bucket.OLD_8, date(2026, 4, 1), transitional=True)] == [Code.RATE_DOUBTFUL]
    assert check_rate(Bucket.OLD_8, date(2019, 9, 30), transitional=True) == []
