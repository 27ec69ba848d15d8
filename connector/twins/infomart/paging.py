"""Paging cuts a list into the part that was asked for, in the manner of each generation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connector.twins.infomart.assumed import MOST_GIVEN
from connector.twins.infomart.profiles import Paging
from connector.twins.infomart.rules import Findings, read_block, whole

T = TypeVar("T")

RULES = {
    Paging.PAGE_NO: {"page_no": whole(9, least=1)},
    Paging.START_POSITION: {"start_position": whole(9, least=1), "get_count": whole(9, least=1)},
}


@dataclass(frozen=True, slots=True)
class Part:
    """Which rows of a list are wanted."""

    first: int  # from 0
    count: int
    told: Mapping[str, int]  # how the request said it, for the answer

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """Those rows."""
        return rows[self.first : self.first + self.count]


def read_part(fields: Mapping[str, Any], paging: Paging, page_size: int, findings: Findings) -> Part:
    """The part that a request asks for; without a wish, the first (reference 5.1)."""
    wish = read_block({key: fields.get(key) for key in RULES[paging]}, RULES[paging], "", findings)
    if paging is Paging.PAGE_NO:
        page_no = wish.get("page_no") or 1
        return Part((page_no - 1) * page_size, page_size, {"page_no": page_no})
    start, count = wish.get("start_position") or 1, wish.get("get_count") or MOST_GIVEN
    return Part(start - 1, min(count, MOST_GIVEN), {"start_position": start, "get_count": min(count, MOST_GIVEN)})
