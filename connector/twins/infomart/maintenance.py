"""The calendar knows the hours of every month in which the platform is closed for maintenance [IM-4]."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, time, timedelta
from re import fullmatch
from typing import Any

from connector.twins.infomart.clock import JST

_LATEST_DAY = 28  # every month has it
_LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Monthly:
    """The same hours of the same day in every month, in Japan."""

    day: int
    starts: str  # HH:MM
    minutes: int


@dataclass(slots=True)
class Calendar:
    """Closed hours."""

    monthly: list[Monthly] = field(default_factory=list)

    def closed_until(self, now: datetime) -> datetime | None:
        """When the maintenance ends that is going on; None: there is none."""
        here = now.astimezone(JST)
        for each in self.monthly:
            for day in (here.date(), here.date() - timedelta(days=1)):  # one that began yesterday may still go on
                starts = datetime.combine(day, time.fromisoformat(each.starts), JST)
                if day.day == each.day and starts <= here < (ends := starts + timedelta(minutes=each.minutes)):
                    return ends
        return None

    def as_json(self) -> dict[str, Any]:
        """Every closed time."""
        return {"monthly": [asdict(each) for each in self.monthly]}


def read_calendar(body: Mapping[str, Any]) -> Calendar:
    """The calendar that this JSON object describes; ValueError says what is wrong with it."""
    listed = body.get("monthly")
    if set(body) != {"monthly"} or not isinstance(listed, list):
        raise ValueError("a calendar is {'monthly': [{'day', 'starts', 'minutes'}]}")
    return Calendar([_read_monthly(each) for each in listed])


def _read_monthly(given: Any) -> Monthly:
    if not isinstance(given, dict) or set(given) != {"day", "starts", "minutes"}:
        raise ValueError("a monthly maintenance has day, starts and minutes")
    day, starts, minutes = given["day"], given["starts"], given["minutes"]
    if type(day) is not int or not 1 <= day <= _LATEST_DAY:
        raise ValueError(f"day must be 1 to {_LATEST_DAY}, which every month has")
    if not isinstance(starts, str) or not fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", starts):
        raise ValueError("starts must be HH:MM in Japan")
    if type(minutes) is not int or not 1 <= minutes <= _LONGEST_MINUTES:
        raise ValueError(f"minutes must be 1 to {_LONGEST_MINUTES}")
    return Monthly(day, starts, minutes)
