"""Knows whether a call may have left, and so what a failure of it may be taken for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from connector.errors import (
    ClientRefused,
    ConnectorError,
    ConsentEnded,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
    Whose,
)

_PUT_OFF = timedelta(minutes=1)  # after a fault of ours that nobody foresaw

_log = structlog.get_logger("connector.departing")


@dataclass(slots=True)
class Departure:
    """One call that spends a token: unsent until its last look is over, and from then on perhaps answered."""

    look: Callable[[], None]
    left: bool = False

    def last_look(self) -> None:
        """Nothing is sent if it raises; otherwise the call counts as sent, whatever becomes of it."""
        self.look()
        self.left = True

    def meaning(self, raised: Exception) -> ConnectorError:
        """What was raised, as what it says of the token; once the call has left, only the provider's word counts."""
        match raised:
            case OutcomeUnknown() | ConsentEnded() | ClientRefused() | RefusedByProvider():
                return raised
            case Unavailable(whose=Whose.PROVIDER):
                return raised
            case ConnectorError() if not self.left:
                return raised
        _log.error("a failure that tells nothing of the token", sent=self.left, exc_info=raised)
        return OutcomeUnknown() if self.left else Unavailable(wait=_PUT_OFF)
