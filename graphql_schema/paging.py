"""Relay's pages: edges, cursors, and how many may be asked for at once."""

from typing import Annotated

import strawberry

from connector.domain.paging import FIRST_MOST
from connector.errors import InvalidInput

First = Annotated[int, strawberry.argument(description="How many items, 1 to 100.")]
After = Annotated[str | None, strawberry.argument(description="Cursor after which to go on; null: from the start.")]


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    """Where a page lies in its list."""

    has_next_page: bool = strawberry.field(description="Whether more follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether the page began at a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first item; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last item; null on an empty page.")

    @classmethod
    def of(cls, cursors: list[str], *, more_after: bool, more_before: bool) -> "PageInfo":
        """The page that these cursors mark out."""
        return cls(
            has_next_page=more_after,
            has_previous_page=more_before,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )


def checked_first(first: int) -> int:
    """The page size asked for; raises InvalidInput outside 1 to 100."""
    if not 1 <= first <= FIRST_MOST:
        raise InvalidInput(path=["first"], reason=f"a page has 1 to {FIRST_MOST} items")
    return first
