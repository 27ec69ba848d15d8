"""Keys are issued, recognised and ended here; the only place where a request's scope is minted."""

import binascii
import hmac
import re
import secrets
import string
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connector.domain.access import ApiKey, Permission, Scope, Viewer
from connector.errors import KeyRefused, NotFound
from connector.ids import KeyId, PartnerId, TenantId, new_key_id
from connector.ports import Clock, Store, Vault
from connector.secret import Secret

_PREFIX = "cx_live"
_ALPHABET = string.digits + string.ascii_letters
_SECRET_LENGTH = 32  # characters of 62: 190 bits
_SUM_LENGTH = 6
_SHAPE = re.compile(
    rf"{_PREFIX}_(?P<id>[a-z0-9]{{10}})_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}})(?P<sum>[0-9A-Za-z]{{{_SUM_LENGTH}}})"
)

REMEMBERED_FOR = 5.0  # seconds: a revoked key opens nothing after that
_REMEMBERED_MOST = 10_000


@dataclass(slots=True)
class Access:
    """Issues keys and turns a presented key into a viewer."""

    store: Store
    vault: Vault
    clock: Clock
    elapsed: Callable[[], float] = time.monotonic  # seconds, unmoved by whoever sets the clock
    _remembered: OrderedDict[bytes, tuple[float, Viewer]] = field(default_factory=OrderedDict)

    async def issue(
        self,
        partner: PartnerId,
        *,
        name: str,
        permissions: Sequence[Permission],
        tenant: TenantId | None = None,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, Secret]:
        """A new key and its text, shown now and never again; raises NotFound for an unknown partner or tenant."""
        key_id = new_key_id()
        body = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
        text = Secret(f"{_PREFIX}_{key_id}_{body}{_checksum(key_id, body)}")
        key = ApiKey(
            id=key_id,
            partner_id=partner,
            tenant_id=tenant,
            name=name,
            digest=self.vault.digest("api_key", text),
            permissions=permissions,
            created_at=self.clock.now(),
            expires_at=expires_at,
            revoked_at=None,
        )
        async with self.store.within(Scope.of_partner(partner)) as work:
            if await work.directory.partner(partner) is None:
                raise NotFound(noun="partner")
            if tenant is not None and await work.directory.tenant(tenant) is None:
                raise NotFound(noun="tenant")
            await work.directory.add_key(key)
        return key, text

    async def revoke(self, partner: PartnerId, key: KeyId) -> None:
        """Ends a key everywhere within five seconds; raises NotFound when there is no living one."""
        async with self.store.within(Scope.of_partner(partner)) as work:
            if not await work.directory.revoke_key(key, self.clock.now()):
                raise NotFound(noun="key")

    async def viewer(self, presented: Secret | None) -> Viewer:
        """Who presents this key; raises KeyRefused, the same for every reason."""
        if presented is None:
            raise KeyRefused
        # A checksum tells a mistyped or foreign text from a key without asking the database.
        shape = _SHAPE.fullmatch(presented.reveal())
        if shape is None or not hmac.compare_digest(shape["sum"], _checksum(shape["id"], shape["secret"])):
            raise KeyRefused
        digest = self.vault.digest("api_key", presented)
        remembered = self._remembered.get(digest)
        if remembered is not None and remembered[0] > self.elapsed():
            return remembered[1]
        viewer = await self._look_up(KeyId(shape["id"]), digest)
        self._remembered[digest] = (self.elapsed() + REMEMBERED_FOR, viewer)
        while len(self._remembered) > _REMEMBERED_MOST:
            self._remembered.popitem(last=False)
        return viewer

    async def _look_up(self, key_id: KeyId, digest: bytes) -> Viewer:
        owner = await self.store.key_named(key_id)
        if owner is None or not hmac.compare_digest(owner.digest, digest):
            raise KeyRefused
        scope = Scope(partner_id=owner.partner_id, tenant_id=owner.tenant_id)
        async with self.store.within(scope) as work:
            key = await work.directory.key(key_id)
            partner = await work.directory.partner(owner.partner_id)
        if key is None or partner is None or not key.usable(self.clock.now()):
            raise KeyRefused
        return Viewer(
            key_id=key.id,
            key_name=key.name,
            partner_id=partner.id,
            partner_name=partner.name,
            scope=scope,
            permissions=frozenset(key.permissions),
            key_expires_at=key.expires_at,
        )


def _checksum(key_id: str, body: str) -> str:
    rest = binascii.crc32(f"{key_id}_{body}".encode())
    digits = []
    for _ in range(_SUM_LENGTH):
        rest, digit = divmod(rest, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
