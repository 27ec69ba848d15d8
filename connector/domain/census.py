"""The census: all connections of the installation counted, and none of them named."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.domain.breaker import Breaker
from connector.domain.connection import Cause, Standing
from connector.ids import ProviderKey

# A refresh token of 31 days [IM-3] has 17 left when its renewal has been failing for 14, and 7 when for 24.
ENDING_WITHIN = (1, 3, 7, 17, 24)  # days
RENEWABLE = (Standing.ACTIVE, Standing.UNCERTAIN, Standing.SUSPECT, Standing.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Counted:
    """The connections of one provider that stand alike."""

    provider: ProviderKey
    standing: Standing
    cause: Cause | None
    connections: int
    since: datetime  # the one that has stood so longest
    ending: Mapping[int, int]  # days -> of them, those whose consent ends within so many unless it is renewed


@dataclass(frozen=True, slots=True)
class Census:
    """What was counted at one moment."""

    taken_at: datetime
    counted: Sequence[Counted]
    breakers: Sequence[Breaker]  # the open ones
