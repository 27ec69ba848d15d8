"""A key-encryption key in a local file: for development, or where an operator accepts it knowingly."""

import base64
import binascii
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, Misconfigured
from connector.vault.kms.asking import bound

OPTIONS: frozenset[str] = frozenset()

_NONCE = 12
_KEY = 32


def opened(name: str, _: Mapping[str, str]) -> "LocalFile":
    """The service for the key in the file of that name; raises Misconfigured as `LocalFile.read` does."""
    return LocalFile.read(Path(name))


@dataclass(frozen=True, slots=True, repr=False)
class LocalFile:
    """Wraps with AES-256-GCM under one key of the file; a file may hold several, the newest last."""

    kek_id: str
    key: AESGCM

    @classmethod
    def read(cls, path: Path) -> "LocalFile":
        """The service for the newest key in `path`; raises Misconfigured saying how to make one."""
        return cls.read_all(path)[0]

    @classmethod
    def read_all(cls, path: Path) -> Sequence["LocalFile"]:
        """A service for each key in `path`, the newest first; raises Misconfigured saying how to make one."""
        try:
            entries = _entries(path)
            keys = [(str(entry["id"]), base64.b64decode(entry["key"], validate=True)) for entry in entries]
        except FileNotFoundError:
            problem = f"CONNECTOR_KEK: there is no key at {path}; make one with: connector keys init {path}"
            raise Misconfigured(problems=[problem]) from None
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as cause:
            raise Misconfigured(
                problems=[f"CONNECTOR_KEK: {path} is not a key file ({type(cause).__name__})"]
            ) from None
        for _, key in keys:
            if len(key) != _KEY:
                raise Misconfigured(problems=[f"CONNECTOR_KEK: {path} holds {len(key)} bytes where {_KEY} are needed"])
        if len({kek_id for kek_id, _ in keys}) < len(keys):
            raise Misconfigured(problems=[f"CONNECTOR_KEK: {path} holds two keys of one name"])
        return [cls(kek_id=kek_id, key=AESGCM(key)) for kek_id, key in reversed(keys)]

    @staticmethod
    def create(path: Path, kek_id: str) -> None:
        """Writes a fresh key to `path`, readable by its owner only; raises Misconfigured rather than overwrite."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(path, _fresh(kek_id))
        except OSError as cause:
            why = (
                "already exists; a key is never overwritten" if path.exists() else f"cannot be made ({cause.strerror})"
            )
            raise Misconfigured(problems=[f"{path} {why}"]) from None

    @classmethod
    def add(cls, path: Path, kek_id: str) -> None:
        """Writes a fresh key behind those in `path`, all at once; raises Misconfigured when its name is taken."""
        if kek_id in {each.kek_id for each in cls.read_all(path)}:
            raise Misconfigured(problems=[f"{path} already holds a key named {kek_id}; give another --name"])
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            _write(beside, {"keys": [*_entries(path), _fresh(kek_id)]})
            beside.replace(path)  # a reader finds the old file or the new one, never half of one
            folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as cause:
            beside.unlink(missing_ok=True)
            raise Misconfigured(problems=[f"{path} cannot be written ({cause.strerror})"]) from None

    async def current(self) -> str:
        """The key-encryption key that wraps now."""
        return self.kek_id

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key sealed for `context`."""
        nonce = os.urandom(_NONCE)
        return WrappedKey(kek_id=self.kek_id, blob=nonce + self.key.encrypt(nonce, key, bound(context)))

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key inside; raises CannotOpen for another key-encryption key or another context."""
        try:
            return self.key.decrypt(wrapped.blob[:_NONCE], wrapped.blob[_NONCE:], bound(context))
        except (InvalidTag, ValueError):  # ValueError: too short to hold even a nonce
            raise CannotOpen(purpose="data_key") from None

    async def close(self) -> None:
        """Nothing is held open."""


def _fresh(kek_id: str) -> dict[str, str]:
    return {"id": kek_id, "key": base64.b64encode(AESGCM.generate_key(256)).decode()}


def _entries(path: Path) -> Sequence[dict[str, str]]:
    """What the file says of its keys; raises whatever reading or parsing it raises."""
    content = json.loads(path.read_text())
    entries = content.get("keys", [content]) if isinstance(content, dict) else []
    if not entries:
        raise ValueError(path)
    return list(entries)


def _write(path: Path, content: object) -> None:
    """A new file, on the disk when this returns."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
