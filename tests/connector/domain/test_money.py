"""Amounts are exact, as fine as their currency and no larger than the receiver takes."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.finding import Code
from connector.domain.money import DECIMALS, Limit, added, read_amount, read_currency, read_figure

WHOLE_YEN = Limit(whole=12, decimals=0)  # [IM-41]
FINE = Limit(whole=12, decimals=3)  # fifteen digits, three of them after the point [IX-24]


def codes(given_amount: str | int | Decimal, limit: Limit = FINE, currency: str = "USD") -> list[Code]:
    return [each.code for each in read_amount(given_amount, limit, currency=currency).findings]


@given(st.decimals(min_value=-(10**12) + 1, max_value=10**12 - 1, places=3))
def test_an_amount_within_the_limits_is_taken_to_the_last_digit(amount: Decimal) -> None:
    checked = read_amount(amount, FINE, currency="KWD")
    assert checked.findings == ()
    assert checked.value == amount
    assert read_amount(f"{amount:f}", FINE, currency="KWD").value == amount


@given(st.integers(min_value=-(10**12) + 1, max_value=10**12 - 1), st.integers(0, 4))
def test_yen_have_no_decimals_but_may_be_written_with_noughts(yen: int, noughts: int) -> None:
    amount = Decimal(f"{yen}.{'0' * noughts}")
    checked = read_amount(amount, FINE)
    assert checked.value == yen
    assert checked.value is not None
    assert checked.value.as_tuple().exponent == 0


@given(st.decimals(allow_nan=True, allow_infinity=True))
def test_a_figure_is_taken_unchanged_or_not_at_all(figure: Decimal) -> None:
    checked = read_figure(figure, FINE)
    assert (checked.value is None) == bool(checked.findings)
    if checked.value is not None:
        assert checked.value == figure
        assert "E" not in str(checked.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000", "1000"),
        ("-1000", "-1000"),
        ("+1000", "1000"),
        ("1,000", "1000"),
        ("１２，３４５．６７", "12345.67"),
        ("▲1,234,567.8", "-1234567.8"),
        ("△5", "-5"),
        ("−5", "-5"),
        ("ー5", "-5"),
        (" 5 ", "5"),
        ("007", "7"),
        ("-0", "0"),
        ("0.10", "0.1"),
    ],
)
def test_amounts_are_read_as_japanese_offices_write_them(text: str, value: str) -> None:
    checked = read_amount(text, FINE, currency="USD")
    assert str(checked.value) == value
    assert [each.code for each in checked.findings] == ([] if text == value else [Code.VALUE_NORMALISED])


@pytest.mark.parametrize(
    "text",
    [
        "1,00",
        "12,34",
        "1,0000",
        ",100",
        "1.",
        ".5",
        "1e3",
        "1_000",
        "NaN",
        "Infinity",
        "--5",
        "5円",
        "¥5",
        "1 000",
        "٣",
        "x",
    ],
)
def test_what_is_no_figure_is_not_guessed_at(text: str) -> None:
    assert codes(text) == [Code.NUMBER_UNREADABLE]


@pytest.mark.parametrize("figure", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused_as_a_decimal_too(figure: str) -> None:
    assert codes(Decimal(figure)) == [Code.NUMBER_UNREADABLE]


@pytest.mark.parametrize("text", ["", "  ", "\u3000"])
def test_an_empty_amount_is_missing_and_not_nought(text: str) -> None:
    assert codes(text) == [Code.VALUE_MISSING]


@pytest.mark.parametrize(
    ("amount", "limit", "expected"),
    [
        (999_999_999_999, WHOLE_YEN, []),
        (-999_999_999_999, WHOLE_YEN, []),
        (1_000_000_000_000, WHOLE_YEN, [Code.NUMBER_TOO_LARGE]),
        ("0.5", WHOLE_YEN, [Code.NUMBER_TOO_FINE]),
        ("999999999999.99", FINE, []),
        ("999999999999.999", FINE, [Code.NUMBER_TOO_FINE]),  # a dollar has two
        ("1000000000000.001", FINE, [Code.NUMBER_TOO_LARGE, Code.NUMBER_TOO_FINE]),
        (Decimal("1E+11"), FINE, []),
        (Decimal("1E+12"), FINE, [Code.NUMBER_TOO_LARGE]),
        (Decimal("1E+999999"), FINE, [Code.NUMBER_TOO_LARGE]),
        (Decimal("1E-999999"), FINE, [Code.NUMBER_TOO_FINE]),
        (Decimal("0E+999999"), FINE, []),
        (Decimal("-0.000"), FINE, []),
        ("9" * 61, FINE, [Code.NUMBER_UNREADABLE]),
    ],
)
def test_a_figure_stays_within_what_the_receiver_and_the_currency_take(
    amount: str | int | Decimal, limit: Limit, expected: list[Code]
) -> None:
    assert codes(amount, limit) == expected


def test_too_fine_an_amount_says_how_fine_it_may_be() -> None:
    (finding,) = read_amount("0.5", FINE, currency="JPY").findings
    assert finding.facts == {"decimals": 1, "most": 0}
    (finding,) = read_amount("0.5555", FINE, currency="KWD").findings
    assert finding.facts == {"decimals": 4, "most": 3}


@pytest.mark.parametrize(
    ("currency", "decimals"),
    [("JPY", 0), ("KRW", 0), ("USD", 2), ("EUR", 2), ("CNY", 2), ("TWD", 2), ("KWD", 3), ("CLF", 4), ("UYW", 4)],
)
def test_each_currency_has_its_own_number_of_decimals(currency: str, decimals: int) -> None:
    assert DECIMALS[currency] == decimals


def test_the_table_of_currencies_is_whole() -> None:
    assert {number: sum(each == number for each in DECIMALS.values()) for number in range(5)} == {
        0: 17,
        1: 0,
        2: 139,
        3: 7,
        4: 2,
    }
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DECIMALS)
    assert not {"XXX", "XTS", "XAU", "DEM"} & set(DECIMALS)


@pytest.mark.parametrize(("text", "value"), [("JPY", "JPY"), ("usd", "USD"), (" ｅｕｒ ", "EUR")])
def test_a_currency_is_read_in_any_width_and_case(text: str, value: str) -> None:
    assert read_currency(text).value == value


def test_an_unknown_currency_is_refused_by_its_name() -> None:
    (finding,) = read_currency("円").findings
    assert (finding.code, finding.facts) == (Code.CURRENCY_UNKNOWN, {"given": "円"})
    assert [each.code for each in read_currency(" ").findings] == [Code.VALUE_MISSING]


@given(st.lists(st.decimals(min_value=-(10**30), max_value=10**30, places=30)))
def test_sums_lose_nothing_however_long_the_figures_are(figures: list[Decimal]) -> None:
    assert Fraction(added(figures)) == sum(map(Fraction, figures))


def test_a_sum_that_would_lose_a_digit_fails_loudly() -> None:
    with pytest.raises(Inexact):
        added([Decimal("1E+200"), Decimal(1)])
