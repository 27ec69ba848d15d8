"""Our own secret is wrong for a quarter of an hour: nobody is marked, and hardly anybody is asked."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connector.errors import Unavailable
from tests.long.refresh.fleet import AheadClock, fleet, twin_process
from tests.world import INFOMART

STEP = timedelta(seconds=30)
WRONG_FOR = timedelta(minutes=15)
_PACE = {"CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000"}


@dataclass(frozen=True, slots=True)
class Refused:
    """What a wrong secret cost."""

    marked: int
    calls: int  # while it was wrong
    renewed: int  # once it was right again


async def refused(*, number: int, folder: Path, database_url: str, redis_url: str) -> Refused:
    """The whole fleet is due while the provider does not know our secret; then it does again."""
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_PACE) as ours:
            clock = AheadClock()
            await ours.make_due(ours.members)
            async with ours.installation(clock) as one, ours.installation(clock) as other:
                twin.know("a-secret-nobody-told-us")
                before = twin.ask("counts")["calls"]
                while clock.ahead < WRONG_FOR:
                    for keeping in (one.flows.keeping, other.flows.keeping):
                        with suppress(Unavailable):
                            await keeping.renew_due(keeping.register.provider(INFOMART))
                    clock.ahead += STEP
                    twin.ask("clock", {"advance_seconds": STEP.total_seconds()})
                calls = twin.ask("counts")["calls"] - before
                standings = await ours.standings()
                twin.know()
                clock.ahead += timedelta(minutes=10)
                for _ in range(2):  # the first call of all is a trial, and closes the breaker
                    with suppress(Unavailable):
                        keeping = one.flows.keeping
                        await keeping.renew_due(keeping.register.provider(INFOMART))
            renewed = await ours.administer("select count(*) as n from grants where parent_id is not null")
            return Refused(marked=number - standings["active"], calls=calls, renewed=renewed[0]["n"])
