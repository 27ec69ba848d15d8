"""The key services this process can reach: those its settings name, a key file's as it stands when it is asked."""

from collections.abc import Sequence
from pathlib import Path

import structlog

from connector.errors import Misconfigured
from connector.ports import KeyService
from connector.vault.kms import open_service
from connector.vault.kms.local import LocalFile

_log = structlog.get_logger("connector.kms")


class Reach:
    """The services at some addresses, each time it is asked; those of a key file as the file stands by then."""

    def __init__(self, addresses: Sequence[str], *, local_allowed: bool) -> None:
        """Raises Misconfigured for an address that no service can be opened at."""
        opened = [(address, open_service(address, local_allowed=local_allowed)) for address in addresses]
        self._opened = [
            _KeyFile(Path(address.removeprefix("file:"))) if isinstance(service, LocalFile) else service
            for address, service in opened
        ]

    def __call__(self) -> Sequence[KeyService]:
        """Every service there is, those of the first address in front."""
        return [
            service for each in self._opened for service in (each.services() if isinstance(each, _KeyFile) else [each])
        ]


class _KeyFile:
    """A key file that is read again when it changes; one that is spoilt later changes nothing."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at, self._services = _mark(path), LocalFile.read_all(path)

    def services(self) -> Sequence[LocalFile]:
        """A service for each of its keys, the newest first."""
        if (mark := _mark(self._path)) != self._read_at:
            self._read_at = mark
            try:
                self._services = LocalFile.read_all(self._path)
            except Misconfigured as failure:
                _log.error("the key file is spoilt; what was read before is used", failure=str(failure))
        return self._services


def _mark(path: Path) -> tuple[int, int, int] | None:
    """By which it is noticed that a file is another one than before; None: it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
