"""A day is read by the Western year or by the era, and one that cannot be is told why."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.day import read_day
from connector.domain.finding import Code

WIDE = str.maketrans("0123456789-/.", "０１２３４５６７８９－／．")
# The first day of each era, the Western year of its year nought, and the letter that stands for it.
ERAS = [
    (date(2019, 5, 1), 2018, "令和", "R", "㋿"),
    (date(1989, 1, 8), 1988, "平成", "H", "㍻"),
    (date(1926, 12, 25), 1925, "昭和", "S", "㍼"),
    (date(1912, 7, 30), 1911, "大正", "T", "㍽"),
    (date(1873, 1, 1), 1867, "明治", "M", "㍾"),
]
DAYS = st.dates(min_value=date(1873, 1, 1), max_value=date(2117, 12, 31))


def in_era(day: date) -> tuple[str, str, str, int]:
    """The era's names and the year in it."""
    first, before, name, letter, sign = next(era for era in ERAS if era[0] <= day)
    assert first <= day
    return name, letter, sign, day.year - before


def codes(text: str) -> list[Code]:
    return [each.code for each in read_day(text).findings]


@given(st.dates(min_value=date(1, 1, 1)), st.booleans())
def test_the_three_everyday_forms_are_read_without_a_remark(day: date, wide: bool) -> None:
    for form in ("{:%Y-%m-%d}", "{:%Y/%m/%d}", "{:%Y%m%d}"):
        text = form.format(day).rjust(len(form.format(date(2000, 1, 1))), "0")
        checked = read_day(text.translate(WIDE) if wide else text)
        assert checked.value == day
        assert [each.code for each in checked.findings] == ([Code.VALUE_NORMALISED] if wide else [])


@given(DAYS)
def test_a_day_is_read_by_its_era_in_every_form(day: date) -> None:
    name, letter, sign, year = in_era(day)
    years = [str(year), f"{year:02}"] + ["元"] * (year == 1)
    for each in years:
        for text in (
            f"{name}{each}年{day.month}月{day.day}日",
            f"{sign}{each}年{day.month:02}月{day.day:02}日",
            f"{name} {each} 年 {day.month} 月 {day.day} 日",
            f"{letter}{each}.{day.month}.{day.day}",
            f"{letter.lower()}{each}/{day.month:02}/{day.day:02}",
            f"{letter}{each}-{day.month}-{day.day}".translate(WIDE),
        ):
            checked = read_day(text)
            assert checked.value == day, text
            assert [(found.code, found.facts["used"]) for found in checked.findings] == [
                (Code.VALUE_NORMALISED, day.isoformat())
            ]


@given(DAYS, st.sampled_from(ERAS))
def test_a_day_is_refused_under_every_era_but_its_own(day: date, era: tuple[date, int, str, str, str]) -> None:
    _, before, name, _, _ = era
    year = day.year - before
    if 0 <= year <= 99:
        checked = read_day(f"{name}{year}年{day.month}月{day.day}日")
        own = in_era(day)[0] == name
        assert checked.value == (day if own else None)
        assert [each.code for each in checked.findings] == [Code.VALUE_NORMALISED if own else Code.DAY_OUTSIDE_ERA]


@pytest.mark.parametrize(("first_day", "before", "name"), [(era[0], era[1], era[2]) for era in ERAS])
def test_an_era_begins_on_its_first_day_and_not_the_day_before(first_day: date, before: int, name: str) -> None:
    last_of_the_other = first_day - timedelta(days=1)
    assert read_day(f"{name}{first_day.year - before}年{first_day.month}月{first_day.day}日").value == first_day
    text = f"{name}{last_of_the_other.year - before}年{last_of_the_other.month}月{last_of_the_other.day}日"
    assert codes(text) == [Code.DAY_OUTSIDE_ERA]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("大正15年12月24日", date(1926, 12, 24)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("明治45年7月29日", date(1912, 7, 29)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("明治6年1月1日", date(1873, 1, 1)),
        ("R6.4.1", date(2024, 4, 1)),
        ("令和6年4月1日", date(2024, 4, 1)),
        ("令和６年２月２９日", date(2024, 2, 29)),
        ("2026年4月1日", date(2026, 4, 1)),
        ("2026/4/1", date(2026, 4, 1)),
        ("2026.04.01", date(2026, 4, 1)),
        ("2026−04−01", date(2026, 4, 1)),
        (" 20260401 ", date(2026, 4, 1)),
    ],
)
def test_these_are_days(text: str, day: date) -> None:
    assert read_day(text).value == day


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("平成31年5月1日", "1989-01-08 – 2019-04-30"),
        ("昭和64年1月8日", "1926-12-25 – 1989-01-07"),
        ("昭和101年1月1日", None),
        ("令和元年4月30日", "2019-05-01 –"),
        ("令和0年1月1日", "2019-05-01 –"),
        ("明治5年12月2日", "1873-01-01 – 1912-07-29"),
    ],
)
def test_a_day_outside_its_era_is_told_the_days_of_the_era(text: str, days: str | None) -> None:
    checked = read_day(text)
    assert checked.value is None
    assert [each.facts.get("days") for each in checked.findings] == [days]


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2026-02-30",
        "2026-13-01",
        "2026-00-10",
        "2026-04-31",
        "20260400",
        "0000-01-01",
        "令和7年2月29日",
        "1900-02-29",
    ],
)
def test_a_day_that_never_comes_is_no_day(text: str) -> None:
    assert codes(text) == [Code.DAY_DOES_NOT_EXIST]


@pytest.mark.parametrize(
    "text",
    [
        "26/04/01",
        "2026-04/01",
        "2026-04-01T00:00:00Z",
        "2026-04-01 00:00",
        "04/01/2026",
        "2026年4月",
        "2026-4",
        "2026041",
        "202604010",
        "R6",
        "X6.4.1",
        "令和六年四月一日",
        "令和6/4月1日",
        "慶応3年1月1日",
        "R060401",
        "元年4月1日",
        "2026-04-01\n2026-04-02",
        "٢٠٢٦-٠٤-٠١",
        "today",
    ],
)
def test_what_is_no_day_is_not_guessed_at(text: str) -> None:
    assert codes(text) == [Code.DAY_UNREADABLE]


@pytest.mark.parametrize("text", ["", " ", "\u3000"])
def test_an_empty_day_is_missing(text: str) -> None:
    assert codes(text) == [Code.VALUE_MISSING]


@given(st.text() | st.text(alphabet="0123456789-/.年月日元令和RHSTM "))
def test_no_text_at_all_breaks_the_reading(text: str) -> None:
    checked = read_day(text)
    assert (checked.value is None) == any(each.severity.value == "error" for each in checked.findings)
