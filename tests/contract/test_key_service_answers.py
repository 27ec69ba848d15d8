"""What each answer of a key service is taken for: a wrong ciphertext, an operator's work, or an outage."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured, Unavailable
from connector.ports import KeyService
from tests.contract.conftest import patient
from tests.contract.stands import AWS_ACCESS, STRANGER, AwsStand, CloudStand, VaultStand

KEY, CONTEXT = bytes(range(32)), b"data_key of tenant A"
ARN = "arn:aws:kms:ap-northeast-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
Dial = Callable[..., KeyService]


@contextmanager
def answering(answered: int, body: Mapping[str, Any] | str) -> Iterator[str]:
    """An address where every request gets that answer."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(answered)
            self.send_header("Content-Type", "text/html" if isinstance(body, str) else "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


async def failures(service: KeyService, wrapped: WrappedKey) -> tuple[ConnectorError, ConnectorError]:
    """How wrapping fails and how unwrapping does."""
    with pytest.raises(ConnectorError) as wrapping:
        await service.wrap(KEY, CONTEXT)
    with pytest.raises(ConnectorError) as unwrapping:
        await service.unwrap(wrapped, CONTEXT)
    return wrapping.value, unwrapping.value


@pytest.mark.parametrize(
    ("answered", "body", "expected"),
    [
        (400, {"errors": ["cipher: message authentication failed"]}, CannotOpen),
        (400, {"errors": ["chacha20poly1305: message authentication failed"]}, CannotOpen),
        (400, {"errors": ["invalid ciphertext: unable to decrypt"]}, CannotOpen),
        (400, {"errors": ["invalid ciphertext: version is too new"]}, Misconfigured),
        (400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]}, Misconfigured),
        (400, {"errors": ["encryption key not found"]}, Misconfigured),
        (400, {"errors": ["'[0].associated_data' provided for non-AEAD cipher suite rsa-2048"]}, Misconfigured),
        (403, {"errors": ["permission denied"]}, Misconfigured),
        (404, {"errors": ["no handler for route"]}, Misconfigured),
        (429, {"errors": ["request path: rate limit quota exceeded"]}, Unavailable),
        (500, {"errors": ["internal error"]}, Unavailable),
        (502, "<html>bad gateway</html>", Unavailable),
        (503, {"errors": ["Vault is sealed"]}, Unavailable),
        (504, "", Unavailable),
        (200, "<html>a page of somebody else's</html>", Unavailable),
        (200, {"data": {}}, Unavailable),
    ],
)
async def test_what_vault_answers(dial: Dial, answered: int, body: Any, expected: type[ConnectorError]) -> None:
    with answering(answered, body) as address:
        service = dial(patient("vault:transit/keys/kek"), VAULT_ADDR=address, VAULT_TOKEN="t")
        wrapped = WrappedKey("vault:transit/keys/kek:v1", b"n" * 12 + b"sealed")
        wrapping, unwrapping = await failures(service, wrapped)
    assert type(unwrapping) is expected
    assert not isinstance(wrapping, CannotOpen)


@pytest.mark.parametrize(
    ("answered", "code", "expected"),
    [
        (400, "InvalidCiphertextException", CannotOpen),
        (400, "IncorrectKeyException", CannotOpen),
        (400, "AccessDeniedException", Misconfigured),
        (400, "DisabledException", Misconfigured),
        (400, "KMSInvalidStateException", Misconfigured),
        (400, "NotFoundException", Misconfigured),
        (400, "UnrecognizedClientException", Misconfigured),
        (400, "ExpiredTokenException", Misconfigured),
        (403, "AccessDenied", Misconfigured),
        (400, "ThrottlingException", Unavailable),
        (400, "LimitExceededException", Unavailable),
        (500, "KeyUnavailableException", Unavailable),
        (500, "KMSInternalException", Unavailable),
        (503, "DependencyTimeoutException", Unavailable),
        (502, "", Unavailable),
    ],
)
async def test_what_aws_answers(dial: Dial, answered: int, code: str, expected: type[ConnectorError]) -> None:
    with answering(answered, {"__type": code, "message": "as documented"}) as address:
        service = dial(patient(f"aws:{ARN}"), AWS_ENDPOINT_URL_KMS=address, **AWS_ACCESS)
        _, unwrapping = await failures(service, WrappedKey(f"aws:{ARN}", b"sealed"))
    assert type(unwrapping) is expected


@pytest.mark.parametrize(
    ("wrapping", "ours", "opens"),
    [
        ("us-east-1:1:key/mrk-1", "eu-west-1:1:key/mrk-1", True),
        ("us-east-1:1:key/mrk-1", "eu-west-1:1:key/mrk-2", False),
        ("us-east-1:1:key/1234", "eu-west-1:1:key/1234", False),
    ],
)
async def test_replicas_of_a_multi_region_key_open_for_each_other_and_no_other_key_is_asked(
    dial: Dial, wrapping: str, ours: str, *, opens: bool
) -> None:
    with answering(200, {"Plaintext": "b3Blbg==", "KeyId": f"arn:aws:kms:{ours}"}) as address:
        service = dial(patient(f"aws:arn:aws:kms:{ours}"), AWS_ENDPOINT_URL_KMS=address, **AWS_ACCESS)
        wrapped = WrappedKey(f"aws:arn:aws:kms:{wrapping}", b"sealed")
        if opens:
            assert await service.unwrap(wrapped, CONTEXT) == b"open"
        else:
            with pytest.raises(CannotOpen):
                await service.unwrap(wrapped, CONTEXT)


