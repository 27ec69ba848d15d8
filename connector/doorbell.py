"""Rings the workers; a lost ring costs one sweep, so a queue that is down never fails a request."""

import json
import time
from typing import Annotated

import msgspec
import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from connector.ids import FetchId, TenantId
from connector.secret import Secret

READ_FETCH = "read_fetch"
QUEUE = "connector:doorbell"
_SAME_RING = 15  # seconds in which a second ring for the same work adds nothing
_OLD_RING = 60  # seconds after which whoever was to answer a ring is taken for dead
_LAST_MOMENT = 253_402_300_799_000  # the end of the year 9999 in milliseconds: arq makes a date of it

_log = structlog.get_logger("connector.doorbell")


class _Ring(msgspec.Struct, rename={"function": "f", "ids": "a", "named": "k", "tries": "t", "at": "et"}):
    """What arq puts on the queue, in arq's own letters: a name and some ids."""

    function: str
    ids: list[str]
    named: Annotated[dict[str, str], msgspec.Meta(max_length=0)]
    tries: int | None
    at: Annotated[int, msgspec.Meta(ge=0, le=_LAST_MOMENT)]


_RING = msgspec.json.Decoder(_Ring)


def serialise(content: dict[str, object]) -> bytes:
    """A ring as JSON: a queue that anyone may write to is never unpickled. Raises TypeError for what is not JSON."""
    return json.dumps(content, default=_name_of_failure, allow_nan=False).encode()


def deserialise(content: bytes) -> dict[str, object]:
    """The ring inside; raises ValueError for anything but a name and some ids."""
    ring = _RING.decode(content)
    return {"f": ring.function, "a": ring.ids, "k": {}, "t": ring.tries, "et": ring.at}


def _name_of_failure(value: object) -> str:
    """How arq's own failures are told; nothing else that is not JSON is ever put on the queue."""
    if isinstance(value, BaseException):
        return type(value).__name__
    raise TypeError(f"a {type(value).__name__} does not travel; a ring carries ids")


def open_queue(address: Secret) -> ArqRedis:
    """A connection to the queue, made on first use."""
    pool = ConnectionPool.from_url(address.reveal(), socket_connect_timeout=2, socket_timeout=10)
    return ArqRedis(
        pool,
        job_serializer=serialise,
        job_deserializer=deserialise,
        default_queue_name=QUEUE,
        expires_extra_ms=10 * _OLD_RING * 1000,
    )


async def forget_old_rings(queue: ArqRedis) -> None:
    """Takes rings off the queue that nobody answered in time; PostgreSQL remembers, and the sweep rings again.

    arq keeps what a killed worker was at, and looks at a hundred rings at most: enough dead ones would hide the living.
    """
    await queue.zremrangebyscore(QUEUE, "-inf", (time.time() - _OLD_RING) * 1000)


async def forget_all_rings(queue: ArqRedis) -> None:
    """Empties a queue that cannot be read."""
    await queue.delete(QUEUE)


class ArqDoorbell:
    """Rings through arq; carries ids only."""

    def __init__(self, queue: ArqRedis) -> None:
        self._queue = queue

    async def close(self) -> None:
        """Closes the connection to the queue."""
        await self._queue.aclose(close_connection_pool=True)

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> bool:
        """Asks a worker to read; False: the queue is down, and the next sweep asks again or reads by itself."""
        # The id thins rings that come together and promises nothing. It changes with time, because arq keeps the id
        # of a job whose worker was killed, and would swallow the ring that should replace it.
        ring = f"{READ_FETCH}:{fetch}:{int(time.time()) // _SAME_RING}"
        try:
            job = await self._queue.enqueue_job(READ_FETCH, str(tenant), str(fetch), _job_id=ring)
            # None: arq knows the id. It may know it from a ring that never reached the queue, which is no ring at all.
            return job is not None or await self._queue.zscore(QUEUE, ring) is not None
        except (RedisError, OSError) as cause:
            _log.warning("the doorbell is out of order", why=type(cause).__name__, fetch=str(fetch))
            return False
