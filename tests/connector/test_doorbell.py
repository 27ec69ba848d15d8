"""A ring carries ids as JSON, and a bell out of order fails nobody."""

import pickle
import socket
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from arq.connections import ArqRedis
from arq.jobs import SerializationError

from connector.doorbell import QUEUE, READ_FETCH, ArqDoorbell, deserialise, forget_old_rings, open_queue, serialise
from connector.ids import FetchId, TenantId
from connector.secret import Secret
from tests.conftest import Cluster
from tests.workers.crew import own_queue

TENANT, FETCH = TenantId(uuid4()), FetchId(uuid4())
RING: dict[str, object] = {"f": READ_FETCH, "a": [str(TENANT), str(FETCH)], "k": {}, "t": None, "et": 1_700_000_000_000}


class Touching:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_ring_arrives_as_it_was_sent() -> None:
    assert deserialise(serialise(RING)) == RING


@pytest.mark.parametrize(
    "content", [Secret("hush"), {"a": [Secret("hush")]}, object(), {1, 2}, b"bytes", uuid4(), float("nan"), TENANT]
)
def test_what_is_not_plain_json_is_not_put_on_the_queue_as_text_or_otherwise(content: object) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        serialise({"f": "read_fetch", "a": [content]})
    assert "hush" not in str(refusal.value)


def test_a_failure_of_the_queue_is_told_by_its_kind_and_without_its_words() -> None:
    assert serialise({"r": ValueError("a token might be in here")}) == b'{"r": "ValueError"}'


async def test_a_secret_given_to_the_queue_is_refused_and_nothing_of_it_is_stored(cluster: Cluster) -> None:
    async with own_queue(cluster) as queue:
        with pytest.raises(SerializationError):
            await queue.enqueue_job(READ_FETCH, Secret("hush-hush-canary"), _job_id="secret")

        assert await queue.zcard(QUEUE) == 0
        assert not [key async for key in queue.scan_iter("*") if b"hush" in (await queue.dump(key) or b"")]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b"{}",
        b"\x80\x04.",
        b"\xff\xfe",
        b"{" * 100_000,
        serialise({**RING, "f": []}),
        serialise({**RING, "f": None}),
        serialise({**RING, "a": 5}),
        serialise({**RING, "a": [5]}),
        serialise({**RING, "a": {"tenant": "x"}}),
        serialise({**RING, "k": {"fetch": "x"}}),
        serialise({**RING, "k": []}),
        serialise({**RING, "t": "soon"}),
        serialise({**RING, "et": "now"}),
        serialise({**RING, "et": -1}),
        serialise({**RING, "et": 10**18}),
        serialise({name: value for name, value in RING.items() if name != "et"}),
    ],
)
def test_a_ring_that_is_not_a_name_and_some_ids_is_refused(content: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        deserialise(content)


def test_a_pickle_on_the_queue_is_refused_without_being_opened(tmp_path: Path) -> None:
    trap = tmp_path / "opened"
    content = pickle.dumps({**RING, "a": [Touching(trap)]})

    with pytest.raises(ValueError, match="JSON"):
        deserialise(content)

    assert not trap.exists()
    pickle.loads(content)  # noqa: S301 - shows that the trap would have worked
    assert trap.exists()


async def test_rings_that_come_together_are_one_and_carry_ids_only(cluster: Cluster) -> None:
    async with own_queue(cluster) as queue:
        bell = ArqDoorbell(queue)
        first_bucket = int(time.time()) // 15
        rang = [await bell.ring_fetch(TENANT, FETCH) for _ in range(10)]

        names = [name.decode() for name in await queue.zrange(QUEUE, 0, -1)]
        assert rang == [True] * 10
        assert 1 <= len(names) <= 1 + int(time.time()) // 15 - first_bucket
        assert all(name.startswith(f"{READ_FETCH}:{FETCH}:") for name in names)
        stored = [await queue.get(f"arq:job:{name}") for name in names]
        assert [deserialise(each)["a"] for each in stored if each] == [[str(TENANT), str(FETCH)]] * len(names)


async def test_a_ring_that_never_reached_the_queue_is_no_ring(cluster: Cluster) -> None:
    async with own_queue(cluster) as queue:
        bell = ArqDoorbell(queue)
        await queue.set(QUEUE, "not a queue")
        assert await bell.ring_fetch(TENANT, FETCH) is False
        await queue.delete(QUEUE)
        assert [key async for key in queue.scan_iter("arq:job:*")]  # arq remembers it all the same
        assert await bell.ring_fetch(TENANT, FETCH) is False


async def test_a_bell_without_a_queue_says_so_and_fails_nobody(tmp_path: Path) -> None:
    bell = ArqDoorbell(open_queue(Secret(f"unix://{tmp_path}/nobody.sock")))
    assert await bell.ring_fetch(TENANT, FETCH) is False
    await bell.close()


async def test_a_bell_whose_queue_never_answers_gives_up_within_seconds() -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(1)
        with socket.create_connection(door.getsockname()), socket.create_connection(door.getsockname()):
            bell = ArqDoorbell(open_queue(Secret(f"redis://127.0.0.1:{door.getsockname()[1]}")))
            began = time.monotonic()
            assert await bell.ring_fetch(TENANT, FETCH) is False
            assert time.monotonic() - began < 5
            await bell.close()


async def test_a_ring_nobody_answered_for_a_minute_is_taken_off_and_a_fresh_one_stays(cluster: Cluster) -> None:
    async with own_queue(cluster) as queue:
        now = time.time() * 1000
        await queue.zadd(QUEUE, {"dead": now - 61_000, "fresh": now - 30_000})
        await forget_old_rings(queue)
        assert await queue.zrange(QUEUE, 0, -1) == [b"fresh"]


async def test_a_ring_is_forgotten_by_redis_after_minutes_and_not_after_a_day(cluster: Cluster) -> None:
    async with own_queue(cluster) as queue:
        assert isinstance(queue, ArqRedis)
        await queue.enqueue_job(READ_FETCH, str(TENANT), str(FETCH), _job_id="ring")
        assert 0 < await queue.pttl("arq:job:ring") <= 600_000
