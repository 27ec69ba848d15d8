"""A finding has a code from one list, the facts that go with it, and a path that grows from the inside out."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.finding import Checked, Code, Fact, Finding, Severity, echoed, found, named, passed


def test_a_finding_comes_with_its_code_s_facts_and_no_others() -> None:
    assert found(Code.TEXT_TOO_LONG, length=31, most=30).facts == {"length": 31, "most": 30}
    wrong: list[dict[str, Fact]] = [{}, {"length": 31}, {"length": 31, "most": 30, "text": "x"}]
    for facts in wrong:
        with pytest.raises(ValueError, match="TEXT_TOO_LONG comes with"):
            Finding(code=Code.TEXT_TOO_LONG, facts=facts)


def test_a_code_is_its_own_stable_name_and_says_whether_it_stops_the_value() -> None:
    for code in Code:
        assert code.value == code.name
        assert re.fullmatch(r"[A-Z]+(_[A-Z]+)+", code.value)
        assert found(code, **dict.fromkeys(code.facts, "x")).severity is code.severity
    assert {code.severity for code in Code} == set(Severity)


def test_a_path_grows_from_the_inside_out() -> None:
    missing = passed("", [found(Code.VALUE_MISSING)])
    seen = missing.at("bank_account").at("customer", "0")
    assert [each.path for each in seen.findings] == [("customer", "0", "bank_account")]
    assert missing.findings[0].path == ()


def test_an_error_takes_the_value_away_and_a_notice_does_not() -> None:
    notice, error = found(Code.RATE_UNSTATED), found(Code.VALUE_MISSING)
    assert passed("x", [notice]) == Checked("x", (notice,))
    assert passed("x", [notice, error]) == Checked(None, (notice, error))


@given(st.text())
def test_what_is_repeated_of_a_text_is_short_and_shows_everything_in_it(text: str) -> None:
    told = echoed(text)
    assert told.isprintable()
    assert len(told) <= 41 * len("U+10FFFF")
    assert named(text).isprintable()
    assert len(named(text).split(" ")) <= 11


def test_characters_are_named_once_each_and_at_most_ten_of_them() -> None:
    assert named("") == ""
    assert named("%\t%　") == "% U+0009 U+3000"
    assert named("abcdefghij") == "a b c d e f g h i j"
    assert named("abcdefghijk") == "a b c d e f g h i j …"
