"""How commands speak: one line for a person, one object for a program, failures on standard error."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from connector.errors import ConnectorError, InvalidInput, Misconfigured
from connector.wording import say

_errors = Console(stderr=True, highlight=False)


def tell(facts: Mapping[str, object], line: str, *, as_json: bool) -> None:
    """Prints the outcome on standard output."""
    print(json.dumps(facts, ensure_ascii=False) if as_json else line)  # noqa: T201 - the one place that prints


def tell_failure(failure: ConnectorError, *, as_json: bool) -> None:
    """Prints what is wrong and who can do what about it, in both languages."""
    said = say(failure)
    if as_json:
        told = {
            "code": failure.code,
            "message": said.en.what,
            "messageJa": said.ja.what,
            "remedy": said.en.action,
            "remedyJa": said.ja.action,
        }
        if isinstance(failure, Misconfigured):
            told["problems"] = list(failure.problems)  # type: ignore[assignment]  # one list among texts
        print(json.dumps({"error": told}, ensure_ascii=False), file=sys.stderr)  # noqa: T201 - as above
        return
    if isinstance(failure, Misconfigured):
        _errors.print(f"[bold red]{failure.code}[/]  設定に誤りがあります / The settings are wrong:")
        for problem in failure.problems:
            _errors.print(f"  • {problem}", markup=False, soft_wrap=True)
        return
    # What a failure says may hold what somebody typed, so none of it is taken for markup, and no line is broken.
    _errors.print(f"[bold red]{failure.code}[/]  {escape(said.ja.what)} {escape(said.ja.action)}", soft_wrap=True)
    _errors.print(f"  {said.en.what} {said.en.action}", markup=False, soft_wrap=True)


def moment(text: str, name: str) -> datetime:
    """The moment a person typed, in UTC unless it says otherwise; raises InvalidInput for what is none."""
    try:
        typed = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(path=[name], reason=f"{text!r} is not a moment like 2026-11-20T00:00Z") from None
    return typed if typed.tzinfo else typed.replace(tzinfo=UTC)
