"""A worker process: answers rings, keeps the timetable, and outlives its queue."""

import asyncio
import signal
from pathlib import Path

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from connector.bootstrap import Flows, opened
from connector.doorbell import QUEUE, READ_FETCH, deserialise, open_queue, serialise
from connector.settings import Settings
from workers import timetable
from workers.jobs import read_fetch

_LONGEST_JOB = 3600  # seconds; a fetch keeps its own lease and its own deadlines
_DRAIN = 30.0  # seconds a running job may take to end when the process is told to
_QUEUE_GONE = 1.0  # seconds before the queue is tried again

_log = structlog.get_logger("connector.workers")


async def work(settings: Settings, heartbeat: Path) -> None:
    """Works until told to stop; jobs under way are finished first, within half a minute."""
    stopping = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    async with opened(settings) as installation:
        clockwork = asyncio.create_task(timetable.keep(installation.flows, heartbeat.touch))
        bells = asyncio.create_task(_answer_rings(settings, installation.flows, stopping))
        stopped = asyncio.create_task(stopping.wait())
        _log.info("working")
        try:
            await asyncio.wait({clockwork, bells, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.set()
            clockwork.cancel()
            stopped.cancel()
            results = await asyncio.gather(bells, clockwork, stopped, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result
    _log.info("stopped")


async def _answer_rings(settings: Settings, flows: Flows, stopping: asyncio.Event) -> None:
    """Answers rings for as long as there is a queue, and waits for it when there is none: arq itself would end."""
    while not stopping.is_set():
        queue = open_queue(settings.redis_url)
        worker = _worker(queue, flows)
        running = asyncio.create_task(worker.async_run())
        told = asyncio.create_task(stopping.wait())
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        told.cancel()
        worker.allow_pick_jobs = False
        if worker.tasks:
            await asyncio.wait(worker.tasks.values(), timeout=_DRAIN)
        if running.done() and (failure := running.exception()):
            if not isinstance(failure, RedisError | OSError):
                raise failure
            _log.warning("the queue is gone; the timetable goes on", why=type(failure).__name__)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await queue.aclose(close_connection_pool=True)
        if not stopping.is_set():
            await asyncio.sleep(_QUEUE_GONE)


def _worker(queue: ArqRedis, flows: Flows) -> Worker:
    return Worker(
        functions=[func(read_fetch, name=READ_FETCH, timeout=_LONGEST_JOB, max_tries=1, keep_result=0)],
        redis_pool=queue,
        queue_name=QUEUE,
        handle_signals=False,
        poll_delay=0.02,
        max_jobs=20,
        keep_result=0,
        ctx={"flows": flows},
        job_serializer=serialise,
        job_deserializer=deserialise,
    )
