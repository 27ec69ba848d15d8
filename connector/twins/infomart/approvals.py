"""Approvals move a received invoice from stage to stage, as people do on screen; no API moves it [IM-57]."""

from dataclasses import dataclass
from datetime import datetime

# The same code means different things in the two modes [IM-11].
WITH_WORKFLOW = (50, 51, 59, 60, 69, 70, 71)  # [IM-58]
WITHOUT_WORKFLOW = (50, 71)  # [IM-59]

UNTOUCHED = 50
DONE = 71

_ONWARD = {50: 51, 51: 60, 60: 70, 70: 71, 59: 51, 69: 60}  # [IM-136]; a rejected one is taken up again
_BACK = {51: 59, 60: 69, 70: 69}


@dataclass(frozen=True, slots=True)
class Step:
    """One moment in an invoice's past, which only the control routes tell [IM-57]."""

    at: datetime
    deed: str
    wf_status: int | None  # None: it was not with the receiver then


def approved(code: int, *, uses_workflow: bool) -> int:
    """The stage after this one; ValueError if there is none."""
    if code == DONE:
        raise ValueError("an invoice whose approvals are done goes no further")
    return _ONWARD[code] if uses_workflow else DONE


def rejected(code: int, *, uses_workflow: bool) -> int:
    """Where a rejection inside the company leads; ValueError if nobody can reject it here."""
    if not uses_workflow or code not in _BACK:
        raise ValueError(f"an invoice at {code} cannot be rejected")
    return _BACK[code]
