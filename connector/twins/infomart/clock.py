"""The clock tells what time it is in the twin, which need not be the time outside."""

from asyncio import sleep
from datetime import UTC, date, datetime, timedelta, timezone

_GLANCE_SECONDS = 0.05  # how long a waiter looks away: the clock may be moved meanwhile

JST = timezone(timedelta(hours=9), "JST")  # Japan keeps no summer time, so a fixed offset is the whole truth


class Clock:
    """Tells real time plus whatever was added; with `stopped_at`, it moves only when told to."""

    def __init__(self, stopped_at: datetime | None = None) -> None:
        if stopped_at is not None and stopped_at.tzinfo is None:
            raise ValueError("a moment without a time zone means nothing")
        self._stopped_at = stopped_at
        self._added = timedelta(0)

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return (self._stopped_at or datetime.now(UTC)).astimezone(UTC) + self._added

    def today(self) -> date:
        """The present day in Japan, which is the only calendar the provider knows."""
        return self.now().astimezone(JST).date()

    def advance(self, by: timedelta) -> None:
        """Time moves on by this much, never back."""
        if by < timedelta(0):
            raise ValueError("time does not run backwards")
        self._added += by

    async def reach(self, moment: datetime) -> None:
        """Returns when this clock, however it is moved, has come to the moment."""
        while (left := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110  # no event tells how real time goes by
            await sleep(min(left, _GLANCE_SECONDS))
