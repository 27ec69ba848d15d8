"""The breaker of a provider: open, nobody asks; after a while one call tries whether it may be closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from connector.ids import ProviderKey


class Trouble(StrEnum):
    """Why a breaker is open."""

    CLIENT_REFUSED = "client_refused"  # our own id or secret is wrong: every call would be refused alike
    MAINTENANCE = "maintenance"  # the provider said so itself
    UNREACHABLE = "unreachable"  # call after call brought nothing


TRIPS_AFTER = 5  # faults of the provider in a row
_PAUSES = {
    # At most four calls are under way when a secret goes bad, so a quarter of an hour of it costs five in all.
    Trouble.CLIENT_REFUSED: timedelta(minutes=10),
    Trouble.MAINTENANCE: timedelta(minutes=1),
    Trouble.UNREACHABLE: timedelta(minutes=1),
}


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker that is open, for every process of the installation."""

    provider: ProviderKey
    trouble: Trouble
    opened_at: datetime
    open_until: datetime  # from then on one call at a time may try


def pause(trouble: Trouble, asked: timedelta = timedelta()) -> timedelta:
    """How long nobody asks, when the provider itself asked for `asked`."""
    return max(_PAUSES[trouble], asked)
