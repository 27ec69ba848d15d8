"""Pages of a list whose cursors stay put while rows come and go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

FIRST_MOST = 100
FIRST_DEFAULT = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list in its order, and whether more follow."""

    items: Sequence[T]
    more_after: bool
    more_before: bool
