"""Processes that do a worker's part and may die at it; forked from a server that has everything imported already."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

from connector import logs
from connector.bootstrap import Installation, opened
from connector.errors import ConnectorError, Unavailable
from connector.ids import ConnectionId, TenantId
from connector.settings import Mode, read_settings
from tests.long.refresh.fleet import AheadClock
from tests.long.refresh.mutants import planted
from tests.world import INFOMART

_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.long.refresh.children"])


def renew_due(environment: Mapping[str, str], ahead: float) -> None:
    """Renews what is due, once."""
    opened_for(environment, ahead, _renew_due)


def sweep_until_quiet(environment: Mapping[str, str], ahead: float) -> None:
    """What a worker's sweeps find and settle at that moment."""
    opened_for(environment, ahead, _swept)


def ask_tokens(environment: Mapping[str, str], whose: Sequence[tuple[str, str]], gate: Any, told: Path) -> None:
    """Asks for an access token of each connection in turn, all processes beginning together; writes what it got."""

    async def ask(installation: Installation) -> None:
        got: dict[str, str] = {}
        await asyncio.to_thread(gate.wait)
        for tenant, connection in whose:
            try:
                token = await installation.flows.upkeep.access_token(
                    TenantId(UUID(tenant)), ConnectionId(UUID(connection))
                )
                got[connection] = token.text.reveal()
            except ConnectorError as failure:
                got[connection] = f"!{failure.code}"
        await asyncio.to_thread(told.write_text, json.dumps(got))

    opened_for(environment, 0.0, ask)


def opened_for(
    environment: Mapping[str, str], ahead: float, job: Callable[[Installation], Coroutine[Any, Any, None]]
) -> None:
    """Does the job in an installation of this process's own."""
    logs.set_up(Mode.DEV, environment.get("CONNECTOR_LOG_LEVEL", "ERROR"))
    os.environ |= {name: value for name, value in environment.items() if name.startswith("VAULT_")}  # its library's own

    async def run() -> None:
        clock = AheadClock(timedelta(seconds=ahead))
        async with opened(read_settings(environment), clock=clock) as installation:
            await job(installation)

    asyncio.run(run())


async def _renew_due(installation: Installation) -> None:
    keeping = installation.flows.keeping
    with suppress(Unavailable):
        await keeping.renew_due(keeping.register.provider(INFOMART))


async def _swept(installation: Installation) -> None:
    keeping = installation.flows.keeping
    await keeping.bring_in(older_than=0)
    await keeping.escrowing.copy()
    await keeping.find_abandoned()
    with suppress(Unavailable):
        await keeping.renew_due(keeping.register.provider(INFOMART))


def start(
    target: Callable[..., None], *words: Any, said: Path | None = None, mistake: str | None = None
) -> BaseProcess:
    """The child, at work; with a planted mistake, if one is named."""
    child = _FORKS.Process(target=_spoken, args=(target, words, said, mistake), daemon=True)
    child.start()
    return child


def _spoken(target: Callable[..., None], words: Sequence[Any], said: Path | None, mistake: str | None) -> None:
    os.setpgid(0, 0)  # the kernel wakes whoever stands still in a group whose shell goes away
    if said is not None:  # its last words, such as the name of the place it was killed at
        handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(handle, sys.stderr.fileno())
    with planted(mistake):
        target(*words)


async def stopped(child: BaseProcess, within: float = 60.0) -> None:
    """Returns when the child stands still."""
    deadline = time.monotonic() + within
    while await asyncio.to_thread(_state_of, child.pid) != "T":
        assert child.is_alive(), "the child passed every place"
        assert time.monotonic() < deadline, "the child did not stop"
        await asyncio.sleep(0.02)


def _state_of(pid: int | None) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def ended(child: BaseProcess, within: float = 600.0) -> int:
    """The child's exit code; -9: it was killed."""
    await asyncio.to_thread(child.join, within)
    if child.exitcode is None:
        os.kill(child.pid or 0, signal.SIGKILL)
        raise AssertionError("a child did not end")
    return child.exitcode
