"""Workers as real processes, and a queue of a test's own."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from arq.connections import ArqRedis

from connector.doorbell import open_queue
from connector.embedded import bound_to_us
from connector.secret import Secret
from tests.conftest import Cluster

_numbers = count(1)  # Redis 0 is everybody's; each test of a queue takes another, so that a FLUSHDB hurts nobody
_DATABASES = 15


def own_redis(cluster: Cluster) -> str:
    """The address of a Redis database that the other tests of this moment do not use."""
    joint = "&" if "?" in cluster.redis_url else "?"
    return f"{cluster.redis_url}{joint}db={1 + next(_numbers) % _DATABASES}"


@asynccontextmanager
async def own_queue(cluster: Cluster) -> AsyncIterator[ArqRedis]:
    """An empty queue, and empty again afterwards."""
    queue = open_queue(Secret(own_redis(cluster)))
    await queue.flushdb()
    try:
        yield queue
    finally:
        await queue.flushdb()
        await queue.aclose(close_connection_pool=True)


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """`connector worker` on its own."""

    process: "subprocess.Popen[bytes]"
    log: Path
    folder: Path

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait()

    async def stop(self, within: float) -> int:
        """Tells it to stop and gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, within)

    def words(self) -> str:
        """What it has logged."""
        return self.log.read_text(errors="replace")


@contextmanager
def worker(environment: Mapping[str, str], folder: Path, name: str = "worker") -> Iterator[WorkerProcess]:
    """A worker for as long as the block lasts, or less if the test ends it."""
    home = folder / name
    home.mkdir()
    log = home / "log"
    told = {"PATH": os.defpath, "PYTHONUTF8": "1", "TMPDIR": str(home), **environment}
    with log.open("ab") as output:
        process = subprocess.Popen(
            bound_to_us([sys.executable, "-m", "connector", "worker"]),
            env=told,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    running = WorkerProcess(process, log, home)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


class Line:
    """A line to Redis that can be cut and mended."""

    def __init__(self, redis_url: str) -> None:
        self._target = urlsplit(redis_url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """The same Redis, reached over this line."""
        database = dict(parse_qsl(self._target.query)).get("db", "0")
        return f"redis://127.0.0.1:{self.port}/{database}"

    async def mend(self) -> None:
        """The line works from now on, at the port it had before."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Every connection ends, and nobody answers any more."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._target.scheme == "unix":
            there, back = await asyncio.open_unix_connection(self._target.path)
        else:
            there, back = await asyncio.open_connection(self._target.hostname, self._target.port or 6379)
        ends = {writer, back}
        self._writers |= ends
        try:
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        finally:
            self._writers -= ends


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await source.read(65_536):
            target.write(content)
            await target.drain()
    target.close()


async def until(check: Callable[[], Awaitable[Any]], within: float, what: Callable[[], str] = str) -> Any:
    """The first true answer of the check; fails when there was none within so many seconds."""
    deadline = time.monotonic() + within
    while not (answer := await check()):
        assert time.monotonic() < deadline, f"not within {within} seconds\n{what()}"
        await asyncio.sleep(0.05)
    return answer


async def started(running: WorkerProcess) -> None:
    """Returns once the worker has been round its timetable."""

    async def beaten() -> bool:
        assert running.process.poll() is None, running.words()
        return any(running.folder.glob("connector-worker-*.alive"))

    await until(beaten, 20, running.words)
