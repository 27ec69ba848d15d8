"""Every finding is told in both languages with all of its facts, and says what to do about it."""

import re
from datetime import date
from decimal import Decimal

import pytest

from connector.domain.finding import Code, Finding, found
from connector.domain.tax import Bucket, Rounding
from connector.wording import Wording, say_of
from connector.wording.findings import FINDINGS

JAPANESE = r"[ぁ-んァ-ン一-龠]"


def every_finding(text: str) -> list[Finding]:
    """One finding of each code, whose facts all read `text`."""
    return [Finding(code=code, facts=dict.fromkeys(code.facts, text)) for code in Code]


def spoken(finding: Finding) -> list[str]:
    said = say_of(finding)
    return [said.ja.what, said.ja.action, said.en.what, said.en.action]


def _places(wording: Wording) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", wording.what))


def test_every_finding_has_words_and_no_words_are_left_over() -> None:
    assert set(FINDINGS) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_every_finding_is_told_with_all_of_its_facts_in_both_languages(code: Code) -> None:
    assert _places(FINDINGS[code].ja) == code.facts
    assert _places(FINDINGS[code].en) == code.facts


def test_every_finding_says_what_is_wrong_and_what_to_do() -> None:
    for finding in every_finding("x"):
        ja_what, ja_action, en_what, en_action = spoken(finding)
        for words in (ja_what, ja_action):
            assert re.search(JAPANESE, words), finding
            assert words.endswith("。"), finding
        for words in (en_what, en_action):
            assert not re.search(JAPANESE, words), finding
            assert words.endswith("."), finding


def test_a_fact_that_looks_like_a_placeholder_is_shown_as_it_is() -> None:
    hostile = "{given} {0} %s <b>"
    for finding in every_finding(hostile):
        for words in spoken(finding)[::2]:
            assert words.count(hostile) >= len(finding.code.facts), finding
            assert "{" not in words.replace(hostile, "")


@pytest.mark.parametrize("bucket", list(Bucket))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_rates_and_roundings_are_called_by_their_names(bucket: Bucket, rounding: Rounding) -> None:
    on_untaxed = say_of(found(Code.TAX_WITHOUT_RATE, tax=Decimal(1), bucket=bucket))
    rounded = say_of(found(Code.TAX_ROUNDED_OTHERWISE, tax=Decimal(1), expected=Decimal(2), rounding=rounding))
    for said in (on_untaxed, rounded):
        for words in (said.ja.what, said.en.what):
            assert "_" not in words
    assert not re.search("[a-z]", on_untaxed.ja.what + rounded.ja.what)


@pytest.mark.parametrize("figure", ["net", "tax", "gross"])
def test_figures_are_called_by_their_names(figure: str) -> None:
    said = say_of(found(Code.TOTAL_DIFFERS, figure=figure, stated=Decimal("1E+3"), sum=Decimal("-0.50")))
    assert "金額" in said.ja.what or "税額" in said.ja.what
    assert not re.search("[a-z]", said.ja.what)
    assert "1000" in said.en.what
    assert "-0.50" in said.en.what


@pytest.mark.parametrize("part", ["at", "local", "domain"])
def test_the_broken_part_of_a_mail_address_is_called_by_its_name(part: str) -> None:
    said = say_of(found(Code.MAIL_ADDRESS_BROKEN, part=part))
    assert not re.search("[a-z]", said.ja.what)
    assert "at sign" in said.en.what


def test_a_whole_finding_reads_like_a_sentence() -> None:
    said = say_of(found(Code.RATE_ENDED, bucket=Bucket.OLD_8, day=date(2026, 4, 1), last_day=date(2019, 9, 30)))
    assert said.ja.what == "旧税率8%は2019-09-30までの取引の税率で、取引日は2026-04-01です。"
    assert said.en.what == "The transaction is of 2026-04-01, and the old rate of 8 % ended on 2019-09-30."
