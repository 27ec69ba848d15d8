"""`connector dev` does the main job and leaves nothing behind, however it ends and whoever types it."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds for a whole run on a busy machine
GONE = 30.0  # seconds within which everything has ended, on a busy machine
NOBODY = 65534
LOOK_AGAIN = 0.08
PROGRAMS = {"postgres", "valkey", "connector serve", "connector worker", "twin"}
# Somebody who owns nothing and writes nowhere, but can read this checkout wherever it lies.
ONLY = "-all,+dac_read_search"
AS_NOBODY = [
    *("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"),
    *(f"--inh-caps={ONLY}", f"--ambient-caps={ONLY}", f"--bounding-set={ONLY}"),
]


@dataclass
class Run:
    """One `connector dev --once --json`, and every process that it ever started."""

    process: "subprocess.Popen[str]"
    family: dict[tuple[int, str], str] = field(default_factory=dict)  # id and start -> what it is
    servers_run_as: set[int] = field(default_factory=set)  # users

    def look(self, people: Mapping[int, tuple[int, str]]) -> None:
        """Notes who of all the people belongs to the family."""
        known = {number for number, _ in self.family} | {self.process.pid}
        for number, (parent, began) in sorted(people.items()):
            if number in known or parent in known:
                known.add(number)
                self.family[number, began] = words_of(number) or self.family.get((number, began), "")
                if re.match(r"\S+/bin/postgres -D", self.family[number, began]):
                    with suppress(FileNotFoundError):
                        self.servers_run_as.add(Path(f"/proc/{number}").stat().st_uid)

    def until(self, told: Callable[[], bool]) -> None:
        """Looks on until something is so."""
        deadline = time.monotonic() + PATIENCE
        while not told():
            self.look(processes())
            assert time.monotonic() < deadline, f"it hangs: {self.survivors()}"
            time.sleep(LOOK_AGAIN)

    def seen(self, *programs: str) -> bool:
        """Whether each of these programs was ever there."""
        return all(any(program in words for words in self.family.values()) for program in programs)

    def survivors(self) -> list[str]:
        """Who is still there; a process id that another program has got since does not count."""
        people = processes()
        return [words for (number, began), words in self.family.items() if people.get(number, (0, ""))[1] == began]

    def end(self) -> tuple[int, str, str]:
        """Exit code, answer and words of a run that ends by itself."""
        self.until(lambda: self.process.poll() is not None)
        out, words = self.process.communicate()
        return self.process.returncode, out, words


def processes() -> Mapping[int, tuple[int, str]]:
    """Every process here: its parent and the moment of its start; the dead that nobody buried are left out."""
    found = {}
    for number in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208 - asked often, and a list is quicker
        with suppress(FileNotFoundError, ProcessLookupError):
            facts = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            if facts[0] != "Z":
                found[int(number)] = (int(facts[1]), facts[19])
    return found


def words_of(number: int) -> str:
    """What a process was started with; empty once it is ending."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


@contextmanager
def running(room: Path, *before: str) -> Iterator[Run]:
    """A run with a folder of its own for whatever it leaves lying about; it is gone at the end whatever happens."""
    room.mkdir(mode=0o777, exist_ok=True)
    room.chmod(0o777)  # past the umask
    environment = {"PATH": os.environ["PATH"], "TMPDIR": str(room), "PYTHONPATH": str(ROOT)}
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    words = [*before, sys.executable, "-m", "connector", "dev", "--once", "--json"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as process:
        run = Run(process)
        try:
            yield run
        finally:
            process.kill()


def assert_gone(run: Run) -> None:
    """Nobody of the family is left, within seconds."""
    deadline = time.monotonic() + GONE
    while survivors := run.survivors():
        assert time.monotonic() < deadline, survivors
        time.sleep(LOOK_AGAIN)


def assert_report(run: Run) -> None:
    """It ended well, told what it did, and left neither process nor file."""
    code, out, words = run.end()
    assert code == 0, words
    report = json.loads(out)
    assert (report["tenants"], report["invoicesFetched"], report["pages"]) == (3, 250, 3)
    assert [each["code"] for each in report["refused"]] == ["NOT_ENTITLED", "KEY_REFUSED"]
    assert sum(query["rows"] for query in report["queries"] if query["name"] == "Invoices") == 250
    assert run.seen(*PROGRAMS), run.family.values()
    assert run.survivors() == []


def test_two_people_at_once_in_one_checkout_each_do_the_main_job_and_leave_nothing_behind(tmp_path: Path) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # pytest keeps them to their owner
    second = AS_NOBODY if os.geteuid() == 0 else []  # an ordinary user is one already
    with running(tmp_path / "one") as one, running(tmp_path / "other", *second) as other:
        runs = (one, other)
        while not all(run.seen(*PROGRAMS) or run.process.poll() is not None for run in runs):
            people = processes()
            for run in runs:
                run.look(people)
            time.sleep(LOOK_AGAIN)
        ours = NOBODY if os.geteuid() == 0 else os.geteuid()  # PostgreSQL refuses to be root
        assert [run.servers_run_as for run in runs] == [{ours}, {ours}]
        if second:
            assert Path(f"/proc/{other.process.pid}").stat().st_uid == NOBODY
        for run in runs:
            assert_report(run)
    assert list((tmp_path / "one").iterdir()) == list((tmp_path / "other").iterdir()) == []
    assert not set(one.family) & set(other.family)


# What was last seen to start when the end comes, and how long ago: amid servers, amid processes, amid the work itself.
MOMENTS = (("bin/postgres -D", 0.0), ("connector worker", 0.0), ("connector serve", 1.0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_told_to_stop_or_killed_half_way_leaves_no_process(
    tmp_path: Path, number: signal.Signals
) -> None:
    with ExitStack() as stack:
        runs = [stack.enter_context(running(tmp_path / str(place))) for place in range(len(MOMENTS))]
        began = time.monotonic()
        due: dict[int, float] = {}
        told: dict[int, float] = {}
        while any(run.process.poll() is None for run in runs):
            people = processes()
            for place, (run, (program, later)) in enumerate(zip(runs, MOMENTS, strict=True)):
                run.look(people)
                if place in told or not run.seen(program):
                    continue
                if time.monotonic() >= due.setdefault(place, time.monotonic() + later):
                    run.process.send_signal(number)
                    told[place] = time.monotonic()
            for place, run in enumerate(runs):
                assert run.process.poll() is not None or time.monotonic() < told.get(place, began + PATIENCE) + GONE
            time.sleep(LOOK_AGAIN)
        for run in runs:
            assert_gone(run)
            _, words = run.process.communicate()
            assert run.process.returncode == {signal.SIGTERM: 130, signal.SIGKILL: -signal.SIGKILL}[number], words
    if number is signal.SIGTERM:
        assert [list((tmp_path / str(place)).iterdir()) for place in range(len(MOMENTS))] == [[]] * len(MOMENTS)
