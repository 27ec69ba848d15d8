"""PostgreSQL is killed while the provider's answers are on their way: nothing is lost, and nobody new is asked."""

import asyncio
import os
import signal
import subprocess
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from connector.embedded import servers
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, fleet, twin_process

_ANSWERED_AFTER = 3.0  # seconds
_AT_ONCE = 100
_BATCHES = 3  # of a hundred, which one process has under way


@dataclass(frozen=True, slots=True)
class Away:
    """What an outage of the database cost."""

    new_calls: int  # made while it was away
    dead: int
    not_active: int


class Postmaster:
    """A PostgreSQL that can be killed and started again as it was."""

    def __init__(self, folder: Path) -> None:
        self._room = folder
        [self._file] = folder.rglob("postmaster.pid")
        self._pid = int(self._file.read_text().split()[0])
        self._words = Path(f"/proc/{self._pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        self._user = self._file.stat().st_uid
        self._again: subprocess.Popen[bytes] | None = None

    def kill(self) -> None:
        """Ends it and everything of it, as a power cut would."""
        crew = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal() and self._parent(path)]
        for pid in (self._pid, *crew):
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)

    def _parent(self, path: Path) -> bool:
        try:
            return path.joinpath("stat").read_text().rpartition(")")[2].split()[1] == str(self._pid)
        except OSError:  # it has ended meanwhile
            return False

    def start(self) -> None:
        """The same server on the same data."""
        # The dead one is our child and not yet buried, so it would still be taken for alive.
        for lock in (self._file, *self._room.glob(".s.PGSQL.*")):
            lock.unlink(missing_ok=True)
        user = self._user if os.geteuid() == 0 else None
        self._again = subprocess.Popen(
            [os.fsdecode(word) for word in self._words], user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """The one that was started again ends."""
        if self._again is not None:
            self._again.send_signal(signal.SIGINT)
            self._again.wait(30)


async def database_away(seconds: float, *, number: int, folder: Path, mistake: str | None = None) -> Away:
    """The whole fleet is due; the database dies as soon as everybody of the first batches has been asked."""
    told = {
        "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000",
        "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": str(_AT_ONCE * _BATCHES),
    }
    with servers(durable=True) as own, twin_process(folder) as twin, ExitStack() as stack:
        postmaster = Postmaster(own.folder)
        async with fleet(number, own.database_url, own.redis_url, twin, **told) as ours:
            await ours.make_due(ours.members)
            twin.ask("faults", {"operation": "token", "kind": "late", "seconds": _ANSWERED_AFTER, "count": number})
            child = children.start(children.renew_due, dict(ours.environment), 0.0, mistake=mistake)
            most = min(number, _AT_ONCE * _BATCHES)
            while (asked := twin.ask("counts")["calls"]) < most:  # noqa: ASYNC110 - another process does the work
                await asyncio.sleep(0.02)
            await asyncio.to_thread(postmaster.kill)
            await children.ended(child)
            await asyncio.sleep(seconds)
            new_calls = twin.ask("counts")["calls"] - asked
            twin.ask("faults", method="DELETE")
            postmaster.start()
            try:
                await _back(ours)
                for ahead in (0.0, 200.0, 400.0):
                    sweeping = children.start(children.sweep_until_quiet, dict(ours.environment), ahead)
                    assert await children.ended(sweeping) == 0
                standings = await ours.standings()
                return Away(new_calls, len(await ours.dead()), number - standings["active"])
            finally:
                stack.callback(postmaster.stop)


async def _back(ours: Fleet) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            await ours.administer("select 1")
        except (OSError, DBAPIError):
            assert time.monotonic() < deadline, "the database did not come back"
            await asyncio.sleep(0.2)
        else:
            return
