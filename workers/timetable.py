"""What happens by the clock, whether or not the queue is up: PostgreSQL remembers what is due."""

import asyncio
from collections.abc import Callable

import structlog

from connector.bootstrap import Flows
from connector.errors import ConnectorError
from workers.desk import Desk
from workers.harness import reported

SWEEP_EVERY = 2.0  # seconds; a lost ring costs at most this, and a dead reader's lease besides

_log = structlog.get_logger("connector.timetable")


async def keep(flows: Flows, desk: Desk, beat: Callable[[], None]) -> None:
    """Sweeps for ever, and reads what could not be rung for; `beat` follows each round that ended as foreseen.

    A database that is away is foreseen: the worker waits for it, and killing it would bring nothing back.
    """
    while True:
        sound = await flows.keeping.sweep()
        try:
            unheard = await flows.fetching.sweep()
            for tenant, fetch in unheard:
                desk.take(tenant, fetch)
            if unheard:
                _log.warning("read without a ring", fetches=len(unheard))
            with reported("census"):  # a worker works on, whatever becomes of those who watch it
                await flows.watching.look()
        except ConnectorError as failure:
            _log.warning("sweep stopped", failure=str(failure))
        except Exception:  # noqa: BLE001 - without a beat the probe ends a worker that goes on like this
            _log.exception("sweep failed")
            sound = False
        if sound:
            beat()
        await asyncio.sleep(SWEEP_EVERY)
