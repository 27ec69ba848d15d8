"""Answers rings for as long as there is a queue, and outlives it."""

import asyncio
from contextlib import suppress

import structlog
from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError, ResponseError

from connector.doorbell import (
    QUEUE,
    READ_FETCH,
    deserialise,
    forget_all_rings,
    forget_old_rings,
    open_queue,
    serialise,
)
from connector.secret import Secret
from workers.desk import Desk
from workers.jobs import read_fetch

_LONGEST_JOB = 3600  # seconds; a fetch keeps its own lease and its own deadlines
_ASK_AGAIN = 0.1  # seconds before a worker that was told to end is told so again
_QUEUE_GONE = 1.0  # seconds before the queue is tried again
_TIDY_EVERY = 15.0  # seconds

_log = structlog.get_logger("connector.workers")


async def answer(address: Secret, desk: Desk, places: int, stopping: asyncio.Event) -> None:
    """Answers rings until told to stop; arq itself would end with its queue, so each queue gets a worker of its own."""
    told = asyncio.create_task(stopping.wait())
    while not stopping.is_set():
        queue = open_queue(address)
        worker = _worker(queue, desk, places)
        running = asyncio.create_task(worker.async_run())
        tidying = asyncio.create_task(_tidy(queue))
        await asyncio.wait({running, told}, return_when=asyncio.FIRST_COMPLETED)
        tidying.cancel()
        await _ended(worker, running, told)
        await _explain(running, queue)
        await asyncio.gather(tidying, return_exceptions=True)
        await queue.aclose(close_connection_pool=True)
        await asyncio.wait({told}, timeout=_QUEUE_GONE)


async def _ended(worker: Worker, running: "asyncio.Task[None]", told: "asyncio.Task[bool]") -> None:
    """Takes no more rings. Told to stop, jobs end with their readings; without a queue, the desk reads on alone."""
    worker.allow_pick_jobs = False
    jobs = list(worker.tasks.values())
    if told.done() and jobs:
        await asyncio.wait(jobs)  # the desk is being closed, which takes as long as it is allowed to
    for job in jobs:
        job.cancel()
    while not running.done():
        # A connection that is being made at that moment swallows a cancellation, so one may not be enough.
        running.cancel()
        await asyncio.wait({running}, timeout=_ASK_AGAIN)
    await asyncio.gather(*jobs, return_exceptions=True)


async def _explain(running: "asyncio.Task[None]", queue: ArqRedis) -> None:
    """Says why a worker ended by itself. Whatever a foreign hand left on the queue must not end the next one, too."""
    failure = None if running.cancelled() else running.exception()
    if isinstance(failure, RedisError | OSError) and not isinstance(failure, ResponseError):
        _log.warning("the queue is gone; the timetable goes on", why=type(failure).__name__)
    elif failure is not None:
        _log.error("the queue held what nobody can read; it is emptied", exc_info=failure)
        with suppress(RedisError, OSError):
            await forget_all_rings(queue)


async def _tidy(queue: ArqRedis) -> None:
    while True:
        with suppress(RedisError, OSError):
            await forget_old_rings(queue)
        await asyncio.sleep(_TIDY_EVERY)


def _worker(queue: ArqRedis, desk: Desk, places: int) -> Worker:
    return Worker(
        functions=[func(read_fetch, name=READ_FETCH, timeout=_LONGEST_JOB, max_tries=1, keep_result=0)],
        redis_pool=queue,
        queue_name=QUEUE,
        handle_signals=False,
        poll_delay=0.02,
        max_jobs=places,
        keep_result=0,
        ctx={"desk": desk},
        job_serializer=serialise,
        job_deserializer=deserialise,
    )
