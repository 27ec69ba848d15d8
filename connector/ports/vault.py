"""What keeps secrets: keys, ciphertexts, and answers that are safe before anybody reads them."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from connector.domain.custody import Kek, Laggard, Process, Retirement
from connector.domain.renewal import Backlog, TokenAnswer
from connector.domain.sealing import Seat, WrappedKey
from connector.ids import (
    DataKeyId,
    GrantId,
    TenantId,
)
from connector.secret import Secret


class KeyService(Protocol):
    """Wraps keys, of 1 to 4096 bytes, with a key-encryption key that never leaves it.

    CannotOpen says that a wrapped key or its context is wrong, and nothing else does. A service that is away raises
    Unavailable, and one where an operator must act raises Misconfigured: no wrapped key is at fault then.
    """

    async def current(self) -> str: ...

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey: ...

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes: ...

    async def close(self) -> None: ...


class KeyShelf(Protocol):
    """Keeps wrapped keys; the first writer of a key wins and every writer is told which one stands."""

    async def primary_key(self, tenant: TenantId) -> tuple[DataKeyId, WrappedKey] | None: ...

    async def data_key(self, tenant: TenantId, key: DataKeyId) -> WrappedKey | None: ...

    async def keep_primary(
        self, tenant: TenantId, key: DataKeyId, wrapped: WrappedKey, *, instead_of: DataKeyId | None = None
    ) -> bool: ...

    async def rewrap(self, tenant: TenantId, key: DataKeyId, before: WrappedKey, after: WrappedKey) -> bool: ...

    async def installation_key(self, name: str) -> WrappedKey | None: ...

    async def keep_installation_key(self, name: str, wrapped: WrappedKey) -> None: ...

    async def rewrap_installation_key(self, name: str, before: WrappedKey, after: WrappedKey) -> bool: ...


class Custody(Protocol):
    """Says for all processes which key-encryption key wraps, and knows which process can open which."""

    async def keks(self, *, settled: bool = False) -> Sequence[Kek]: ...

    async def enrol(self, kek_id: str, canary: bytes) -> None: ...

    async def promote(self, kek_id: str) -> Sequence[Laggard]: ...

    async def beat(self, process: Process) -> None: ...

    async def end(self, process: UUID) -> None: ...

    async def wrapped_by_others(
        self, kek_id: str, after: tuple[TenantId, DataKeyId] | None, *, most: int
    ) -> Sequence[tuple[TenantId, DataKeyId]]: ...

    async def count_by_others(self, kek_id: str) -> int: ...

    async def primaries_made_before(self, moment: datetime | None) -> Sequence[tuple[TenantId, DataKeyId]]: ...

    async def note_unused(self) -> None: ...

    async def retire(self, kek_id: str, oldest_backup: datetime | None) -> Retirement | None: ...


class KeyHolder(KeyService, Protocol):
    """The key-encryption keys this process can reach, as one service; the custody says which of them wraps."""

    async def foremost(self) -> str: ...

    async def held(self) -> Sequence[str]: ...

    async def canary(self) -> WrappedKey: ...

    async def wrap_under(self, kek_id: str, key: bytes, context: bytes) -> WrappedKey: ...


class Rewraps(Protocol):
    """Puts keys from under one key-encryption key under another."""

    async def rewrap(self, tenant: TenantId, key: DataKeyId, kek_id: str) -> bool: ...

    async def rewrap_pepper(self, kek_id: str) -> bool: ...


class Sealer(Protocol):
    """Seals for one tenant with a key that is in memory already: at once, and asking nobody."""

    @property
    def id(self) -> DataKeyId: ...

    def seal(self, secret: Secret, seat: Seat) -> bytes: ...


class Vault(Protocol):
    """Seals secrets to their seat, and digests what must be recognised but not kept."""

    async def prepare(self, tenant: TenantId) -> Sealer: ...

    async def seal(self, secret: Secret, seat: Seat) -> bytes: ...

    async def open(self, sealed: bytes, seat: Seat) -> Secret: ...

    def digest(self, purpose: str, text: Secret) -> bytes: ...

    async def replace_key(self, tenant: TenantId, before: DataKeyId) -> DataKeyId: ...


class TokenJournal(Protocol):
    """Keeps token answers on this machine's disk until the database has them."""

    def check(self) -> None: ...

    async def append(self, answer: TokenAnswer) -> None: ...

    def settle(self, answer: GrantId) -> None: ...

    def escrowed(self, answer: GrantId) -> None: ...

    async def unsettled(self, *, older_than: float) -> Sequence[TokenAnswer]: ...

    def unescrowed(self) -> Sequence[TokenAnswer]: ...

    def backlog(self) -> Backlog: ...


class Escrow(Protocol):
    """Keeps sealed answers in a second place, for the day the database is an old one."""

    async def keep(self, answers: Sequence[TokenAnswer]) -> None: ...

    def entries(self, since: datetime) -> AsyncIterator[TokenAnswer]: ...

    async def forget(self, before: datetime) -> None: ...
