"""What happens by the clock, whether or not the queue is up: PostgreSQL remembers what is due."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from connector.bootstrap import Flows
from connector.errors import ConnectorError

SWEEP_EVERY = 2.0  # seconds; a lost ring costs at most this, and a dead reader's lease besides

_log = structlog.get_logger("connector.timetable")


async def keep(flows: Flows, beat: Callable[[], None]) -> None:
    """Sweeps for ever; `beat` is called after each round that PostgreSQL answered."""
    while True:
        if await _round(flows.fetching.sweep):
            beat()
        await asyncio.sleep(SWEEP_EVERY)


async def _round(sweep: Callable[[], Awaitable[int]]) -> bool:
    try:
        rung = await sweep()
    except ConnectorError as failure:
        _log.warning("sweep stopped", code=failure.code)
        return False
    if rung:
        _log.info("rang", fetches=rung)
    return True
