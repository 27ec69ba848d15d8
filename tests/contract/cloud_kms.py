"""Stands in for Google Cloud KMS: its own messages over gRPC and TLS, real AES-GCM, refusals as documented.

    python -m tests.contract.cloud_kms PORT CERTIFICATE KEY ACCOUNT    (the one service account that may do anything)

Faults are asked for by a key's name: `corrupts` changes its answers on their way, `deaf` leaves checksums unread.
"""

import base64
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import google_crc32c
import grpc
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.cloud import kms_v1 as kms

ENABLED = kms.CryptoKeyVersion.CryptoKeyVersionState.ENABLED
NONCE, VERSION = 12, 4  # bytes


@dataclass(frozen=True, slots=True)
class Fault(Exception):
    """An answer that is an error."""

    code: grpc.StatusCode
    details: str


@dataclass(slots=True)
class Version:
    standing: Any = ENABLED
    key: AESGCM = field(default_factory=lambda: AESGCM(AESGCM.generate_key(256)))


@dataclass(slots=True)
class Key:
    name: str
    versions: list[Version] = field(default_factory=lambda: [Version()])
    primary: int = 1

    def version_name(self, number: int) -> str:
        return f"{self.name}/cryptoKeyVersions/{number}"

    def usable(self, number: int) -> AESGCM:
        version = self.versions[number - 1]
        if version.standing != ENABLED:
            state = kms.CryptoKeyVersion.CryptoKeyVersionState(version.standing).name
            said = f"{self.version_name(number)} is not enabled, current state is: {state}."
            raise Fault(grpc.StatusCode.FAILED_PRECONDITION, said)
        return version.key


class CloudKms:
    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def create_crypto_key(self, request: kms.CreateCryptoKeyRequest) -> kms.CryptoKey:
        name = f"{request.parent}/cryptoKeys/{request.crypto_key_id}"
        self._keys[name] = Key(name)
        return kms.CryptoKey(name=name)

    def create_crypto_key_version(self, request: kms.CreateCryptoKeyVersionRequest) -> kms.CryptoKeyVersion:
        key = self._key(request.parent)
        key.versions.append(Version())
        return kms.CryptoKeyVersion(name=key.version_name(len(key.versions)), state=ENABLED)

    def update_crypto_key_primary_version(self, request: kms.UpdateCryptoKeyPrimaryVersionRequest) -> kms.CryptoKey:
        self._key(request.name).primary = int(request.crypto_key_version_id)
        return kms.CryptoKey(name=request.name)

    def update_crypto_key_version(self, request: kms.UpdateCryptoKeyVersionRequest) -> kms.CryptoKeyVersion:
        name, _, number = request.crypto_key_version.name.partition("/cryptoKeyVersions/")
        self._key(name).versions[int(number) - 1].standing = request.crypto_key_version.state
        return request.crypto_key_version

    def encrypt(self, request: kms.EncryptRequest) -> kms.EncryptResponse:
        key = self._key(request.name)
        checked = [
            self._checked(request, each)
            for each in ("plaintext", "additional_authenticated_data")
            if "deaf" not in key.name
        ]
        nonce = os.urandom(NONCE)
        sealed = key.usable(key.primary).encrypt(nonce, request.plaintext, request.additional_authenticated_data)
        ciphertext = key.primary.to_bytes(VERSION, "big") + nonce + sealed
        return kms.EncryptResponse(
            name=key.version_name(key.primary),
            ciphertext=_on_its_way(key, ciphertext),
            ciphertext_crc32c=google_crc32c.value(ciphertext),
            verified_plaintext_crc32c=bool(checked) and checked[0],
            verified_additional_authenticated_data_crc32c=bool(checked) and checked[1],
        )

    def decrypt(self, request: kms.DecryptRequest) -> kms.DecryptResponse:
        key = self._key(request.name)
        for each in ("ciphertext", "additional_authenticated_data"):
            self._checked(request, each)
        number = int.from_bytes(request.ciphertext[:VERSION], "big")
        nonce, sealed = request.ciphertext[VERSION : VERSION + NONCE], request.ciphertext[VERSION + NONCE :]
        wrong = "Decryption failed: verify that 'name' refers to the correct CryptoKey."
        if not 0 < number <= len(key.versions):
            raise Fault(grpc.StatusCode.INVALID_ARGUMENT, wrong)
        try:
            plaintext = key.usable(number).decrypt(nonce, sealed, request.additional_authenticated_data)
        except (InvalidTag, ValueError):  # ValueError: too short to hold even a nonce
            raise Fault(grpc.StatusCode.INVALID_ARGUMENT, wrong) from None
        return kms.DecryptResponse(
            plaintext=_on_its_way(key, plaintext),
            plaintext_crc32c=google_crc32c.value(plaintext),
            used_primary=number == key.primary,
        )

    def _key(self, name: str) -> Key:
        if name not in self._keys:
            raise Fault(grpc.StatusCode.NOT_FOUND, f"CryptoKey {name} not found.")
        return self._keys[name]

    def _checked(self, request: Any, part: str) -> bool:
        """Whether the sender gave a checksum of that part, and it is right."""
        if f"{part}_crc32c" not in request:
            return False
        if getattr(request, f"{part}_crc32c") != google_crc32c.value(getattr(request, part)):
            said = f"The checksum in field {part}_crc32c did not match the data in field {part}."
            raise Fault(grpc.StatusCode.INVALID_ARGUMENT, said)
        return True


