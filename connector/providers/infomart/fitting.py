"""How a value of ours is made fit for one field of theirs: what would vanish there, how long, how large, how fine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, TypeAlias

from connector.domain.finding import Checked, Code, Finding, found, passed
from connector.domain.money import Limit, read_amount, read_figure
from connector.domain.text import Field, not_digits, read_text

# What the provider takes out of any value without a word, and what is sent instead; only half-width forms vanish.
VANISHING: Mapping[str, str] = {  # [IM-37, IM-38]
    "%": "％",
    "^": "＾",
    "*": "＊",
    "(": "（",
    ")": "）",
    "[": "［",
    "]": "］",
    "<": "＜",
    ">": "＞",
    "'": "’",
    '"': "”",
    "\t": " ",
    ",": "，",
}

_AMOUNT = Limit(whole=12, decimals=0)  # [IM-41]
_QUANTITY = Limit(whole=10, decimals=4)  # [IM-96]
_KEY_DIGITS = 10  # [IM-55]

Fit: TypeAlias = Callable[[Any], Checked[Any]]


@dataclass(frozen=True, slots=True)
class Slot:
    """One field: our name, theirs, and how its value is made fit."""

    ours: str
    theirs: str
    fit: Fit


@dataclass(frozen=True, slots=True)
class Block:
    """The fields of one object of a request, and the path that leads to it on our side."""

    ours: tuple[str, ...]
    slots: Sequence[Slot]


def fill(draft: object, slots: Sequence[Slot], *, clears: bool = False) -> tuple[dict[str, object], list[Finding]]:
    """What to send for a draft, by their names, and what was found, by ours.

    What was not said is not sent. `clears`: an empty text empties the field over there; False: it says nothing [IM-94].
    """
    told: dict[str, object] = {}
    findings: list[Finding] = []
    for slot in slots:
        given = getattr(draft, slot.ours)
        if given is None or (given == "" and not clears):
            continue
        checked = passed("") if given == "" else slot.fit(given)
        findings += checked.at(slot.ours).findings
        if checked.value is not None:
            told[slot.theirs] = checked.value
    return told, findings


def text(most: int, *, lines: bool = False) -> Fit:
    """Words for people: what would vanish is replaced, and a notice says so."""
    return partial(read_text, room=Field(most, lines=lines, vanishing=VANISHING))


def key(most: int) -> Fit:
    """A text that others are found by: refused if any of it would vanish."""
    return partial(read_text, room=Field(most, is_key=True, vanishing=VANISHING))


def kept(read: Callable[[str], Checked[str]], most: int = 1000) -> Fit:
    """What `read` makes of it, refused if any of that would vanish."""

    def fit(given: str) -> Checked[str]:
        checked = read(given)
        if checked.value is None:
            return checked
        return passed(checked.value, [*checked.findings, *key(most)(checked.value).findings])

    return fit


def one_of(theirs: Mapping[Any, str]) -> Fit:
    """One of our words, by their code for it."""
    return lambda given: passed(theirs[given])


def day(given: date) -> Checked[str]:
    """The day as they write it [IM-39]."""
    return passed(given.isoformat())


def amount(given: Decimal) -> Checked[int]:
    """Yen, as a number: as a text it would lose its commas unsaid [IM-37]."""
    checked = read_amount(given, _AMOUNT)
    return Checked(None if checked.value is None else int(checked.value), checked.findings)


def quantity(given: Decimal) -> Checked[int | float]:
    """A quantity or a unit price as a number; its fourteen digits survive being a float."""
    checked = read_figure(given, _QUANTITY)
    if checked.value is None:
        return Checked(None, checked.findings)
    whole = checked.value == checked.value.to_integral_value()
    return Checked(int(checked.value) if whole else float(checked.value), checked.findings)


def order(given: int) -> Checked[int]:
    """A place in a list, of at most nine digits."""
    if given < 0:
        return Checked(None, (found(Code.NUMBER_UNREADABLE, given=str(given)),))
    checked = read_figure(given, Limit(whole=9, decimals=0))
    return Checked(None if checked.value is None else int(checked.value), checked.findings)


def flag(given: bool) -> Checked[str]:
    """Yes or no [IM-40]."""
    return passed("1" if given else "0")


def invoice_key(given: str) -> Checked[int]:
    """The provider's number of an invoice [IM-55]."""
    strange = not_digits(given)
    if strange:
        return Checked(None, (found(Code.NUMBER_UNREADABLE, given=given[:_KEY_DIGITS]),))
    if len(given) > _KEY_DIGITS:
        return Checked(None, (found(Code.NUMBER_TOO_LARGE, digits=len(given), most=_KEY_DIGITS),))
    return passed(int(given))
