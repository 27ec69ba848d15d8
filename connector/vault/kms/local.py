"""A key-encryption key in a local file: for development, or where an operator accepts it knowingly."""

import base64
import binascii
import json
import os
from collections.abc import Mapping
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
    """Wraps with AES-256-GCM under the key read from the file."""

    kek_id: str
    key: AESGCM

    @classmethod
    def read(cls, path: Path) -> "LocalFile":
        """The service for the key in `path`; raises Misconfigured saying how to make one."""
        try:
            content = json.loads(path.read_text())
            key = base64.b64decode(content["key"], validate=True)
            kek_id = str(content["id"])
        except FileNotFoundError:
            problem = f"CONNECTOR_KEK: there is no key at {path}; make one with: connector keys init {path}"
            raise Misconfigured(problems=[problem]) from None
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as cause:
            raise Misconfigured(
                problems=[f"CONNECTOR_KEK: {path} is not a key file ({type(cause).__name__})"]
            ) from None
        if len(key) != _KEY:
            raise Misconfigured(problems=[f"CONNECTOR_KEK: {path} holds {len(key)} bytes where {_KEY} are needed"])
        return cls(kek_id=kek_id, key=AESGCM(key))

    @staticmethod
    def create(path: Path, kek_id: str) -> None:
        """Writes a fresh key to `path`, readable by its owner only; raises Misconfigured rather than overwrite."""
        content = {"id": kek_id, "key": base64.b64encode(AESGCM.generate_key(256)).decode()}
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as cause:
            why = (
                "already exists; a key is never overwritten" if path.exists() else f"cannot be made ({cause.strerror})"
            )
            raise Misconfigured(problems=[f"{path} {why}"]) from None
        with os.fdopen(handle, "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())

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
