"""A text is changed only where it must be, and whoever wrote it is told."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.finding import Code
from connector.domain.kana import composed, full_width_kana, half_width_kana, katakana, large_kana
from connector.domain.text import Field, bare, half_width, hyphened, is_digits, not_digits, read_text

# What one provider drops without a word [IM-37], with the forms to send instead.
VANISHING = dict(zip("%^*()[]<>'\",\t", "％＾＊（）［］＜＞’”， ", strict=True))
NAME = Field(most=10, vanishing=VANISHING)
KEY = Field(most=10, is_key=True, vanishing=VANISHING)
REMARKS = Field(most=1000, lines=True, vanishing=VANISHING)

# Compatibility normalisation would turn each of these into something else.
UNTOUCHABLE = "①Ⅳ㈱℡㎡½ﬁ…\u3231\ufa19髙﨑〜～‖￥￡￠￢￣"
HALF_KANA = st.text(alphabet=[chr(point) for point in range(0xFF61, 0xFFA0)])
KATAKANA = st.text(alphabet=[chr(point) for point in range(0x30A1, 0x30FB)] + ["ー"])
ANY = st.text() | HALF_KANA | KATAKANA | st.text(alphabet="かガ\u3099\u309a゛ｶﾞ")


def codes(given_text: str, room: Field) -> list[Code]:
    return [each.code for each in read_text(given_text, room).findings]


@given(st.text())
def test_half_width_touches_full_width_ascii_and_the_wide_space_alone(text: str) -> None:
    narrow = half_width(text)
    assert len(narrow) == len(text)
    for before, after in zip(text, narrow, strict=True):
        moved = "！" <= before <= "～" or before == "\u3000"
        assert after == (unicodedata.normalize("NFKC", before) if moved else before)
    assert half_width(narrow) == narrow


@pytest.mark.parametrize("convert", [full_width_kana, half_width_kana, katakana, composed, large_kana])
def test_no_conversion_of_kana_touches_what_is_no_kana(convert: Callable[[str], str]) -> None:
    assert convert(UNTOUCHABLE + "ABC abc ＡＢＣ 012 漢字") == UNTOUCHABLE + "ABC abc ＡＢＣ 012 漢字"


def test_half_width_leaves_signs_that_only_look_convertible() -> None:
    kept = UNTOUCHABLE.replace("～", "")
    assert half_width(kept) == kept


@given(ANY)
def test_kana_conversions_are_settled_after_one_pass(text: str) -> None:
    for convert in (composed, full_width_kana, half_width_kana, katakana, large_kana):
        assert convert(convert(text)) == convert(text)


@given(HALF_KANA)
def test_half_width_kana_survives_the_way_to_full_width_and_back(text: str) -> None:
    full = full_width_kana(text)
    assert half_width_kana(full) == text
    assert not any("\uff61" <= each <= "\uff9f" for each in full)


@pytest.mark.parametrize(
    ("half", "full"),
    [
        ("ｶﾞｷﾞｸﾞｹﾞｺﾞ", "ガギグゲゴ"),
        ("ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ", "パピプペポ"),
        ("ｳﾞｧｲｵﾘﾝ", "ヴァイオリン"),
        ("ｱﾞ", "ア゛"),
        ("ﾞｶ", "゛カ"),
        ("｢ﾃｽﾄ･ｶ｣､｡", "「テスト・カ」、。"),
        ("ｰ", "ー"),
    ],
)
def test_voicing_marks_join_the_kana_they_belong_to(half: str, full: str) -> None:
    assert full_width_kana(half) == full
    assert half_width_kana(full) == half


def test_a_mark_of_another_text_s_kana_stays_where_it_is() -> None:
    assert full_width_kana("カ゛") == "カ゛"
    assert full_width_kana("は\u309a ｶ\uff9e") == "ぱ ガ"


def test_composing_leaves_compatibility_ideographs_and_accents_alone() -> None:
    assert composed("\ufa19e\u0301か\u3099") == "\ufa19e\u0301が"


def test_figures_are_read_from_any_width_and_any_hyphen() -> None:
    assert hyphened("‐‑‒–—―−－ｰー") == "-" * 10
    assert bare("０1２\u30003-４") == "01234"
    assert not is_digits("")
    assert not is_digits("١٢٣")
    assert not is_digits("²")
    assert not_digits("1O2l") == "Ol"


@given(st.text(alphabet="ab漢％（" + "".join(VANISHING)))
def test_nothing_that_would_vanish_is_sent(text: str) -> None:
    sent = read_text(text, REMARKS).value
    assert sent is not None
    assert not set(sent) & set(VANISHING)
    assert len(sent) == len(text)
    assert (sent != text) == (codes(text, REMARKS) == [Code.CHARACTERS_REPLACED])


@given(st.text())
def test_a_text_comes_back_unchanged_unless_a_finding_says_otherwise(text: str) -> None:
    checked = read_text(text, REMARKS)
    if not checked.findings:
        assert checked.value == text
    assert (checked.value is None) == any(each.severity.value == "error" for each in checked.findings)


def test_every_replacement_is_named() -> None:
    checked = read_text("5% (税込)\t5%", NAME)
    assert checked.value == "5％ （税込） 5％"
    (notice,) = checked.findings
    assert notice.code is Code.CHARACTERS_REPLACED
    assert notice.facts == {"characters": "% ( ) U+0009", "used": "％ （ ） U+0020"}


@pytest.mark.parametrize("character", sorted(VANISHING))
def test_a_key_is_refused_rather_than_changed(character: str) -> None:
    checked = read_text(f"A{character}1", KEY)
    assert checked.value is None
    assert checked.findings[0].code is Code.CHARACTERS_WOULD_VANISH


def test_a_key_is_not_even_composed() -> None:
    assert read_text("か\u3099", KEY).value == "か\u3099"
    name = read_text("か\u3099", NAME)
    assert (name.value, [each.code for each in name.findings]) == ("が", [Code.VALUE_NORMALISED])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x" * 10, []),
        ("x" * 11, [Code.TEXT_TOO_LONG]),
        ("吉" * 10, []),
        ("𠮷" * 10, [Code.CHARACTERS_RARE]),  # a character is one, however many bytes it takes
        ("𠮷" * 11, [Code.CHARACTERS_RARE, Code.TEXT_TOO_LONG]),
        ("🙂", [Code.CHARACTERS_RARE]),
        ("👨\u200d👩", [Code.CHARACTERS_RARE]),
        ("", []),
        ("a\nb", [Code.CHARACTERS_UNUSABLE]),
        ("a\u200bb", [Code.CHARACTERS_UNUSABLE]),
        ("a\u202eb", [Code.CHARACTERS_UNUSABLE]),
        ("a\x00b", [Code.CHARACTERS_UNUSABLE]),
        ("a\x7fb", [Code.CHARACTERS_UNUSABLE]),
        ("a\u2028b", [Code.CHARACTERS_UNUSABLE]),
        ("a\ud800b", [Code.CHARACTERS_UNUSABLE]),
        ("a\uffffb", [Code.CHARACTERS_UNUSABLE]),
        ("a\ufdd0b", [Code.CHARACTERS_UNUSABLE]),
        ("a\U0001ffffb", [Code.CHARACTERS_UNUSABLE]),
        ("①㈱髙", []),
    ],
)
def test_a_line_of_text_takes_these_and_not_those(text: str, expected: list[Code]) -> None:
    assert codes(text, NAME) == expected


def test_a_key_holds_nothing_invisible() -> None:
    assert codes("a\u200db", KEY) == [Code.CHARACTERS_UNUSABLE]


def test_a_text_of_several_lines_keeps_its_breaks_and_nothing_else_that_is_invisible() -> None:
    assert read_text("一\n二", REMARKS).value == "一\n二"
    both_ends = read_text("一\r\n二", REMARKS)
    assert (both_ends.value, [each.code for each in both_ends.findings]) == ("一\n二", [Code.VALUE_NORMALISED])
    assert codes("一\r二", REMARKS) == [Code.CHARACTERS_UNUSABLE]