async def test_a_vault_token_that_may_not_decrypt_marks_no_key(vault_stand: VaultStand, dial: Dial) -> None:
    address = vault_stand.key("one")
    environment = vault_stand.environment(vault_stand.server.port)
    wrapped = await dial(patient(address), **environment).wrap(KEY, CONTEXT)
    limited = environment | {"VAULT_TOKEN": vault_stand.limited_token(address, "encrypt")}
    with pytest.raises(Misconfigured, match="policy lacks update on encrypt/… and decrypt/… of this key"):
        await dial(patient(address), **limited).unwrap(wrapped, CONTEXT)


async def test_the_two_permissions_of_the_operators_guide_are_enough_for_vault(
    vault_stand: VaultStand, dial: Dial
) -> None:
    address = vault_stand.key("one")
    token = vault_stand.limited_token(address, "encrypt", "decrypt")
    service = dial(patient(address), **vault_stand.environment(vault_stand.server.port) | {"VAULT_TOKEN": token})
    assert await service.unwrap(await service.wrap(KEY, CONTEXT), CONTEXT) == KEY
    assert await service.current() == f"{address}:v1"


async def test_a_vault_that_ignores_the_context_is_refused_before_anything_is_wrapped(dial: Dial) -> None:
    blind = {"data": {"ciphertext": "vault:v1:c2VhbGVk", "plaintext": "b3Blbg=="}}  # opens whatever it is asked for
    with answering(200, blind) as address:
        service = dial(patient("vault:transit/keys/kek"), VAULT_ADDR=address, VAULT_TOKEN="t")
        with pytest.raises(Misconfigured, match="does not bind a context"):
            await service.wrap(KEY, CONTEXT)


async def test_aws_that_denies_access_marks_no_key(aws_stand: AwsStand, dial: Dial) -> None:
    service = dial(patient(aws_stand.key("one")), **aws_stand.environment(aws_stand.server.port))
    wrapped = await service.wrap(KEY, CONTEXT)
    aws_stand.demand_permission(0)
    try:
        wrapping, unwrapping = await failures(service, wrapped)
    finally:
        aws_stand.demand_permission(float("inf"))
    assert type(wrapping) is type(unwrapping) is Misconfigured
    assert await service.unwrap(wrapped, CONTEXT) == KEY


async def test_google_that_denies_access_marks_no_key(gcp_stand: CloudStand, dial: Dial) -> None:
    address = gcp_stand.key("one")
    wrapped = await dial(patient(address), **gcp_stand.environment(0)).wrap(KEY, CONTEXT)
    stranger = dial(patient(address), GOOGLE_APPLICATION_CREDENTIALS=str(gcp_stand.folder / f"{STRANGER}.json"))
    wrapping, unwrapping = await failures(stranger, wrapped)
    assert type(wrapping) is type(unwrapping) is Misconfigured


@pytest.mark.parametrize("state", ["DISABLED", "DESTROYED"])
async def test_a_disabled_key_at_google_marks_no_key_and_works_once_it_is_enabled(
    gcp_stand: CloudStand, dial: Dial, state: str
) -> None:
    address = gcp_stand.key("one")
    service = dial(patient(address), **gcp_stand.environment(0))
    wrapped = await service.wrap(KEY, CONTEXT)
    gcp_stand.set_version(address, 1, state)
    wrapping, unwrapping = await failures(service, wrapped)
    assert type(wrapping) is type(unwrapping) is Misconfigured
    assert unwrapping.problems == ["CONNECTOR_KEK: Google Cloud KMS refuses to use the key: FailedPrecondition"]
    gcp_stand.set_version(address, 1, "ENABLED")
    assert await service.unwrap(wrapped, CONTEXT) == KEY


async def test_what_was_changed_on_its_way_from_google_is_not_taken(gcp_stand: CloudStand, dial: Dial) -> None:
    service = dial(patient(gcp_stand.key("corrupts")), **gcp_stand.environment(0))
    whole = dial(patient(gcp_stand.key("one")), **gcp_stand.environment(0))
    with pytest.raises(Unavailable):
        await service.wrap(KEY, CONTEXT)
    assert await whole.unwrap(await whole.wrap(KEY, CONTEXT), CONTEXT) == KEY


async def test_what_google_did_not_check_is_not_taken(gcp_stand: CloudStand, dial: Dial) -> None:
    service = dial(patient(gcp_stand.key("deaf")), **gcp_stand.environment(0))
    with pytest.raises(Unavailable):
        await service.wrap(KEY, CONTEXT)


async def test_a_key_that_its_service_no_longer_has_marks_no_wrapped_key(
    vault_stand: VaultStand, gcp_stand: CloudStand, dial: Dial
) -> None:
    vault = dial(patient("vault:nowhere/keys/kek"), **vault_stand.environment(vault_stand.server.port))
    with pytest.raises(Misconfigured):
        await vault.unwrap(WrappedKey("vault:nowhere/keys/kek:v1", b"sealed"), CONTEXT)

    gone = gcp_stand.key("one").replace("/one-", "/gone-")
    google = dial(patient(gone), **gcp_stand.environment(0))
    with pytest.raises(Misconfigured):
        await google.unwrap(WrappedKey(f"{gone.partition('?')[0]}/cryptoKeyVersions/1", b"sealed"), CONTEXT)
