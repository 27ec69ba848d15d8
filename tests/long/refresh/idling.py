"""Nobody asks for anything for weeks, the provider is away for days, and we are stopped for twenty: none expires."""

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connector.bootstrap import Installation
from connector.errors import Unavailable
from tests.long.refresh.fleet import AheadClock, Fleet, fleet, twin_process
from tests.world import INFOMART

STEP = timedelta(hours=6)
IDLE = timedelta(days=45)
OUTAGE = (timedelta(days=12), timedelta(days=15))
MAINTENANCE = (timedelta(days=30), timedelta(days=30, hours=8))
STOPPED = timedelta(days=20)
_FAST = {"CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000", "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "16"}


@dataclass(frozen=True, slots=True)
class Idled:
    """What became of a fleet that was left alone."""

    expired: int  # connections that are not active, or whose token the provider would not take
    most_keep_alives: int
    expired_by_stop: int


async def idled(*, number: int, folder: Path, database_url: str, redis_url: str) -> Idled:
    """Six weeks of a worker's sweeps, one every six hours; then twenty days of nothing, and a sweep."""
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_FAST) as ours:
            clock = AheadClock()
            async with ours.installation(clock) as installation:
                away = False
                while clock.ahead < IDLE:
                    should = any(begin <= clock.ahead < end for begin, end in (OUTAGE, MAINTENANCE))
                    if should is not away:
                        away = should
                        twin.ask("maintenance", {"on": away})
                    await _later(ours, clock, STEP, installation)
                twin.ask("maintenance", {"on": False})
                expired = await _not_alive(ours)
                rows = await ours.administer("select connection_id as c, count(*) - 1 as n from grants group by 1")
                most = max(Counter({row["c"]: row["n"] for row in rows}).values())
            clock.ahead += STOPPED
            twin.ask("clock", {"advance_seconds": STOPPED.total_seconds()})
            async with ours.installation(clock) as installation:
                await _later(ours, clock, timedelta(), installation)
            return Idled(expired=expired, most_keep_alives=most, expired_by_stop=await _not_alive(ours))


async def _later(ours: Fleet, clock: AheadClock, by: timedelta, installation: Installation) -> None:
    clock.ahead += by
    if by:
        ours.twin.ask("clock", {"advance_seconds": by.total_seconds()})
    keeping = installation.flows.keeping
    await keeping.find_abandoned()
    with suppress(Unavailable):
        await keeping.renew_due(keeping.register.provider(INFOMART))


async def _not_alive(ours: Fleet) -> int:
    standings = await ours.standings()
    return sum(standings.values()) - standings["active"] + len(await ours.dead())
