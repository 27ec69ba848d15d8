"""Token answers as a journal meets them, sealed; and what of them is on a disk."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from connector.domain.certificate import Certificate
from connector.domain.renewal import TokenAnswer
from connector.domain.sealing import DataKey, WrappedKey
from connector.ids import ConnectionId, DataKeyId, GrantId, ProviderKey, TenantId, new_id
from connector.vault.records import read_records

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def an_answer(after: timedelta = timedelta(), *, sealed: bytes | None = None, first: bool = False) -> TokenAnswer:
    """An answer that came so long after noon; `first` has no grant before it."""
    return TokenAnswer(
        id=GrantId(new_id()),
        tenant_id=TenantId(new_id()),
        connection_id=ConnectionId(new_id()),
        provider=ProviderKey("infomart"),
        parent_id=None if first else GrantId(new_id()),
        answered_at=NOON + after,
        sealed=os.urandom(1200) if sealed is None else sealed,
    )


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def on_disk(folder: Path) -> list[TokenAnswer]:
    """What anybody finds in there, without asking the journal."""
    return [each.answer for path in files(folder) for each in read_records(path.read_bytes()).answers]


async def until(true: Callable[[], bool], *, seconds: float = 10) -> None:
    """Waits for what another thread or process is about to do."""
    for _ in range(round(seconds / 0.01)):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came true")


def a_certificate(reason: str) -> Certificate:
    """A certificate of always the same tenant."""
    told = {"tenant": {"id": str(UUID(int=7))}, "reason": reason}
    return Certificate(document=json.dumps(told), digest=reason.encode())


def a_key(tenant: int, own: int, wrapped: bytes = b"wrapped", kek_id: str = "kek") -> DataKey:
    """A data key of the tenant with this number, wrapped."""
    return DataKey(TenantId(UUID(int=tenant)), DataKeyId(UUID(int=own)), WrappedKey(kek_id, wrapped))
