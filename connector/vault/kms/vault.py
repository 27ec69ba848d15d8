"""A key-encryption key in HashiCorp Vault's transit engine, or in OpenBao's."""

import base64
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
from hvac.exceptions import (
    BadGateway,
    Forbidden,
    InternalServerError,
    InvalidRequest,
    RateLimitExceeded,
    Unauthorized,
    UnexpectedError,
    VaultDown,
    VaultError,
    VaultNotInitialized,
)
from requests.exceptions import RequestException, SSLError

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured
from connector.vault.kms.asking import OPTIONS as COMMON
from connector.vault.kms.asking import Asking, bound, refuse_plain_http

OPTIONS = COMMON | {"role", "login", "token_file", "namespace"}

_NAME = re.compile(r"(?P<mount>[\w./-]+)/keys/(?P<key>[\w.-]+)")
_TOKEN_FILE = "/var/run/secrets/kubernetes.io/serviceaccount/token"  # noqa: S105 - where Kubernetes puts it
_AWAY = (BadGateway, InternalServerError, RateLimitExceeded, UnexpectedError, VaultDown, VaultNotInitialized)


@dataclass(frozen=True, slots=True)
class Login:
    """How a token is got with a service account's own, by Vault's Kubernetes method or its JWT one."""

    role: str
    mount: str
    token_file: Path

    def __call__(self, client: Any) -> None:
        """Gives the client a fresh token; raises OSError when the service account's token cannot be read."""
        client.auth.kubernetes.login(self.role, self.token_file.read_text().strip(), mount_point=self.mount)


def opened(name: str, options: Mapping[str, str]) -> "Transit":
    """The service for the key `MOUNT/keys/NAME`; raises Misconfigured for another form, or without a token."""
    form = _NAME.fullmatch(name)
    if form is None:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: {name!r} is no transit key; write vault:MOUNT/keys/NAME"])
    asking = Asking("Vault", options)
    # It reads VAULT_ADDR, VAULT_TOKEN, VAULT_CACERT, VAULT_CLIENT_CERT and VAULT_CLIENT_KEY by itself.
    client = hvac.Client(timeout=asking.patience, namespace=options.get("namespace"))
    refuse_plain_http("VAULT_ADDR", client.url)
    login = None
    if role := options.get("role"):
        login = Login(role, options.get("login", "kubernetes"), Path(options.get("token_file", _TOKEN_FILE)))
        client.token = None
    elif not client.token:
        raise Misconfigured(problems=["VAULT_TOKEN: is missing; or name a role: CONNECTOR_KEK=vault:…?role=ROLE"])
    return Transit(f"vault:{name}", form["mount"], form["key"], client, login, asking)


class Transit:
    """Wraps with a transit key; the context is associated data, which only an authenticating cipher takes.

    transit also knows a `context`, but a key that was not made with `derived=true` ignores it without a word.
    """

    def __init__(self, address: str, mount: str, key: str, client: Any, login: Login | None, asking: Asking) -> None:
        self._address = address
        self._place = {"name": key, "mount_point": mount}
        self._client = client
        self._login = login
        self._logging_in = threading.Lock()
        self._binds = False
        self._asking = asking

    async def current(self) -> str:
        """The version of the key that wraps now, as a wrapping shows it: nothing but wrapping need be allowed."""
        return (await self.wrap(bytes(32), b"current")).kek_id

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key sealed for `context`; raises Unavailable when Vault is away, Misconfigured when it refuses."""
        return await self._asking.ask(lambda: self._asked(lambda: self._wrapped(key, context)))

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key inside; raises CannotOpen for another key or context, Unavailable and Misconfigured as above."""
        version = wrapped.kek_id.removeprefix(f"{self._address}:")
        if version == wrapped.kek_id or not wrapped.blob:
            raise CannotOpen(purpose="data_key")
        return await self._asking.ask(lambda: self._asked(lambda: self._unwrapped(version, wrapped.blob, context)))

    async def close(self) -> None:
        """Leaves the line."""
        self._asking.close()
        self._client.adapter.close()

    def _wrapped(self, key: bytes, context: bytes) -> WrappedKey:
        if not self._binds:
            self._prove_binding()
        _, version, text = self._encrypt(key, context).split(":", 2)
        # Kept as bytes: the text has spellings that differ and mean the same.
        return WrappedKey(kek_id=f"{self._address}:{version}", blob=base64.b64decode(text, validate=True))

    def _unwrapped(self, version: str, blob: bytes, context: bytes) -> bytes:
        try:
            return self._decrypt(f"vault:{version}:{_text(blob)}", context)
        except InvalidRequest as refusal:
            if _says_ciphertext_is_wrong(refusal):
                raise CannotOpen(purpose="data_key") from None
            raise

    def _prove_binding(self) -> None:
        """Raises Misconfigured when this Vault opens without the context: before 1.13 it leaves it out silently."""
        proof = self._encrypt(bytes(32), b"proof")
        try:
            self._decrypt(proof, b"")
        except InvalidRequest as refusal:
            if not _says_ciphertext_is_wrong(refusal):
                raise
            self._binds = True
        else:
            raise self._asking.refused("it does not bind a context; Vault 1.13 or newer is needed, or OpenBao")

    def _encrypt(self, key: bytes, context: bytes) -> str:
        answer = self._client.secrets.transit.encrypt_data(
            plaintext=_text(key), associated_data=_text(bound(context)), **self._place
        )
        return str(answer["data"]["ciphertext"])

    def _decrypt(self, ciphertext: str, context: bytes) -> bytes:
        answer = self._client.secrets.transit.decrypt_data(
            ciphertext=ciphertext, associated_data=_text(bound(context)), **self._place
        )
        return base64.b64decode(answer["data"]["plaintext"])

    def _asked(self, question: Callable[[], Any]) -> Any:
        """The answer under a token that is still good; a question repeated after a new login changes nothing there."""
        try:
            token = self._client.token
            try:
                if token or self._login is None:
                    return question()
            except Forbidden:
                if self._login is None:
                    raise
            self._log_in(token)
            return question()
        except (VaultError, RequestException, OSError) as failure:
            raise self._said(failure) from None
        except (KeyError, TypeError, ValueError):
            raise self._asking.away("what answers is no Vault") from None

    def _log_in(self, spent: str | None) -> None:
        with self._logging_in:
            if self._client.token == spent and self._login is not None:  # else another thread has been here
                self._login(self._client)

    def _said(self, failure: Exception) -> ConnectorError:
        match failure:
            case SSLError():
                return self._asking.refused("its certificate is not trusted; set VAULT_CACERT")
            case RequestException():
                return self._asking.away(type(failure).__name__)
            case Forbidden() | Unauthorized():
                return self._asking.refused(
                    "the token has ended or its policy lacks update on encrypt/… and decrypt/… of this key"
                )
            case VaultError() if isinstance(failure, _AWAY):
                return self._asking.away(type(failure).__name__)
            case VaultError():
                return self._asking.refused(type(failure).__name__, "; ".join(failure.errors or []))
            case _:
                return self._asking.refused(f"the service account's token cannot be read ({type(failure).__name__})")


def _says_ciphertext_is_wrong(refusal: InvalidRequest) -> bool:
    """Whether this key is there and does not open it; a version that Vault no longer has is an operator's to mend."""
    said = "; ".join(refusal.errors or [])
    return "authentication failed" in said or ("invalid ciphertext" in said and "too new" not in said)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
