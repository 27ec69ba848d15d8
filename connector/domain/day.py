"""Calendar days as people in Japan write them, by the Western year or by the era."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from connector.domain.finding import Checked, Code, echoed, found
from connector.domain.text import hyphened, settled


@dataclass(frozen=True, slots=True)
class Era:
    """An era and the days that belong to it, both ends included; None: it goes on [LAW-12]."""

    name: str
    year_before: int  # the Western year of its year nought
    first_day: date
    last_day: date | None

    def holds(self, day: date) -> bool:
        """Whether the day belongs to the era."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


_REIWA = Era("令和", 2018, date(2019, 5, 1), None)
_HEISEI = Era("平成", 1988, date(1989, 1, 8), date(2019, 4, 30))
_SHOWA = Era("昭和", 1925, date(1926, 12, 25), date(1989, 1, 7))
_TAISHO = Era("大正", 1911, date(1912, 7, 30), date(1926, 12, 24))
# Until the end of Meiji 5 days were counted by the moon, so that no arithmetic finds them [LAW-12].
_MEIJI = Era("明治", 1867, date(1873, 1, 1), date(1912, 7, 29))

_ERAS: Mapping[str, Era] = {
    **dict.fromkeys(("令和", "R", "㋿"), _REIWA),
    **dict.fromkeys(("平成", "H", "㍻"), _HEISEI),
    **dict.fromkeys(("昭和", "S", "㍼"), _SHOWA),
    **dict.fromkeys(("大正", "T", "㍽"), _TAISHO),
    **dict.fromkeys(("明治", "M", "㍾"), _MEIJI),
}

_WESTERN_YEAR = r"(?P<year>[0-9]{4})"
_ERA_YEAR = rf"(?P<era>{'|'.join(_ERAS)}) *(?P<year>元|[0-9]{{1,2}})"
_WITH_MARKS = r"(?P<mark>[-/.])(?P<month>[0-9]{1,2})(?P=mark)(?P<day>[0-9]{1,2})"
_IN_WORDS = r" *年 *(?P<month>[0-9]{1,2}) *月 *(?P<day>[0-9]{1,2}) *日"
_IN_ONE = r"(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
_FORMS = [
    re.compile(year + rest, re.IGNORECASE)
    for year, rests in ((_WESTERN_YEAR, (_WITH_MARKS, _IN_WORDS, _IN_ONE)), (_ERA_YEAR, (_WITH_MARKS, _IN_WORDS)))
    for rest in rests
]
_EVERYDAY = re.compile(r"[0-9]{4}([-/]?)[0-9]{2}\1[0-9]{2}")  # the three forms that need no remark [IX-17]


def read_day(given: str) -> Checked[date]:
    """The day in Japan; a moment with a time of day, or a year of two digits without its era, is none.

    >>> read_day("令和元年５月１日").value
    datetime.date(2019, 5, 1)
    >>> read_day("H31.5.1").findings[0].facts["days"]
    '1989-01-08 – 2019-04-30'
    """
    text = hyphened(given).strip()
    if not text:
        return Checked(None, (found(Code.VALUE_MISSING),))
    told = next(filter(None, (form.fullmatch(text) for form in _FORMS)), None)
    if told is None:
        return Checked(None, (found(Code.DAY_UNREADABLE, given=echoed(given)),))
    parts = told.groupdict()
    era = _ERAS[parts["era"].upper()] if parts.get("era") else None
    year = 1 if parts["year"] == "元" else int(parts["year"])
    try:
        day = date(year + (era.year_before if era else 0), int(parts["month"]), int(parts["day"]))
    except ValueError:
        return Checked(None, (found(Code.DAY_DOES_NOT_EXIST, given=echoed(given)),))
    if era and not era.holds(day):
        days = f"{era.first_day} – {era.last_day or ''}".rstrip()
        return Checked(None, (found(Code.DAY_OUTSIDE_ERA, given=echoed(given), era=era.name, days=days),))
    return Checked(day, () if _EVERYDAY.fullmatch(given) else settled(given, day.isoformat()).findings)
