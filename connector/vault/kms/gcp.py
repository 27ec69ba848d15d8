"""A key-encryption key in Google Cloud KMS."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import google_crc32c
import grpc
from google.api_core.exceptions import (
    Aborted,
    Cancelled,
    GoogleAPICallError,
    InvalidArgument,
    ServerError,
    TooManyRequests,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud.kms_v1 import DecryptRequest, EncryptRequest, KeyManagementServiceClient
from google.cloud.kms_v1.services.key_management_service.transports import KeyManagementServiceGrpcTransport

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured
from connector.vault.kms.asking import OPTIONS as COMMON
from connector.vault.kms.asking import Asking, bound

T = TypeVar("T")

OPTIONS = COMMON | {"endpoint"}

_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+")
_AWAY = (Aborted, Cancelled, ServerError, TooManyRequests)
_LINE = (
    # By itself gRPC tries a line that broke again after as long as two minutes, and never notices a silent one.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 800),
    ("grpc.max_reconnect_backoff_ms", 800),
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)


def opened(name: str, options: Mapping[str, str]) -> "CloudKms":
    """The service for the key of that resource name; raises Misconfigured for another form, or without credentials.

    Google's library finds those by itself (GOOGLE_APPLICATION_CREDENTIALS, workload identity).
    """
    if not _NAME.fullmatch(name):
        problem = (
            f"CONNECTOR_KEK: {name!r} is no key of Cloud KMS; "
            "write gcp:projects/P/locations/L/keyRings/R/cryptoKeys/NAME, without a version"
        )
        raise Misconfigured(problems=[problem])
    asking = Asking("Google Cloud KMS", options)
    host = options.get("endpoint", KeyManagementServiceClient.DEFAULT_ENDPOINT)
    try:
        transport = KeyManagementServiceGrpcTransport(host=host, channel=_line, always_use_jwt_access=True)
    except GoogleAuthError as failure:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: Google Cloud: {failure}"]) from None
    return CloudKms(name, KeyManagementServiceClient(transport=transport), asking)


class CloudKms:
    """Wraps with a symmetric key; what is sent and what comes back is checked by CRC32C, as Google asks."""

    def __init__(self, name: str, client: KeyManagementServiceClient, asking: Asking) -> None:
        self._name = name
        self._client = client
        self._asking = asking

    async def current(self) -> str:
        """The version of the key that wraps now, as a wrapping shows it: nothing but wrapping need be allowed."""
        return (await self.wrap(bytes(32), b"current")).kek_id

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key sealed for `context`; raises Unavailable when Google is away, Misconfigured when it refuses."""
        request = EncryptRequest(
            name=self._name,
            plaintext=key,
            plaintext_crc32c=_crc(key),
            additional_authenticated_data=bound(context),
            additional_authenticated_data_crc32c=_crc(bound(context)),
        )
        answer = await self._ask(lambda: self._client.encrypt(request, retry=None, timeout=self._asking.patience))
        arrived = answer.verified_plaintext_crc32c and answer.verified_additional_authenticated_data_crc32c
        if not arrived or _crc(answer.ciphertext) != answer.ciphertext_crc32c:
            raise self._asking.away("checksum")
        return WrappedKey(kek_id=f"gcp:{answer.name}", blob=answer.ciphertext)

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key inside; raises CannotOpen for another key or context, Unavailable and Misconfigured as above."""
        if not wrapped.blob or not wrapped.kek_id.startswith(f"gcp:{self._name}/cryptoKeyVersions/"):
            raise CannotOpen(purpose="data_key")
        request = DecryptRequest(
            name=self._name,
            ciphertext=wrapped.blob,
            ciphertext_crc32c=_crc(wrapped.blob),
            additional_authenticated_data=bound(context),
            additional_authenticated_data_crc32c=_crc(bound(context)),
        )
        answer = await self._ask(lambda: self._decrypted(request))
        if _crc(answer.plaintext) != answer.plaintext_crc32c:
            raise self._asking.away("checksum")
        return bytes(answer.plaintext)

    async def close(self) -> None:
        """Leaves the line."""
        self._asking.close()
        self._client.transport.close()  # type: ignore[no-untyped-call]  # Google left it untyped

    def _decrypted(self, request: DecryptRequest) -> Any:
        try:
            return self._client.decrypt(request, retry=None, timeout=self._asking.patience)
        except InvalidArgument as refusal:
            if "crc32c" in refusal.message:  # it was changed on its way there
                raise self._asking.away("checksum") from None
            raise CannotOpen(purpose="data_key") from None

    async def _ask(self, question: Callable[[], T]) -> T:
        def asked() -> T:
            try:
                return question()
            except (GoogleAPICallError, GoogleAuthError) as failure:
                raise self._said(failure) from None

        return await self._asking.ask(asked)

    def _said(self, failure: Exception) -> ConnectorError:
        if isinstance(failure, _AWAY) or (isinstance(failure, GoogleAuthError) and failure.retryable):
            return self._asking.away(type(failure).__name__)
        return self._asking.refused(type(failure).__name__, str(failure))


def _line(host: str, *, options: list[tuple[str, Any]], **given: Any) -> grpc.Channel:
    return KeyManagementServiceGrpcTransport.create_channel(host, options=[*options, *_LINE], **given)


def _crc(content: bytes) -> int:
    return int(google_crc32c.value(content))
