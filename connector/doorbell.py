"""Rings the workers; a lost ring costs one sweep, so a queue that is down never fails a request."""

import json
import time

import structlog
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from connector.ids import FetchId, TenantId
from connector.secret import Secret

READ_FETCH = "read_fetch"
QUEUE = "connector:doorbell"
_SAME_RING = 15  # seconds in which a second ring for the same work adds nothing

_log = structlog.get_logger("connector.doorbell")


def serialise(content: dict[str, object]) -> bytes:
    """A ring as JSON: a queue that anyone may write to is never unpickled."""
    return json.dumps(content, default=repr).encode()


def deserialise(content: bytes) -> dict[str, object]:
    """The ring inside; raises ValueError for anything but an object."""
    told = json.loads(content)
    if not isinstance(told, dict):
        raise TypeError("a ring is a JSON object")
    return told


def open_queue(address: Secret) -> ArqRedis:
    """A connection to the queue, made on first use."""
    pool = ConnectionPool.from_url(address.reveal(), socket_connect_timeout=2, socket_timeout=10)
    return ArqRedis(pool, job_serializer=serialise, job_deserializer=deserialise, default_queue_name=QUEUE)


class ArqDoorbell:
    """Rings through arq; carries ids only."""

    def __init__(self, queue: ArqRedis) -> None:
        self._queue = queue

    async def close(self) -> None:
        """Closes the connection to the queue."""
        await self._queue.aclose(close_connection_pool=True)

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> None:
        """Asks a worker to read; when the queue is down the next sweep asks again."""
        # The id thins rings that come together and promises nothing. It changes with time, because arq keeps the id
        # of a job whose worker was killed, and would swallow the ring that should replace it.
        ring = f"{READ_FETCH}:{fetch}:{int(time.time()) // _SAME_RING}"
        try:
            await self._queue.enqueue_job(READ_FETCH, str(tenant), str(fetch), _job_id=ring)
        except (RedisError, OSError) as cause:
            _log.warning("the doorbell is out of order", why=type(cause).__name__, fetch=str(fetch))
