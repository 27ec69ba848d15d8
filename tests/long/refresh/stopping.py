"""Providers answer late and renewers stand still: never two calls for one token, and no answer thrown away."""

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from connector.domain.renewal import LEASE
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, fleet, twin_process

_ALL_AT_ONCE = {
    "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000",
    "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "200",
}
_ONE_AT_A_TIME = {**_ALL_AT_ONCE, "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "1"}
_SLICE = 20  # connections of one stopped renewer
_STRIDE = 3  # places from one renewer's to the next one's; a renewal passes five, so each kind is met
_LOOK_EVERY = 10.0  # seconds
_ANSWERED_AFTER = 4.0  # seconds; long enough that a whole batch has been sent when the renewer is stopped


@dataclass(frozen=True, slots=True)
class Stopped:
    """What became of a fleet whose answers came late."""

    most_at_once: int
    calls_too_many: int
    dead: int  # tokens in use that the provider would not take: an answer was thrown away
    not_active: int


async def answered_late(
    seconds: float, *, number: int, folder: Path, database_url: str, redis_url: str, mistake: str | None = None
) -> Stopped:
    """The provider does its work at once and takes so long to say so."""
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_ALL_AT_ONCE) as ours:
            await ours.make_due(ours.members)
            twin.ask("faults", {"operation": "token", "kind": "late", "seconds": seconds, "count": number})
            assert (
                await children.ended(children.start(children.renew_due, dict(ours.environment), 0.0, mistake=mistake))
                == 0
            )
            return await _judged(ours, probes=0)


async def stood_still(*, number: int, folder: Path, database_url: str, redis_url: str) -> Stopped:
    """A renewer is stopped while its calls are answered, for twice its lease; others sweep on meanwhile."""
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_ALL_AT_ONCE) as ours:
            await ours.make_due(ours.members)
            twin.ask("faults", {"operation": "token", "kind": "late", "seconds": _ANSWERED_AFTER, "count": number})
            child = children.start(children.renew_due, dict(ours.environment), 0.0)
            while twin.ask("counts")["calls"] < min(number, 200):  # noqa: ASYNC110 - another process does the work
                await asyncio.sleep(0.05)
            os.kill(child.pid or 0, signal.SIGSTOP)
            await _sweep_for_twice_the_lease(ours)
            os.kill(child.pid or 0, signal.SIGCONT)
            assert await children.ended(child) == 0
            await _sweep_later(ours)
            return await _judged(ours, probes=2)


@dataclass(frozen=True, slots=True)
class Frozen:
    """What became of a fleet whose renewers were stopped at one place after another, and went on much later."""

    places: int  # at which one was stopped
    most_at_once: int
    asked_again: int  # tokens the provider was asked for by somebody who had not asked before the lease was over
    dead: int
    not_active: int


async def frozen_everywhere(
    *, number: int, folder: Path, database_url: str, redis_url: str, mistake: str | None = None
) -> Frozen:
    """Each slice's renewer is stopped at a place of its own, all for twice the lease; others sweep on meanwhile."""
    with twin_process(folder) as twin:
        async with fleet(number, database_url, redis_url, twin, **_ONE_AT_A_TIME) as ours:
            crew, places = [], set()
            for turn, start in enumerate(range(0, number, _SLICE)):
                await ours.make_due(ours.members[start : start + _SLICE])
                said = ours.folder / f"last-words-{turn}"
                told = {**ours.environment, "CONNECTOR_FAIL": f"stop@{1 + _STRIDE * turn}"}
                crew.append(children.start(children.renew_due, told, 0.0, said=said, mistake=mistake))
                await children.stopped(crew[-1])
                places.add(said.read_text().split("stopped at ")[-1].strip())
            asked = twin.ask("counts")["by_pfid"]
            await _sweep_for_twice_the_lease(ours)
            for child in crew:
                os.kill(child.pid or 0, signal.SIGCONT)
            for child in crew:
                assert await children.ended(child) == 0
            await _sweep_later(ours)
            counts = twin.ask("counts")
            standings = await ours.standings()
            return Frozen(
                places=len(places),
                most_at_once=counts["most_at_once"],
                # One call is a sweeper's, made when the lease was over; a second would be the stopped renewer's.
                asked_again=sum(
                    1 for each in ours.members if each.pfid not in asked and counts["by_pfid"].get(each.pfid, 0) != 1
                ),
                dead=len(await ours.dead()),
                not_active=len(ours.members) - standings["active"],
            )


async def _sweep_for_twice_the_lease(ours: Fleet) -> None:
    for _ in range(round(2 * LEASE.total_seconds() / _LOOK_EVERY)):
        await asyncio.sleep(_LOOK_EVERY)
        assert await children.ended(children.start(children.sweep_until_quiet, dict(ours.environment), 0.0)) == 0


async def _sweep_later(ours: Fleet) -> None:
    """Whatever the late answers did not mend, the sweeps of the next minutes do."""
    for ahead in (timedelta(minutes=3), timedelta(minutes=6)):
        ours.twin.ask("clock", {"advance_seconds": 180})
        sweeping = children.start(children.sweep_until_quiet, dict(ours.environment), ahead.total_seconds())
        assert await children.ended(sweeping) == 0


async def _judged(ours: Fleet, *, probes: int) -> Stopped:
    counts = ours.twin.ask("counts")
    standings = await ours.standings()
    return Stopped(
        most_at_once=counts["most_at_once"],
        calls_too_many=sum(1 for calls in counts["by_pfid"].values() if calls > 1 + probes),
        dead=len(await ours.dead()),
        not_active=len(ours.members) - standings["active"],
    )
