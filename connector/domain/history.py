"""What was seen of an invoice's past: stages at looks, and between two looks a gap that hides whatever happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from connector.domain.invoice import IssuedStage, Stage

# What one look saw: a stage with the provider's own code for it, or None for an invoice that was no longer listed.
Sight: TypeAlias = "tuple[Stage | IssuedStage, int | None] | None"


@dataclass(frozen=True, slots=True)
class Observation:
    """Something that was seen, and the gap between two looks in which it came about; the way there was not seen."""

    sight: Sight
    not_before: datetime | None  # the last look known to have seen something else; None: nobody had looked before
    not_after: datetime  # the first look that saw this


@dataclass(frozen=True, slots=True)
class Change:
    """Two looks that saw different things, and none between them that is known of."""

    before: Sight
    after: Sight
    not_before: datetime
    not_after: datetime


def history(now: Sight, first_seen_at: datetime, changes: Sequence[Change]) -> Sequence[Observation]:
    """The observations that the changes, in the order of the looks, and what is seen now amount to.

    Two changes between two looks are one observation. Where the mirror was emptied and filled again, a change may have
    gone unwritten; it shows as one whose gap begins where the one before it did.
    """
    start = changes[0].before if changes else now
    seen = [Observation(start, None, min([first_seen_at, *[change.not_after for change in changes[:1]]]))]
    for change in changes:
        if change.before != seen[-1].sight:
            seen.append(Observation(change.before, seen[-1].not_before, change.not_after))
        seen.append(Observation(change.after, change.not_before, change.not_after))
    if now != seen[-1].sight:
        seen.append(Observation(now, seen[-1].not_before, max(first_seen_at, seen[-1].not_after)))
    return seen
