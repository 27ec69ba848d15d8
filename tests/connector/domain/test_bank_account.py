"""A bank account is brought into the form that every bank takes, and what was changed is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.bank_account import (
    BankAccount,
    DepositKind,
    read_account_number,
    read_bank_account,
    read_bank_code,
    read_branch_code,
    read_deposit_kind,
    read_holder,
)
from connector.domain.finding import Code

LARGE = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ"
TAKEN = LARGE + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ().-"
KANA = [chr(point) for point in range(0x3041, 0x3097)] + [chr(point) for point in range(0x30A1, 0x30F7)]


def holder(text: str) -> tuple[str | None, list[Code]]:
    checked = read_holder(text)
    return checked.value, [each.code for each in checked.findings]


def test_an_account_is_read_part_by_part() -> None:
    checked = read_bank_account(
        bank_code="０００９", branch_code="221", kind="普通", number="12345", holder="カ）テスト"
    )
    assert checked.value == BankAccount("0009", "221", DepositKind.ORDINARY, "0012345", "ｶ)ﾃｽﾄ")
    assert [(each.path, each.code) for each in checked.findings] == [
        (("bank_code",), Code.VALUE_NORMALISED),
        (("number",), Code.VALUE_NORMALISED),
        (("holder",), Code.VALUE_NORMALISED),
    ]
    assert checked.findings[1].facts == {"given": "12345", "used": "0012345"}


def test_every_part_that_is_wrong_is_named_at_once() -> None:
    checked = read_bank_account(bank_code="9", branch_code="22A", kind="定期", number="12345678", holder="株式会社")
    assert checked.value is None
    assert [(*each.path, each.code) for each in checked.findings] == [
        ("bank_code", Code.DIGITS_WRONG_COUNT),
        ("branch_code", Code.CHARACTERS_UNEXPECTED),
        ("branch_code", Code.DIGITS_WRONG_COUNT),
        ("kind", Code.DEPOSIT_KIND_UNKNOWN),
        ("number", Code.DIGITS_WRONG_COUNT),
        ("holder", Code.CHARACTERS_UNEXPECTED),
    ]


@pytest.mark.parametrize("part", ["bank_code", "branch_code", "kind", "number", "holder"])
def test_one_missing_part_is_enough_to_have_no_account(part: str) -> None:
    whole = {"bank_code": "0009", "branch_code": "221", "kind": "1", "number": "1234567", "holder": "ﾃｽﾄ"}
    checked = read_bank_account(**{**whole, part: " "})
    assert checked.value is None
    assert [(each.path, each.code) for each in checked.findings] == [((part,), Code.VALUE_MISSING)]
    assert read_bank_account(**whole).findings == ()


@given(st.integers(0, 9_999_999), st.integers(0, 7))
def test_an_account_number_is_filled_with_noughts_to_seven_digits(number: int, width: int) -> None:
    text = str(number).zfill(width)
    checked = read_account_number(text)
    assert checked.value == f"{number:07}"
    assert [each.code for each in checked.findings] == ([] if len(text) == 7 else [Code.VALUE_NORMALISED])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12345678", [Code.DIGITS_WRONG_COUNT]),
        ("00000000", [Code.DIGITS_WRONG_COUNT]),
        ("12A", [Code.CHARACTERS_UNEXPECTED]),
        ("+1", [Code.CHARACTERS_UNEXPECTED]),
        ("", [Code.VALUE_MISSING]),
        ("123-4567", [Code.VALUE_NORMALISED]),
        ("１２３４５６７", [Code.VALUE_NORMALISED]),
        ("١٢٣٤٥٦٧", [Code.CHARACTERS_UNEXPECTED]),
    ],
)
def test_account_numbers_at_the_edges(text: str, expected: list[Code]) -> None:
    assert [each.code for each in read_account_number(text).findings] == expected


@given(st.text(alphabet="0123456789", max_size=8))
def test_a_short_bank_or_branch_code_is_never_filled_up(text: str) -> None:
    assert read_bank_code(text).value == (text if len(text) == 4 else None)
    assert read_branch_code(text).value == (text if len(text) == 3 else None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1", DepositKind.ORDINARY),
        ("２", DepositKind.CURRENT),
        ("4", DepositKind.SAVINGS),
        ("9", DepositKind.OTHER),
        ("普通預金", DepositKind.ORDINARY),
        ("当座", DepositKind.CURRENT),
        ("貯蓄", DepositKind.SAVINGS),
        ("その他", DepositKind.OTHER),
        ("Ordinary", DepositKind.ORDINARY),
        ("3", None),
        ("0", None),
        ("12", None),
    ],
)
def test_kinds_of_deposit(text: str, kind: DepositKind | None) -> None:
    assert read_deposit_kind(text).value is kind


@given(st.text(alphabet=KANA, min_size=1, max_size=15))
def test_every_kana_that_a_bank_can_write_becomes_large_and_half_width(text: str) -> None:
    unwritable = set("ヰヱゐゑ")
    name, codes = holder(text)
    if unwritable & set(text):
        assert Code.CHARACTERS_UNEXPECTED in codes
    else:
        assert name is not None
        assert set(name) <= set(TAKEN + "ｦ")
        assert (Code.KANA_NOT_TAKEN_EVERYWHERE in codes) == bool({"を", "ヲ"} & set(text))


@given(st.text(alphabet=TAKEN, min_size=1, max_size=30).filter(lambda name: name == name.strip() and "(" not in name))
def test_a_name_in_the_banks_own_form_is_left_alone(name: str) -> None:
    assert holder(name) == (name, [])


@given(st.text())
def test_a_name_is_settled_after_one_pass(text: str) -> None:
    first = read_holder(text)
    assert (first.value is None) == any(each.severity.value == "error" for each in first.findings)
    if first.value is not None:
        again = read_holder(first.value)
        assert again.value == first.value
        assert Code.VALUE_NORMALISED not in [each.code for each in again.findings]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("カ）ガッコーショップ", "ｶ)ｶﾞﾂｺ-ｼﾖﾂﾌﾟ"),
        ("がっこう", "ｶﾞﾂｺｳ"),
        ("ｶﾞｯｺｳ", "ｶﾞﾂｺｳ"),
        ("カ\u3099ッコウ", "ｶﾞﾂｺｳ"),
        ("カ゛ッコウ", "ｶﾞﾂｺｳ"),
        ("ヴァイオリン", "ｳﾞｱｲｵﾘﾝ"),
        ("ヵヶヮ", "ｶｹﾜ"),
        ("ｳｴｰﾌﾞ", "ｳｴ-ﾌﾞ"),
        ("ａｂｃ　Ｃｏ．", "ABC CO."),
        ("（カ）テスト", "ｶ)ﾃｽﾄ"),
        ("テスト（カ）", "ﾃｽﾄ(ｶ"),
        ("テスト(カ)トウキヨウ", "ﾃｽﾄ(ｶ)ﾄｳｷﾖｳ"),
        ("（ユ）テスト", "ﾕ)ﾃｽﾄ"),
        ("テスト(ド)", "ﾃｽﾄ(ﾄﾞ"),
        ("(ﾃｽﾄ)", "(ﾃｽﾄ)"),
        ("  ﾃｽﾄ  ", "ﾃｽﾄ"),
    ],
)
def test_names_as_people_write_them_become_names_as_banks_do(text: str, name: str) -> None:
    assert holder(text) == (name, [] if text == name else [Code.VALUE_NORMALISED])


@pytest.mark.parametrize("character", list("株ヰ,、・･/&%'ß\u212aı"))
def test_what_no_bank_is_known_to_take_is_refused(character: str) -> None:
    assert holder(f"ﾃｽﾄ{character}") == (None, [Code.CHARACTERS_UNEXPECTED])


def test_a_bank_that_takes_more_signs_is_given_them() -> None:
    assert read_holder("A/B", more_signs="/｢｣").value == "A/B"
    assert read_holder("A/B").value is None


def test_thirty_half_width_characters_are_the_most_and_a_voicing_mark_is_one() -> None:
    assert holder("ガ" * 15)[0] == "ｶﾞ" * 15
    assert holder("ガ" * 15 + "ア") == (None, [Code.TEXT_TOO_LONG])
    assert read_holder("ガ" * 16).findings[0].facts == {"length": 32, "most": 30}
    assert holder("ア" * 30)[0] == "ｱ" * 30


def test_a_letter_some_banks_refuse_is_a_notice() -> None:
    assert holder("ｦ") == ("ｦ", [Code.KANA_NOT_TAKEN_EVERYWHERE])
    assert holder("") == (None, [Code.VALUE_MISSING])
