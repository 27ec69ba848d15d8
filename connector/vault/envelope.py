"""One sealed value: version, algorithm, key id, nonce, ciphertext and tag, bound to its seat.

    version(1) | algorithm(1) | data key id(16) | nonce(12) | ciphertext | tag(16)

The key's id travels with the data, so nothing is ever opened by trial.
"""

import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.sealing import Seat
from connector.errors import CannotOpen
from connector.ids import DataKeyId
from connector.secret import Secret

_VERSION = 1
_AES_256_GCM = 1
_HEAD = 18
_NONCE = 12
_TAG = 16


def seal(secret: Secret, *, key_id: DataKeyId, key: AESGCM, seat: Seat) -> bytes:
    """The envelope of `secret`; only the same key and the same seat open it."""
    head = bytes((_VERSION, _AES_256_GCM)) + key_id.bytes
    nonce = os.urandom(_NONCE)
    return head + nonce + key.encrypt(nonce, secret.reveal().encode(), head + seat.context())


def key_id_of(sealed: bytes, seat: Seat) -> DataKeyId:
    """The data key an envelope names; raises CannotOpen for anything that is not an envelope of ours."""
    if len(sealed) < _HEAD + _NONCE + _TAG or sealed[0] != _VERSION or sealed[1] != _AES_256_GCM:
        raise CannotOpen(purpose=seat.purpose)
    return DataKeyId(UUID(bytes=sealed[2:_HEAD]))


def unseal(sealed: bytes, *, key: AESGCM, seat: Seat) -> Secret:
    """The secret inside; raises CannotOpen when the key, the seat or a single bit differs."""
    head, nonce, rest = sealed[:_HEAD], sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
    try:
        return Secret(key.decrypt(nonce, rest, head + seat.context()).decode())
    except (InvalidTag, ValueError):  # ValueError: too short to hold even a nonce
        raise CannotOpen(purpose=seat.purpose) from None
