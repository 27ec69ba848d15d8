"""A span is a range of days, from one to another, as a search asks for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from connector.twins.infomart.assumed import LONGEST_SPAN
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.rules import Findings, day, read_block


@dataclass(frozen=True, slots=True)
class Span:
    """The days from one to another, both included; an end that is None is open."""

    name: str
    first: str | None
    last: str | None

    @property
    def ends(self) -> tuple[date, date]:
        """The first day and the last."""
        return (
            date.fromisoformat(self.first) if self.first else date.min,
            date.fromisoformat(self.last) if self.last else date.max,
        )

    @property
    def told(self) -> dict[str, str]:
        """The ends under their names in the request."""
        ends = {f"{self.name}_from": self.first, f"{self.name}_to": self.last}
        return {name: end for name, end in ends.items() if end is not None}

    def covers(self, day: str | None) -> bool:
        """Whether a day lies in it; no day lies in a span with an end, every day in one without."""
        if day is None:
            return self.first is None and self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


def read_span(fields: Mapping[str, Any], name: str, findings: Findings, *, required: bool = False) -> Span:
    """The fields `<name>_from` and `<name>_to`: not the wrong way round, and not longer than allowed [IM-52]."""
    first, last = f"{name}_from", f"{name}_to"
    before = len(findings.refusals)
    ends: dict[str, str | None] = {}
    for end in (first, last):
        given = read_block({end: fields.get(end)}, {end: day}, "", findings)
        if required and given.get(end, "") is None:
            findings.note(Code.REQUIRED, end)
        ends |= given
    if len(findings.refusals) > before:
        return Span(name, None, None)
    span = Span(name, ends[first], ends[last])
    if span.first and span.last and not timedelta(0) <= span.ends[1] - span.ends[0] <= LONGEST_SPAN:
        findings.note(Code.INCONSISTENT, first)
    return span
