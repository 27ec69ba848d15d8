"""Postal codes, telephone numbers and mail addresses are read as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.contact import read_mail_address, read_phone, read_postal_code
from connector.domain.finding import Code


@given(st.text(alphabet="0123456789", min_size=7, max_size=7))
def test_a_postal_code_has_its_hyphen_however_it_is_typed(digits: str) -> None:
    sent = f"{digits[:3]}-{digits[3:]}"
    for text in (digits, sent, f"〒{sent}", f"〒 {digits[:3]}ー{digits[3:]}", f"{digits[:3]} {digits[3:]}"):
        checked = read_postal_code(text)
        assert checked.value == sent
        assert [each.code for each in checked.findings] == ([] if text == sent else [Code.VALUE_NORMALISED])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("103-002", [Code.DIGITS_WRONG_COUNT]),
        ("103-00220", [Code.DIGITS_WRONG_COUNT]),
        ("103", [Code.DIGITS_WRONG_COUNT]),
        ("1O3-0022", [Code.CHARACTERS_UNEXPECTED, Code.DIGITS_WRONG_COUNT]),
        ("103-0022番", [Code.CHARACTERS_UNEXPECTED]),
        ("〒", [Code.VALUE_MISSING]),
        ("", [Code.VALUE_MISSING]),
    ],
)
def test_what_is_no_postal_code_is_told_why(text: str, expected: list[Code]) -> None:
    checked = read_postal_code(text)
    assert (checked.value, [each.code for each in checked.findings]) == (None, expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("03-1234-5678", "03-1234-5678"),
        ("0312345678", "0312345678"),
        ("０３（１２３４）５６７８", "03-1234-5678"),
        ("(03)1234-5678", "03-1234-5678"),
        ("03ー1234ー5678", "03-1234-5678"),
        ("03 1234  5678", "03-1234-5678"),
        ("+81 3 1234 5678", "+81-3-1234-5678"),
    ],
)
def test_a_phone_number_keeps_its_groups_without_brackets(text: str, value: str) -> None:
    checked = read_phone(text, most=20)
    assert checked.value == value
    assert [each.code for each in checked.findings] == ([] if text == value else [Code.VALUE_NORMALISED])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("03-1234-5678 内線5", [Code.CHARACTERS_UNEXPECTED]),
        ("03+1234", [Code.CHARACTERS_UNEXPECTED]),
        ("++81", [Code.CHARACTERS_UNEXPECTED]),
        ("0" * 21, [Code.TEXT_TOO_LONG]),
        ("0" * 20, []),
        ("()", [Code.VALUE_MISSING]),
    ],
)
def test_phone_numbers_at_the_edges(text: str, expected: list[Code]) -> None:
    assert [each.code for each in read_phone(text, most=20).findings] == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("keiri@example.co.jp", "keiri@example.co.jp"),
        ("a.b+c'd@x-y.example.jp", "a.b+c'd@x-y.example.jp"),
        (" ｋｅｉｒｉ＠example．co．jp ", "keiri@example.co.jp"),
    ],
)
def test_a_mail_address_is_read_in_any_width(text: str, value: str) -> None:
    assert read_mail_address(text, most=100).value == value


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("keiri", "at"),
        ("a@b@example.jp", "local"),
        ("@example.jp", "local"),
        (".a@example.jp", "local"),
        ("a..b@example.jp", "local"),
        ("経理@example.jp", "local"),
        ("a b@example.jp", "local"),
        ("a@example.jp, b@example.jp", "local"),
        ("x" * 65 + "@example.jp", "local"),
        ("keiri@", "domain"),
        ("keiri@example", "domain"),
        ("keiri@-example.jp", "domain"),
        ("keiri@example-.jp", "domain"),
        ("keiri@example..jp", "domain"),
        ("keiri@example.jp\n", None),
        ("keiri@例え.jp", "domain"),
        ("keiri@" + "x." * 127 + "jp", "domain"),
    ],
)
def test_a_broken_mail_address_is_told_where(text: str, part: str | None) -> None:
    findings = read_mail_address(text, most=1000).findings
    assert [each.facts.get("part") for each in findings] == [part]


@given(st.text(min_size=1))
def test_no_text_at_all_breaks_the_readings(text: str) -> None:
    for checked in (read_postal_code(text), read_phone(text, most=20), read_mail_address(text, most=100)):
        assert (checked.value is None) == any(each.severity.value == "error" for each in checked.findings)


def test_a_mail_address_may_be_as_long_as_the_receiver_takes() -> None:
    address = "a" * 10 + "@example.jp"
    assert read_mail_address(address, most=len(address)).value == address
    assert [each.code for each in read_mail_address(address, most=20).findings] == [Code.TEXT_TOO_LONG]
    assert [each.code for each in read_mail_address(" ", most=20).findings] == [Code.VALUE_MISSING]
