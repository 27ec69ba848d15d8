"""What is wrong, or worth knowing, about a value somebody wants to send: a code and facts, never a sentence."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Self, TypeVar

T = TypeVar("T")

Fact = str | int | Decimal | date

_LONGEST_ECHO = 40  # characters of what somebody typed that a finding repeats
_MOST_NAMED = 10  # characters named one by one


class Severity(StrEnum):
    """Whether the value can be used."""

    ERROR = "error"  # not as it is
    NOTICE = "notice"  # it can; somebody should know


_ERROR, _NOTICE = Severity.ERROR, Severity.NOTICE


class Code(StrEnum):
    """Every finding there is: its stable name, whether it stops the value, and the facts that come with it."""

    severity: Severity
    facts: frozenset[str]

    def __new__(cls, name: str, severity: Severity, *facts: str) -> Self:
        """One line of the list below."""
        code = str.__new__(cls, name)
        code._value_ = name
        code.severity = severity
        code.facts = frozenset(facts)
        return code

    VALUE_MISSING = "VALUE_MISSING", _ERROR
    VALUE_NORMALISED = "VALUE_NORMALISED", _NOTICE, "given", "used"
    TEXT_TOO_LONG = "TEXT_TOO_LONG", _ERROR, "length", "most"
    CHARACTERS_UNUSABLE = "CHARACTERS_UNUSABLE", _ERROR, "characters"
    CHARACTERS_UNEXPECTED = "CHARACTERS_UNEXPECTED", _ERROR, "characters"
    CHARACTERS_WOULD_VANISH = "CHARACTERS_WOULD_VANISH", _ERROR, "characters"
    CHARACTERS_REPLACED = "CHARACTERS_REPLACED", _NOTICE, "characters", "used"
    CHARACTERS_RARE = "CHARACTERS_RARE", _NOTICE, "characters"
    DIGITS_WRONG_COUNT = "DIGITS_WRONG_COUNT", _ERROR, "digits", "wanted"

    TOO_MANY = "TOO_MANY", _ERROR, "count", "most"
    FILES_TOO_LARGE = "FILES_TOO_LARGE", _ERROR, "bytes", "most"
    NOT_TOGETHER = "NOT_TOGETHER", _ERROR, "one", "other"
    NOT_HERE = "NOT_HERE", _ERROR, "one"

    NUMBER_UNREADABLE = "NUMBER_UNREADABLE", _ERROR, "given"
    NUMBER_TOO_LARGE = "NUMBER_TOO_LARGE", _ERROR, "digits", "most"
    NUMBER_TOO_FINE = "NUMBER_TOO_FINE", _ERROR, "decimals", "most"
    CURRENCY_UNKNOWN = "CURRENCY_UNKNOWN", _ERROR, "given"

    DAY_UNREADABLE = "DAY_UNREADABLE", _ERROR, "given"
    DAY_DOES_NOT_EXIST = "DAY_DOES_NOT_EXIST", _ERROR, "given"
    DAY_OUTSIDE_ERA = "DAY_OUTSIDE_ERA", _ERROR, "given", "era", "days"

    REGISTRATION_WITHOUT_T = "REGISTRATION_WITHOUT_T", _ERROR, "given"
    CHECK_DIGIT_WRONG = "CHECK_DIGIT_WRONG", _ERROR, "found", "expected"
    CHECK_DIGIT_DOUBTFUL = "CHECK_DIGIT_DOUBTFUL", _NOTICE, "found", "expected"

    DEPOSIT_KIND_UNKNOWN = "DEPOSIT_KIND_UNKNOWN", _ERROR, "given"
    KANA_NOT_TAKEN_EVERYWHERE = "KANA_NOT_TAKEN_EVERYWHERE", _NOTICE, "characters"
    MAIL_ADDRESS_BROKEN = "MAIL_ADDRESS_BROKEN", _ERROR, "part"

    FIGURE_UNSTATED = "FIGURE_UNSTATED", _NOTICE, "figure"
    RATE_UNSTATED = "RATE_UNSTATED", _NOTICE
    RATE_REPEATED = "RATE_REPEATED", _ERROR, "bucket"
    RATE_ENDED = "RATE_ENDED", _ERROR, "bucket", "day", "last_day"
    RATE_DOUBTFUL = "RATE_DOUBTFUL", _NOTICE, "bucket", "last_day"
    TAX_UNLAWFUL = "TAX_UNLAWFUL", _ERROR, "tax", "least", "most"
    TAX_ROUNDED_OTHERWISE = "TAX_ROUNDED_OTHERWISE", _NOTICE, "tax", "expected", "rounding"
    TAX_UNUSUAL = "TAX_UNUSUAL", _NOTICE, "tax", "least", "most"
    TAX_WITHOUT_RATE = "TAX_WITHOUT_RATE", _ERROR, "tax", "bucket"
    SUM_DIFFERS = "SUM_DIFFERS", _ERROR, "net", "tax", "gross"
    LINES_DIFFER = "LINES_DIFFER", _ERROR, "figure", "stated", "sum"
    LINES_ROUNDED = "LINES_ROUNDED", _NOTICE, "figure", "stated", "sum"
    TOTAL_DIFFERS = "TOTAL_DIFFERS", _ERROR, "figure", "stated", "sum"
    TAX_PAIR_BROKEN = "TAX_PAIR_BROKEN", _ERROR, "missing"
    PAYABLE_DIFFERS = "PAYABLE_DIFFERS", _ERROR, "stated", "expected", "withheld"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found about one value; `path` leads to it from whatever was checked."""

    code: Code
    facts: Mapping[str, Fact]
    path: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.facts.keys() != self.code.facts:
            raise ValueError(f"{self.code} comes with {sorted(self.code.facts)}, not with {sorted(self.facts)}")

    @property
    def severity(self) -> Severity:
        """Whether it stops the value."""
        return self.code.severity

    def at(self, *path: str) -> "Finding":
        """The same finding, seen from further out."""
        return replace(self, path=(*path, *self.path))


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """A value fit to be used and what was found about it; None exactly when an error was found."""

    value: T | None
    findings: tuple[Finding, ...] = ()

    def at(self, *path: str) -> "Checked[T]":
        """The same, seen from further out."""
        return replace(self, findings=tuple(each.at(*path) for each in self.findings))


def found(code: Code, **facts: Fact) -> Finding:
    """A finding about the very value that was checked.

    >>> found(Code.TEXT_TOO_LONG, length=31, most=30).at("customer", "name").path
    ('customer', 'name')
    """
    return Finding(code=code, facts=facts)


def passed(value: T, findings: Iterable[Finding] = ()) -> Checked[T]:
    """The value with its findings; an error among them takes the value away."""
    kept = tuple(findings)
    stopped = any(each.severity is Severity.ERROR for each in kept)
    return Checked(value=None if stopped else value, findings=kept)


def echoed(text: str) -> str:
    r"""What somebody typed, short enough to repeat, and with nothing invisible in it.

    >>> echoed("a\tb")
    'aU+0009b'
    """
    short = text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
    return "".join(each if each.isprintable() else _code_point(each) for each in short)


def named(characters: Iterable[str]) -> str:
    r"""Characters one by one, each once; those that cannot be seen by their code points.

    >>> named("<\t<")
    '< U+0009'
    """
    each_once = list(dict.fromkeys(characters))
    shown = [each if each.isprintable() and not each.isspace() else _code_point(each) for each in each_once]
    return " ".join(shown[:_MOST_NAMED] + ["…"] * (len(shown) > _MOST_NAMED))


def _code_point(character: str) -> str:
    return f"U+{ord(character):04X}"
