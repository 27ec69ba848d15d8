"""A fault is a misfortune that waits for the next calls of one operation."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

_LONGEST_DELAY = 600  # twice the provider's own limit for a call (reference 3.1)


class Kind(StrEnum):
    """The ways in which a call can go wrong."""

    HTTP_503 = "http_503"  # maintenance page with Retry-After [IM-4]
    HTTP_500 = "http_500"  # refused before anything was done
    HTTP_500_AFTER = "http_500_after"  # done, and then 500: OpenAM may delete a token and fail to make the next
    DROP_BEFORE = "drop_before"  # connection closed, nothing done
    DROP_AFTER = "drop_after"  # done, connection closed without an answer
    HTML_200 = "html_200"  # a web page where JSON was expected
    TRUNCATE = "truncate"  # done, the answer cut half-way
    DELAY = "delay"  # done, but later
    LATE = "late"  # done at once, answered later
    HALF_DONE = "half_done"  # the old token is spent and no new one made, then 500: OpenAM's order of work
    RESET = "reset"  # done, and the line is reset
    LATE_COMMIT = "late_commit"  # checked at once, done later even if the caller has gone, then answered
    DROP_LATE = "drop_late"  # connection closed at once, done later
    HTTP_500_LATE = "http_500_late"  # 500 at once, done later
    EXPIRED = "http_401"  # the token counts no more, nothing done
    CONFLICT = "http_409"  # somebody else is changing the same, nothing done
    TOO_LARGE = "http_413"  # the request is too large, nothing done
    THROTTLED = "http_429"  # too many calls, nothing done
    CODED_503 = "http_503_coded"  # maintenance as an envelope instead of a page


DONE_LATE = frozenset({Kind.LATE_COMMIT, Kind.DROP_LATE, Kind.HTTP_500_LATE})
CODED = frozenset({Kind.EXPIRED, Kind.CONFLICT, Kind.TOO_LARGE, Kind.THROTTLED, Kind.CODED_503})


@dataclass(slots=True)
class Fault:
    """Strikes `count` calls of `operation` after letting `skip` calls pass."""

    operation: str
    kind: Kind
    count: int = 1
    skip: int = 0
    seconds: float = 0.0
    share: float = 1.0  # of the calls that come by, how many it strikes; the dice say which


@dataclass(slots=True)
class Faults:
    """Faults waiting their turn: the second of an operation starts when the first is spent."""

    operations: tuple[str, ...]
    die: Random = field(default_factory=lambda: Random(1))  # noqa: S311 - the same misfortunes every time
    _waiting: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        """The fault waits behind earlier ones of its operation."""
        if fault.operation not in self.operations:
            raise ValueError(f"unknown operation {fault.operation!r}; known: {', '.join(self.operations)}")
        if fault.count < 1 or fault.skip < 0 or not 0 <= fault.seconds <= _LONGEST_DELAY:
            raise ValueError(f"count starts at 1, skip at 0, and seconds go from 0 to {_LONGEST_DELAY}")
        if fault.kind in {Kind.DELAY, Kind.LATE, *DONE_LATE} and fault.seconds == 0:
            raise ValueError("a delay needs seconds")
        if fault.kind in {*DONE_LATE, *CODED} and fault.operation == "token":
            raise ValueError(f"{fault.kind} befalls the APIs only")
        if fault.kind is Kind.HALF_DONE and fault.operation != "token":
            raise ValueError("only a rotation can be half done")
        if not 0 < fault.share <= 1:
            raise ValueError("share is above 0 and at most 1")
        self._waiting.append(fault)

    def strike(self, operation: str) -> Fault | None:
        """The fault that this call of the operation suffers, if any."""
        fault = next((each for each in self._waiting if each.operation == operation), None)
        if fault is None:
            return None
        if fault.skip > 0:
            fault.skip -= 1
            return None
        if fault.share < 1 and self.die.random() >= fault.share:
            return None
        fault.count -= 1
        if fault.count == 0:
            self._waiting.remove(fault)
        return fault

    def waiting(self) -> list[dict[str, Any]]:
        """What has not struck yet, as JSON."""
        return [asdict(fault) for fault in self._waiting]

    def clear(self) -> None:
        """Nothing more will go wrong."""
        self._waiting.clear()


def read_fault(body: Mapping[str, Any]) -> Fault:
    """The fault that this JSON object describes; ValueError says what is wrong with it."""
    if unknown := sorted(set(body) - {"operation", "kind", "count", "skip", "seconds", "share"}):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    count, skip, seconds = body.get("count", 1), body.get("skip", 0), body.get("seconds", 0)
    if type(count) is not int or type(skip) is not int or type(seconds) not in {int, float}:
        raise ValueError("count and skip are whole numbers, seconds is a number")
    share = body.get("share", 1)
    if type(share) not in {int, float}:
        raise ValueError("share is a number")
    return Fault(str(body.get("operation")), Kind(str(body.get("kind"))), count, skip, float(seconds), float(share))
