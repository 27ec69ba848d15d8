"""Registration numbers are read from whatever people type, and a wrong one is told what is wrong with it."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from connector.domain.finding import Code
from connector.domain.registration import check_digit, read_corporate_number, read_registration_number

TWELVE = st.text(alphabet="0123456789", min_size=12, max_size=12)
WIDE = str.maketrans("T0123456789", "Ｔ０１２３４５６７８９")


def told(text: str, *, corporation: bool = True) -> list[tuple[Code, dict[str, object]]]:
    return [(each.code, dict(each.facts)) for each in read_registration_number(text, corporation=corporation).findings]


@pytest.mark.parametrize("number", ["T8011601022911", "T7010705000725", "T8700110005901", "T1010401089234"])
def test_numbers_in_use_are_numbers(number: str) -> None:
    checked = read_registration_number(number, corporation=True)
    assert (checked.value, checked.findings) == (number, ())
    assert read_corporate_number(number[1:]).value == number[1:]


@given(TWELVE, st.sampled_from("Tt"), st.booleans(), st.lists(st.sampled_from("-－ー‐− \u3000"), max_size=6))
def test_a_number_is_read_however_it_is_typed(twelve: str, letter: str, wide: bool, between: list[str]) -> None:
    number = f"T{check_digit(twelve)}{twelve}"
    typed = letter + number[1:]
    typed = typed.translate(WIDE) if wide else typed
    for place, mark in enumerate(between):
        typed = typed[: place * 2 + 1] + mark + typed[place * 2 + 1 :]
    checked = read_registration_number(typed, corporation=True)
    assert checked.value == number
    assert [each.code for each in checked.findings] == ([] if typed == number else [Code.VALUE_NORMALISED])


@given(TWELVE)
def test_the_check_digit_is_one_of_nine(twelve: str) -> None:
    assert 1 <= check_digit(twelve) <= 9
    assert read_corporate_number(f"0{twelve}").value is None


@given(TWELVE, st.integers(0, 12), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_noticed_unless_nought_and_nine_were_swapped(twelve: str, place: int, digit: str) -> None:
    number = f"{check_digit(twelve)}{twelve}"
    assume(number[place] != digit)
    slipped = number[:place] + digit + number[place + 1 :]
    swapped = place > 0 and {number[place], digit} == {"0", "9"}
    assert (read_corporate_number(slipped).value is None) == (not swapped)


def test_the_favourite_dummy_is_no_number_and_is_told_which_digit_it_lacks() -> None:
    assert told("T1234567890123") == [(Code.CHECK_DIGIT_WRONG, {"found": "1", "expected": 9})]


def test_a_sole_proprietor_s_check_digit_is_doubted_and_not_refused() -> None:
    checked = read_registration_number("T1234567890123", corporation=False)
    assert checked.value == "T1234567890123"
    assert [each.code for each in checked.findings] == [Code.CHECK_DIGIT_DOUBTFUL]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(Code.VALUE_MISSING, {})]),
        ("　- ", [(Code.VALUE_MISSING, {})]),
        ("8011601022911", [(Code.REGISTRATION_WITHOUT_T, {"given": "8011601022911"})]),
        ("T801160102291", [(Code.DIGITS_WRONG_COUNT, {"digits": 12, "wanted": 13})]),
        ("T80116010229110", [(Code.DIGITS_WRONG_COUNT, {"digits": 14, "wanted": 13})]),
        ("T", [(Code.DIGITS_WRONG_COUNT, {"digits": 0, "wanted": 13})]),
        (
            "T8O116O1O22911",
            [
                (Code.CHARACTERS_UNEXPECTED, {"characters": "O"}),
                (Code.DIGITS_WRONG_COUNT, {"digits": 10, "wanted": 13}),
            ],
        ),
        ("T8011601022911年", [(Code.CHARACTERS_UNEXPECTED, {"characters": "年"})]),
        (
            "TT8011601022911",
            [(Code.CHARACTERS_UNEXPECTED, {"characters": "T"})],
        ),
        (
            "T٨011601022911",
            [
                (Code.CHARACTERS_UNEXPECTED, {"characters": "٨"}),
                (Code.DIGITS_WRONG_COUNT, {"digits": 12, "wanted": 13}),
            ],
        ),
        (
            "X12",
            [
                (Code.REGISTRATION_WITHOUT_T, {"given": "X12"}),
                (Code.CHARACTERS_UNEXPECTED, {"characters": "X"}),
                (Code.DIGITS_WRONG_COUNT, {"digits": 2, "wanted": 13}),
            ],
        ),
    ],
)
def test_whoever_types_it_wrong_is_told_everything_that_is_wrong(
    text: str, expected: list[tuple[Code, dict[str, object]]]
) -> None:
    assert told(text) == expected
    assert read_registration_number(text, corporation=False).value is None


def test_a_corporate_number_has_no_letter_in_front() -> None:
    assert [each.code for each in read_corporate_number("T8011601022911").findings] == [Code.CHARACTERS_UNEXPECTED]
    assert [each.code for each in read_corporate_number("").findings] == [Code.VALUE_MISSING]


@given(st.text())
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    for checked in (read_registration_number(text, corporation=True), read_corporate_number(text)):
        assert (checked.value is None) == any(each.severity.value == "error" for each in checked.findings)
