"""A key-encryption key in AWS KMS."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, SSLError
from botocore.exceptions import ConnectionError as BotoConnectionError

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured
from connector.vault.kms.asking import AT_ONCE, Asking, bound, refuse_plain_http
from connector.vault.kms.asking import OPTIONS as COMMON

OPTIONS = COMMON

# A key by its own name: an alias may be pointed at another key, and then nothing opens any more.
_ARN = re.compile(r"arn:aws[\w-]*:kms:(?P<region>[a-z0-9-]+):\d+:key/(?P<id>[\w-]+)")
_WRONG = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_LATER = frozenset(
    {
        "DependencyTimeoutException",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
_SERVER_ERROR = 500


def opened(name: str, options: Mapping[str, str]) -> "AwsKms":
    """The service for the key of that ARN; raises Misconfigured for another form, or where boto3 is not set up.

    boto3 finds credentials and AWS_ENDPOINT_URL_KMS by itself.
    """
    form = _ARN.fullmatch(name)
    if form is None:
        problem = f"CONNECTOR_KEK: {name!r} is no key of AWS KMS; write aws:arn:aws:kms:REGION:ACCOUNT:key/ID, no alias"
        raise Misconfigured(problems=[problem])
    asking = Asking("AWS KMS", options)
    own = Config(
        connect_timeout=asking.patience,
        read_timeout=asking.patience,
        retries={"total_max_attempts": 1},
        max_pool_connections=AT_ONCE,
    )
    try:
        client = boto3.Session().client("kms", region_name=form["region"], config=own)
    except (BotoCoreError, ValueError) as failure:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: AWS: {failure}"]) from None
    refuse_plain_http("AWS_ENDPOINT_URL_KMS", client.meta.endpoint_url)
    return AwsKms(name, client, asking)


class AwsKms:
    """Wraps with a symmetric KMS key; the context is the encryption context, which CloudTrail shows."""

    def __init__(self, arn: str, client: Any, asking: Asking) -> None:
        self._arn = arn
        self._client = client
        self._asking = asking

    async def current(self) -> str:
        """The key that wraps; AWS tells no rotation of it from the next, and opens what any of them wrapped."""
        return f"aws:{self._arn}"

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key sealed for `context`; raises Unavailable when AWS is away, Misconfigured when it refuses."""
        answer = await self._ask(
            lambda: self._client.encrypt(KeyId=self._arn, Plaintext=key, EncryptionContext=_named(context))
        )
        return WrappedKey(kek_id=f"aws:{answer['KeyId']}", blob=answer["CiphertextBlob"])

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key inside; raises CannotOpen for another key or context, Unavailable and Misconfigured as above."""
        if not wrapped.blob or not _same(wrapped.kek_id, f"aws:{self._arn}"):
            raise CannotOpen(purpose="data_key")
        answer = await self._ask(
            lambda: self._client.decrypt(
                KeyId=self._arn, CiphertextBlob=wrapped.blob, EncryptionContext=_named(context)
            )
        )
        return bytes(answer["Plaintext"])

    async def close(self) -> None:
        """Leaves the line."""
        self._asking.close()
        self._client.close()

    async def _ask(self, question: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        def asked() -> Mapping[str, Any]:
            try:
                return question()
            except (BotoCoreError, ClientError) as failure:
                raise self._said(failure) from None

        return await self._asking.ask(asked)

    def _said(self, failure: Exception) -> ConnectorError:
        match failure:
            case SSLError():
                return self._asking.refused("its certificate is not trusted; set AWS_CA_BUNDLE")
            case HTTPClientError() | BotoConnectionError():  # nobody reached, or no answer
                return self._asking.away(type(failure).__name__)
            case ClientError():
                code = failure.response["Error"]["Code"]
                answered = failure.response["ResponseMetadata"]["HTTPStatusCode"]
                if code in _WRONG:
                    return CannotOpen(purpose="data_key")
                if code in _LATER or answered >= _SERVER_ERROR:
                    return self._asking.away(code)
                return self._asking.refused(
                    f"{code}; it must be enabled, and allow kms:Encrypt and kms:Decrypt", str(failure)
                )
            case _:  # credentials that are missing or incomplete
                return self._asking.refused(type(failure).__name__, str(failure))


def _named(context: bytes) -> dict[str, str]:
    return {"connector": base64.urlsafe_b64encode(bound(context)).decode()}


def _same(wrapping: str, ours: str) -> bool:
    """Whether it is one key; replicas of a multi-Region key share its id and open for each other."""
    of, key = wrapping.rpartition("/")[::2]
    return wrapping == ours or (key.startswith("mrk-") and of.startswith("aws:arn:") and ours.endswith(f"/{key}"))
