"""A file of records that belongs to whoever holds its lock, and to the next one as soon as that process is dead."""

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import structlog

from connector.failpoints import failpoint
from connector.ids import GrantId
from connector.vault.records import Contents, read_records

SUFFIX = ".segment"
_NEW = ".new"
_DAMAGED = ".damaged"
_TRIES = 10

_log = structlog.get_logger("connector.journal")


@dataclass(slots=True, eq=False)
class Segment:
    """One file, open and locked for as long as this object is not closed."""

    path: Path
    handle: int
    size: int
    waiting: set[GrantId] = field(default_factory=set)  # whose records in here are still needed
    broken: bool = False  # a write failed: what it left at the end is unknown, so nothing may follow it
    damaged: bool = False

    @classmethod
    def create(cls, folder: Path, prefix: str = "") -> "Segment":
        """A new, empty one whose name is on disk; raises OSError."""
        path = folder / f"{prefix}{uuid4().hex}{SUFFIX}"
        for _ in range(_TRIES):
            # Another process takes an unlocked segment for a dead one's, so none is ever seen before it is locked.
            new = folder / f".{uuid4().hex}{_NEW}"
            handle = os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
            with _closed_on_failure(handle):
                if _lock(handle):
                    with suppress(FileNotFoundError):  # swept as a leftover just before it was locked
                        new.rename(path)
                        sync_folder(folder)
                        return cls(path=path, handle=handle, size=0)
            os.close(handle)
        raise OSError(errno.EBUSY, "new files vanish from the folder", str(folder))

    @classmethod
    def adopt(cls, path: Path) -> "Segment | None":
        """A dead process's; None: its process lives, or somebody else came first. Raises OSError."""
        try:
            handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with _closed_on_failure(handle):
            if _lock(handle) and _is_at(handle, path):
                return cls(path=path, handle=handle, size=os.fstat(handle).st_size)
        os.close(handle)
        return None

    def write(self, content: bytes) -> None:
        """Returns when the bytes are on disk; raises OSError, and then this segment takes no more."""
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(self.handle, rest) :]
            failpoint("journal.written")
            os.fdatasync(self.handle)
        except OSError:
            # After a failed sync the kernel forgets which pages it lost, so syncing the same file again proves nothing.
            self.broken = True
            raise
        self.size += len(content)

    def read(self) -> Contents:
        """What is in here."""
        parts, at = [], 0
        while part := os.pread(self.handle, 1 << 20, at):
            parts.append(part)
            at += len(part)
        return read_records(b"".join(parts))

    def usable(self) -> bool:
        """Whether what is written here would be found again."""
        return not self.broken and os.fstat(self.handle).st_nlink > 0

    def empty(self) -> None:
        """Forgets every record; raises OSError, and then this segment takes no more."""
        try:
            os.ftruncate(self.handle, 0)
        except OSError:
            self.broken = True
            raise
        self.size = 0

    def drop(self) -> None:
        """Removes the file, or sets it aside for a person when some of it could not be read."""
        try:
            if self.damaged:
                self.path.rename(self.path.with_suffix(_DAMAGED))
            else:
                self.path.unlink(missing_ok=True)
        finally:
            self.close()

    def close(self) -> None:
        """Lets the next process have it."""
        os.close(self.handle)


def opened_folder(folder: Path) -> None:
    """Makes the folder, for its owner's eyes, and its name durable; raises OSError."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Returns when the names in the folder are on disk; raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def put_file(path: Path, content: str) -> None:
    """Puts a file there, for its owner's eyes, whole and on disk or not at all; raises OSError."""
    new = path.with_name(f".{path.name}.{uuid4().hex}{_NEW}")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.rename(path)
    sync_folder(path.parent)


def left_in(folder: Path) -> Sequence[Path]:
    """Segments of every process, and what is left of those that died while they made one; none in a lost folder."""
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith((SUFFIX, _NEW)))
    except OSError as cause:
        _log.error("not looked through", folder=str(folder), reason=cause.strerror)
        return []


def _lock(handle: int) -> bool:
    """Takes the lock, which ends with the process; False: somebody has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    """Whether the path still leads to the open file: the one before us may have removed it."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(found, os.fstat(handle))


@contextmanager
def _closed_on_failure(handle: int) -> Iterator[None]:
    try:
        yield
    except BaseException:
        os.close(handle)
        raise
