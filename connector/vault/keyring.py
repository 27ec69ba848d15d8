"""The vault: one data key per tenant, wrapped by the key service, kept open for a while only."""

import asyncio
import hashlib
import hmac
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import structlog
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from connector.domain.custody import CANARY
from connector.domain.sealing import TRUSTED_FOR, DataKey, Seat, WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured, SealFault, Unavailable
from connector.ids import DataKeyId, TenantId, new_id
from connector.ports import KeyService, KeyShelf
from connector.secret import Secret
from connector.vault import envelope

K = TypeVar("K")
V = TypeVar("V")

OPEN_FOR = 15 * 60.0  # seconds after which a data key in memory is unwrapped anew
OVERTIME_TO = 60 * 60.0  # seconds it is in memory at most, for a key service that is away when it should unwrap it
_ASK_AGAIN = 10.0  # seconds in which nobody whose key is in memory waits for a key service that was away
PRIMARY_FOR = 60.0  # seconds a primary key is taken for granted, after which a rotation of it is noticed
OPEN_MOST = 10_000
PEPPER = CANARY.decode()
_LOOKS = 3  # at a row that changes while its key is being unwrapped
_LOOK_THROUGH = 60.0  # seconds after which what is out of time is dropped, though nobody asks for it

_log = structlog.get_logger("connector.keyring")


class _Held(Generic[K, V]):
    """What is kept in memory for a while: bounded in time, and in number by dropping what was used longest ago."""

    def __init__(self, most: int, keep_for: float, seconds: Callable[[], float]) -> None:
        self._most = most
        self._keep_for = keep_for
        self._seconds = seconds
        self._kept: OrderedDict[K, tuple[float, V]] = OrderedDict()
        self._look_through_at = 0.0

    def get(self, name: K) -> V | None:
        now = self._seconds()
        if self._look_through_at <= now:
            self._look_through_at = now + _LOOK_THROUGH
            for each in [each for each, (until, _) in self._kept.items() if until <= now]:
                del self._kept[each]
        until, value = self._kept.get(name, (0.0, None))
        if value is None or until <= now:
            self._kept.pop(name, None)
            return None
        self._kept.move_to_end(name)
        return value

    def drop(self, name: K) -> None:
        self._kept.pop(name, None)

    def put(self, name: K, value: V, *, since: float | None = None) -> None:
        """Keeps it from now on, or as if it had been kept since then."""
        self._kept[name] = ((self._seconds() if since is None else since) + self._keep_for, value)
        self._kept.move_to_end(name)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)


@dataclass(frozen=True, slots=True, repr=False)
class _Unwrapped:
    """A data key in memory, and the second it was unwrapped at."""

    key: AESGCM
    at: float


@dataclass(frozen=True, slots=True, repr=False)
class OpenKey:
    """A tenant's primary data key, unwrapped: seals at once, and asks nobody."""

    id: DataKeyId
    key: AESGCM

    def seal(self, secret: Secret, seat: Seat) -> bytes:
        """The envelope of `secret`."""
        return envelope.seal(secret, key_id=self.id, key=self.key, seat=seat)


