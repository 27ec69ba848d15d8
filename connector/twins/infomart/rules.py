"""Rules say what a field of a request may hold, and read it into the form in which it is kept (reference 3.5).

A field that is absent, null or "" holds nothing [IM-94]; a number may come as text and a code as a number [IM-95];
lengths count characters [IM-96].
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from math import isfinite
from re import fullmatch
from typing import Any

from connector.twins.infomart.answers import Refusal
from connector.twins.infomart.assumed import AMOUNT_DIGITS, QUANTITY_DIGITS
from connector.twins.infomart.catalogue import Code

Rule = Callable[[Any], Any]  # the value as it is kept; raises WrongError


class WrongError(Exception):
    """A value breaks its rule."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


@dataclass(slots=True)
class Findings:
    """Collects every fault of a request, or of one element of its list, so that all are named at once."""

    index: int | None = None  # from 1; None: the request as a whole
    refusals: list[Refusal] = field(default_factory=list)

    def note(self, code: Code, item: str | None = None) -> None:
        """Something is wrong at this path."""
        self.refusals.append(Refusal(code, item, self.index))

    def require(self, block: Mapping[str, Any], path: str, *names: str) -> None:
        """Each of these fields must hold something; one that is at fault already is not named again."""
        known = {each.error_item for each in self.refusals}
        for name in names:
            if block.get(name) is None and f"{path}{name}" not in known:
                self.note(Code.REQUIRED, f"{path}{name}")


def read_block(given: Any, rules: Mapping[str, Rule], path: str, findings: Findings) -> dict[str, Any]:
    """The known fields that were given, None where one was given empty; unknown ones are ignored [IM-95].

    The path stands before each name, so it is empty or ends with a dot.
    """
    if not isinstance(given, Mapping):
        if not is_nothing(given):
            findings.note(Code.WRONG_FORMAT, path.removesuffix(".") or None)
        return {}
    block: dict[str, Any] = {}
    for name, rule in rules.items():
        if name not in given:
            continue
        if is_nothing(given[name]):
            block[name] = None
            continue
        try:
            block[name] = rule(given[name])
        except WrongError as wrong:
            findings.note(wrong.code, f"{path}{name}")
    return block


def read_list(given: Any, path: str, most: int, findings: Findings) -> list[Any]:
    """The elements of a list; nothing is an empty one."""
    if is_nothing(given):
        return []
    if not isinstance(given, list):
        findings.note(Code.WRONG_FORMAT, path)
        return []
    if len(given) > most:
        findings.note(Code.TOO_MANY, path)
        return []
    return given


def is_nothing(value: Any) -> bool:
    """Whether a value means "not specified"; what XML holds between two tags may be a line's end."""
    return value is None or (isinstance(value, str) and not value.strip())


def text(most: int, pattern: str = r"(?s).*") -> Rule:
    """Characters, at most so many."""

    def read(value: Any) -> str:
        said = _text_of(value)
        if len(said) > most:
            raise WrongError(Code.TOO_LONG)
        if not fullmatch(pattern, said):
            raise WrongError(Code.WRONG_FORMAT)
        return said

    return read


def shape(pattern: str) -> Rule:
    """Characters of one shape."""
    return text(len(pattern) + 1000, pattern)


def one_of(*values: str) -> Rule:
    """One of a few codes."""

    def read(value: Any) -> str:
        said = _text_of(value)
        if said not in values:
            raise WrongError(Code.WRONG_FORMAT)
        return said

    return read


def account_number(value: Any) -> str:
    """Seven digits, filled with noughts on the left (reference 4.4)."""
    said = _text_of(value)
    if not fullmatch("[0-9]{1,7}", said):
        raise WrongError(Code.WRONG_FORMAT)
    return said.zfill(7)


def day(value: Any) -> str:
    """A day in Japan, as `yyyy-MM-dd` and not otherwise [IM-39]."""
    if isinstance(value, str) and fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value):  # fromisoformat also reads 20261101
        with suppress(ValueError):
            return date.fromisoformat(value).isoformat()
    raise WrongError(Code.WRONG_FORMAT)


def whole(digits: int, least: int | None = None) -> Rule:
    """A whole number of at most so many digits."""

    def read(value: Any) -> int:
        number = _number_of(value)
        if number != number.to_integral_value():
            raise WrongError(Code.WRONG_FORMAT)
        if abs(number) >= 10**digits:
            raise WrongError(Code.TOO_LONG)
        if least is not None and number < least:
            raise WrongError(Code.WRONG_FORMAT)
        return int(number)

    return read


amount = whole(AMOUNT_DIGITS)  # yen, perhaps negative [IM-41]


def decimal(value: Any) -> int | float:
    """A quantity or a unit price."""
    number = _number_of(value)
    before, after = QUANTITY_DIGITS
    if abs(number) >= 10**before or number != round(number, after):
        raise WrongError(Code.TOO_LONG)
    return int(number) if number == number.to_integral_value() else float(number)


def untouched(value: Any) -> Any:
    """Whatever was given, with plain numbers; its meaning was not recovered (reference 4.1)."""
    if isinstance(value, dict):
        return {name: untouched(each) for name, each in value.items()}
    if isinstance(value, list):
        return [untouched(each) for each in value]
    if isinstance(value, Decimal):
        if not isfinite(float(value)):
            raise WrongError(Code.TOO_LONG)
        return float(value)
    return value


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise WrongError(Code.WRONG_FORMAT)


def _number_of(value: Any) -> Decimal:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and fullmatch(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", value):
        with suppress(InvalidOperation):
            return Decimal(value)
    raise WrongError(Code.WRONG_FORMAT)
