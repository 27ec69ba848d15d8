"""A worker process: answers rings, keeps the timetable, and outlives its queue."""

import asyncio
import signal
from pathlib import Path

import structlog

from connector.bootstrap import Flows, opened
from connector.secret import Secret
from connector.settings import Settings
from workers import rings, timetable
from workers.desk import Desk

_PLACES = 20  # fetches read at a time
_DRAIN = 25.0  # seconds a running page may take to end when the process is told to; a platform often kills after 30

_log = structlog.get_logger("connector.workers")


async def work(settings: Settings, heartbeat: Path) -> None:
    """Works until told to stop; pages under way are finished first, within half a minute."""
    stopping = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    async with opened(settings) as installation:
        with installation.watched():
            await _work(installation.flows, settings.redis_url, heartbeat, stopping)
    _log.info("stopped")


async def _work(flows: Flows, queue: Secret, heartbeat: Path, stopping: asyncio.Event) -> None:
    desk = Desk(flows.fetching, places=_PLACES)
    clockwork = asyncio.create_task(timetable.keep(flows, desk, heartbeat.touch))
    bells = asyncio.create_task(rings.answer(queue, desk, _PLACES, stopping))
    stopped = asyncio.create_task(stopping.wait())
    _log.info("working")
    try:
        await asyncio.wait({clockwork, bells, stopped}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.set()
        flows.upkeep.renewing.draining = True
        clockwork.cancel()
        await asyncio.gather(desk.close(_DRAIN), flows.keeping.close())
        results = await asyncio.gather(bells, clockwork, stopped, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
