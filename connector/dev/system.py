"""Starts a whole installation as real processes, each bound to this one, and stops it without a trace."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import migrations
from connector.embedded import bound_to_us, servers
from connector.settings import Settings, read_settings
from connector.vault.kms.local import LocalFile

CLIENT_ID = "dev-client"
CLIENT_SECRET = "dev-client-secret"  # noqa: S105 - known to this machine's twin only
_PATIENCE = 30.0  # seconds for a process to start or to stop
_LOOK_AGAIN = 0.05


class NotStartedError(RuntimeError):
    """A process of the system did not come up; the message holds its own last words."""


@dataclass(frozen=True, slots=True)
class System:
    """A running installation and the twin it speaks to."""

    web_url: str
    twin_url: str
    logs: Path
    environment: Mapping[str, str]

    @property
    def settings(self) -> Settings:
        """What its processes were told."""
        return read_settings(self.environment)


@contextmanager
def running(port: int) -> Iterator[System]:
    """The system, for as long as the block lasts; `DATABASE_URL` and `REDIS_URL` win over the embedded servers."""
    with ExitStack() as stack:
        home = None
        given = {name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
        if len(given) < 2:  # noqa: PLR2004 - both
            embedded = stack.enter_context(servers(durable=False))
            given = {"DATABASE_URL": embedded.database_url, "REDIS_URL": embedded.redis_url, **given}
            home = embedded.folder  # what a killed run leaves there, the next one sweeps
        folder = Path(tempfile.mkdtemp(prefix="connector-dev-", dir=home))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        web_url = f"http://127.0.0.1:{_free_port(port)}"
        twin_url = stack.enter_context(_twin(folder, callback=f"{web_url}/callback/infomart"))
        environment = _environment(given, web_url, twin_url, folder)
        migrations.upgrade(given["DATABASE_URL"])
        _, _, port_text = web_url.rpartition(":")
        stack.enter_context(_process("worker", ["worker"], folder, environment))
        web = stack.enter_context(_process("serve", ["serve", "--port", port_text], folder, environment))
        _wait_until_ready(web, f"{web_url}/health/ready", folder / "serve.log")
        yield System(web_url=web_url, twin_url=twin_url, logs=folder, environment=environment)


def _environment(given: Mapping[str, str], web_url: str, twin_url: str, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONUTF8": "1",
        "TMPDIR": str(folder),  # whatever they leave behind goes with it
        **given,
        "CONNECTOR_MODE": "dev",
        "CONNECTOR_PUBLIC_URL": web_url,
        "CONNECTOR_KEK": _kek(folder),
        "CONNECTOR_JOURNAL": os.environ.get("CONNECTOR_JOURNAL") or str(folder / "journal"),
        "CONNECTOR_LOG_LEVEL": os.environ.get("CONNECTOR_LOG_LEVEL", "INFO"),
        "CONNECTOR_INFOMART_AUTH_URL": twin_url,
        "CONNECTOR_INFOMART_API_URL": twin_url,
        "CONNECTOR_INFOMART_CLIENT_ID": CLIENT_ID,
        "CONNECTOR_INFOMART_CLIENT_SECRET": CLIENT_SECRET,
    }


def _kek(folder: Path) -> str:
    """A key as short-lived as the database; a database that stays needs the key it was set up with."""
    if given := os.environ.get("CONNECTOR_KEK"):
        return given
    path = folder / "kek.json"
    LocalFile.create(path, "dev")
    return f"file:{path}"


@contextmanager
def _twin(folder: Path, *, callback: str) -> Iterator[str]:
    ready = folder / "twin.json"
    client = f"{CLIENT_ID}:{CLIENT_SECRET}:{callback}"
    command = ["twin", "infomart", "--seed", "1", "--ready-file", str(ready), "--client", client]
    with _process("twin", command, folder, {"PATH": os.defpath, "PYTHONUTF8": "1"}) as process:
        deadline = time.monotonic() + _PATIENCE
        while not ready.exists():
            _check(process, deadline, folder / "twin.log")
            time.sleep(_LOOK_AGAIN)
        url: str = json.loads(ready.read_text())["url"]
        yield url


@contextmanager
def _process(
    name: str, command: list[str], folder: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """One command of ours as a process that ends with the block, or with us however we die."""
    words = bound_to_us([sys.executable, "-m", "connector", *command])
    with (folder / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(words, env=dict(environment), stdout=log, stderr=log, start_new_session=True)  # noqa: S603 - our own program
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        _check(process, deadline, log)
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own address
                if answer.status == 200:  # noqa: PLR2004 - HTTP OK
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(_LOOK_AGAIN)


def _check(process: "subprocess.Popen[bytes]", deadline: float, log: Path) -> None:
    if process.poll() is not None or time.monotonic() > deadline:
        words = log.read_text(errors="replace").splitlines()[-20:]
        raise NotStartedError("\n".join([f"{log.stem} did not start; its own words:", *words]))


def _free_port(wanted: int) -> int:
    """The wanted port, or another when it is taken."""
    for port in (wanted, 0):
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                door.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = door.getsockname()[1]
            return found
    raise NotStartedError("no free port on 127.0.0.1")