def _on_its_way(key: Key, content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1]) if "corrupts" in key.name else content


def _admit(context: grpc.ServicerContext, permitted: str) -> None:
    """Reads who asks off the token that the account signed for itself."""
    bearer = str(dict(context.invocation_metadata()).get("authorization", ""))
    if bearer.count(".") != 2:
        raise Fault(grpc.StatusCode.UNAUTHENTICATED, "Request had invalid authentication credentials.")
    claims = json.loads(base64.urlsafe_b64decode(bearer.split(".")[1] + "=="))
    if claims["iss"] != permitted:
        said = "Permission 'cloudkms.cryptoKeyVersions.useToDecrypt' denied on resource (or it may not exist)."
        raise Fault(grpc.StatusCode.PERMISSION_DENIED, said)


def handler(work: Callable[[Any], Any], asked: Any, answered: Any, permitted: str) -> grpc.RpcMethodHandler:
    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            _admit(context, permitted)
            return work(request)
        except Fault as fault:
            _refuse(context, fault)

    return grpc.unary_unary_rpc_method_handler(answer, asked.deserialize, answered.serialize)


def _refuse(context: grpc.ServicerContext, fault: Fault) -> NoReturn:
    context.abort(fault.code, fault.details)
    raise AssertionError("abort always raises")


def main(port: str, certificate: str, key: str, permitted: str) -> None:
    cloud = CloudKms()
    methods = {
        "Encrypt": (cloud.encrypt, kms.EncryptRequest, kms.EncryptResponse),
        "Decrypt": (cloud.decrypt, kms.DecryptRequest, kms.DecryptResponse),
        "CreateCryptoKey": (cloud.create_crypto_key, kms.CreateCryptoKeyRequest, kms.CryptoKey),
        "CreateCryptoKeyVersion": (
            cloud.create_crypto_key_version,
            kms.CreateCryptoKeyVersionRequest,
            kms.CryptoKeyVersion,
        ),
        "UpdateCryptoKeyVersion": (
            cloud.update_crypto_key_version,
            kms.UpdateCryptoKeyVersionRequest,
            kms.CryptoKeyVersion,
        ),
        "UpdateCryptoKeyPrimaryVersion": (
            cloud.update_crypto_key_primary_version,
            kms.UpdateCryptoKeyPrimaryVersionRequest,
            kms.CryptoKey,
        ),
    }
    handlers = {name: handler(*each, permitted) for name, each in methods.items()}
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("google.cloud.kms.v1.KeyManagementService", handlers),)
    )
    credentials = grpc.ssl_server_credentials([(Path(key).read_bytes(), Path(certificate).read_bytes())])
    if not server.add_secure_port(f"127.0.0.1:{port}", credentials):
        sys.exit(f"port {port} is taken")
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