class Keyring:
    """Seals and opens under per-tenant data keys; holds unwrapped keys in memory, bounded in number and time."""

    def __init__(
        self,
        service: KeyService,
        shelf: KeyShelf,
        pepper: bytes,
        *,
        most: int = OPEN_MOST,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._shelf = shelf
        self._pepper = pepper
        self._open: _Held[tuple[TenantId, DataKeyId], _Unwrapped] = _Held(most, OVERTIME_TO, seconds)
        self._primary: _Held[TenantId, DataKeyId] = _Held(most, PRIMARY_FOR, seconds)
        self._there: _Held[tuple[TenantId, DataKeyId], WrappedKey] = _Held(most, TRUSTED_FOR.total_seconds(), seconds)
        self._seconds = seconds
        self._ask_again_at = 0.0
        self._making: WeakValueDictionary[TenantId, asyncio.Lock] = WeakValueDictionary()

    @classmethod
    async def opened(cls, service: KeyService, shelf: KeyShelf) -> "Keyring":
        """A keyring proven to hold the right key-encryption key: the installation's own pepper opens with it.

        Raises Misconfigured when it does not, before anything is served.
        """
        if await shelf.installation_key(PEPPER) is None:
            await shelf.keep_installation_key(PEPPER, await service.wrap(os.urandom(32), PEPPER.encode()))
        kept = await shelf.installation_key(PEPPER)
        if kept is None:
            raise Misconfigured(problems=["the database did not keep the installation's pepper"])
        try:
            return cls(service, shelf, await service.unwrap(kept, PEPPER.encode()))
        except CannotOpen:
            problem = (
                f"CONNECTOR_KEK: this key does not open what the database was sealed with (key {kept.kek_id}); "
                "give the key this installation was set up with"
            )
            raise Misconfigured(problems=[problem]) from None

    async def prove(self, samples: Iterable[tuple[str, TenantId, DataKeyId]]) -> None:
        """Unwraps one data key of each key-encryption key in use; raises Misconfigured, naming those that fail."""
        failed = []
        for kek_id, tenant, key_id in samples:
            try:
                await self._key(tenant, key_id, "data_key")
            except CannotOpen as failure:
                if failure.fault is not SealFault.KEY_MISSING:  # destroyed since it was chosen
                    failed.append(f"key-encryption key {kek_id} (tried with data key {key_id} of tenant {tenant})")
        if failed:
            problem = "CONNECTOR_KEK: data keys in use do not open; give back " + ", and ".join(failed)
            raise Misconfigured(problems=[problem])

    async def look_over(self, owner: UUID) -> None:
        """Looks at all keys under a lease together, so that none has to be looked at alone for as long as that counts.

        Those that are not open are still unwrapped one by one.
        """
        looked_at = self._seconds()
        for tenant, key_id, wrapped, primary in await self._shelf.leased(owner):
            if not wrapped.retired:  # which is an alarm, when such a key is asked for
                self._there.put((tenant, key_id), wrapped, since=looked_at)
            if primary:
                self._primary.put(tenant, key_id, since=looked_at)

    async def prepare(self, tenant: TenantId) -> OpenKey:
        """The tenant's primary data key, open in memory and made now if the tenant has none."""
        key_id = await self._primary_of(tenant)
        return OpenKey(id=key_id, key=await self._key(tenant, key_id, "data_key"))

    async def seal(self, secret: Secret, seat: Seat) -> bytes:
        """The envelope of `secret` under the tenant's primary data key."""
        return (await self.prepare(seat.tenant_id)).seal(secret, seat)

    async def open(self, sealed: bytes, seat: Seat) -> Secret:
        """The secret inside; raises CannotOpen when it was sealed for another seat or its key is gone."""
        key_id = envelope.key_id_of(sealed, seat)
        return envelope.unseal(sealed, key=await self._key(seat.tenant_id, key_id, seat.purpose), seat=seat)

    def key_of(self, sealed: bytes, seat: Seat) -> DataKeyId:
        """The data key that sealed it; raises CannotOpen for what was never sealed here."""
        return envelope.key_id_of(sealed, seat)

    def digest(self, purpose: str, text: Secret) -> bytes:
        """A keyed fingerprint by which `text` is recognised again and from which it cannot be had back."""
        return hmac.new(self._pepper, purpose.encode() + b"\0" + text.reveal().encode(), hashlib.sha256).digest()

    async def replace_key(self, tenant: TenantId, before: DataKeyId) -> DataKeyId:
        """A new primary data key instead of `before`; where somebody replaced it already, the one that stands now."""
        fresh, wrapped = await self._made(tenant)
        await self._shelf.keep_primary(tenant, fresh, wrapped, instead_of=before)
        self._primary.drop(tenant)
        return await self._primary_of(tenant)

    async def put_back(self, key: DataKey) -> bool:
        """Gives a restored database a key that it has lost, wrapped by the key-encryption key that wraps now.

        False: it is there, or is taken no more. Raises CannotOpen for what was never a key of this tenant's.
        """
        if await self._shelf.data_key(key.tenant_id, key.id) is not None:
            return False
        context = owner_of(key.tenant_id, key.id)
        wrapped = await self._service.wrap(await self._service.unwrap(key.wrapped, context), context)
        return await self._shelf.put_back(key.tenant_id, key.id, wrapped)

    async def _primary_of(self, tenant: TenantId) -> DataKeyId:
        if known := self._primary.get(tenant):
            return known
        since = self._seconds()
        kept = await self._shelf.primary_key(tenant) or await self._first_of(tenant)
        self._primary.put(tenant, kept[0], since=since)
        return kept[0]

    async def _first_of(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey]:
        """The tenant's first key, made once however many ask; only those of the same tenant wait for each other."""
        turn = self._making.setdefault(tenant, asyncio.Lock())
        async with turn:
            kept = await self._shelf.primary_key(tenant)
            for _ in range(_LOOKS):
                if kept is not None:
                    return kept
                fresh, wrapped = await self._made(tenant)
                await self._shelf.keep_primary(tenant, fresh, wrapped)
                kept = await self._shelf.primary_key(tenant)  # another process may have been first
        if kept is None:  # the shelf takes none for a tenant that was shredded
            raise CannotOpen(purpose="data_key", fault=SealFault.KEY_MISSING)
        return kept

    async def _made(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey]:
        fresh = DataKeyId(new_id())
        return fresh, await self._service.wrap(AESGCM.generate_key(256), owner_of(tenant, fresh))

    async def _key(self, tenant: TenantId, key_id: DataKeyId, purpose: str) -> AESGCM:
        name = (tenant, key_id)
        held, wrapped = self._open.get(name), self._there.get(name)
        if wrapped is None:
            wrapped = await self._looked_at(name, purpose)
        now = self._seconds()
        if held is not None and now < max(held.at + OPEN_FOR, min(held.at + OVERTIME_TO, self._ask_again_at)):
            return held.key
        try:
            unwrapped = _Unwrapped(AESGCM(await self._unwrapped(name, wrapped, purpose)), now)
        except Unavailable:
            if (held := self._open.get(name)) is None:
                raise
            self._ask_again_at = self._seconds() + _ASK_AGAIN
            _log.warning("in use beyond its time: its key service is away", tenant=str(tenant), data_key=str(key_id))
            return held.key
        except ConnectorError:  # whoever refuses is believed at once
            self._open.drop(name)
            raise
        self._open.put(name, unwrapped, since=now)
        return unwrapped.key

    async def _looked_at(self, name: tuple[TenantId, DataKeyId], purpose: str) -> WrappedKey:
        """The key as its row has it now; raises CannotOpen when it was destroyed or retired."""
        since = self._seconds()
        wrapped = await self._shelf.data_key(*name)
        if wrapped is None:
            self._open.drop(name)
            self._there.drop(name)
            raise CannotOpen(purpose=purpose, fault=SealFault.KEY_MISSING)
        if wrapped.retired:
            _log.error("a retired key was asked for", tenant=str(name[0]), data_key=str(name[1]), kek=wrapped.kek_id)
            raise CannotOpen(purpose=purpose, fault=SealFault.KEY_NOT_UNWRAPPED)
        self._there.put(name, wrapped, since=since)
        return wrapped

    async def _unwrapped(self, name: tuple[TenantId, DataKeyId], wrapped: WrappedKey, purpose: str) -> bytes:
        for _ in range(_LOOKS):
            try:
                return await self._service.unwrap(wrapped, owner_of(*name))
            except CannotOpen:
                # What was read may be older than a rewrapping, as in a process that was stopped meanwhile.
                read, wrapped = wrapped, await self._looked_at(name, purpose)
                if wrapped == read:
                    raise CannotOpen(purpose=purpose, fault=SealFault.KEY_NOT_UNWRAPPED) from None
        raise Unavailable


def owner_of(tenant: TenantId, key_id: DataKeyId) -> bytes:
    """What a data key is wrapped for."""
    return b"data_key" + tenant.bytes + key_id.bytes
