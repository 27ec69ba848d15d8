"""A worker with a planted mistake: its cursor moves at once and its rows follow later. The proof must notice."""

import asyncio
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope
from connector.domain.connection import Connection
from connector.domain.invoice import FetchedInvoice
from connector.settings import read_settings
from connector.store.mirror import MirrorRows
from connector.store.work import PostgresStore
from workers.main import work

_LATER = 2.0  # seconds between the cursor's transaction and the rows'

_careful_put = MirrorRows.put
_careful_init = PostgresStore.__init__
_stores: list[PostgresStore] = []
_pending: set[asyncio.Task[None]] = set()


def _remember(self: PostgresStore, app: AsyncEngine, sweeper: AsyncEngine) -> None:
    _careful_init(self, app, sweeper)
    _stores.append(self)


async def _hasty_put(
    _: MirrorRows, connection: Connection, invoices: Sequence[FetchedInvoice], now: datetime, **told: Any
) -> None:
    async def later() -> None:
        await asyncio.sleep(_LATER)
        async with _stores[-1].within(Scope.of_tenant(connection.tenant_id)) as work_:
            await _careful_put(work_.mirror, connection, invoices, now, **told)  # type: ignore[arg-type]  # it is these rows

    task = asyncio.create_task(later())
    _pending.add(task)
    task.add_done_callback(_pending.discard)


PostgresStore.__init__ = _remember  # type: ignore[method-assign]
MirrorRows.put = _hasty_put  # type: ignore[assignment,method-assign]

if __name__ == "__main__":
    asyncio.run(work(read_settings(os.environ), Path(os.devnull)))
