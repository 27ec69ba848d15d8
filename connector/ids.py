"""Names for identities, so that a tenant is never passed where a connection is meant."""

import secrets
from typing import NewType
from uuid import UUID, uuid4

PartnerId = NewType("PartnerId", UUID)
TenantId = NewType("TenantId", UUID)
ConnectionId = NewType("ConnectionId", UUID)
LinkId = NewType("LinkId", UUID)
AttemptId = NewType("AttemptId", UUID)
FetchId = NewType("FetchId", UUID)
InvoiceId = NewType("InvoiceId", UUID)
DataKeyId = NewType("DataKeyId", UUID)
GrantId = NewType("GrantId", UUID)
KeyId = NewType("KeyId", str)
ProviderKey = NewType("ProviderKey", str)

_KEY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without the look-alikes i, l, o, 0 and 1


def new_id() -> UUID:
    """A fresh identity, unguessable and unordered."""
    return uuid4()


def new_key_id() -> KeyId:
    """A fresh public name for an API key: ten characters a person can read aloud."""
    return KeyId("".join(secrets.choice(_KEY_ALPHABET) for _ in range(10)))
