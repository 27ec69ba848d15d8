"""Says for this process, when it starts and every few seconds, which key-encryption keys it can open."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from connector.domain.custody import BEAT, Process
from connector.errors import ConnectorError, Misconfigured
from connector.ids import new_id
from connector.ports import Custody, KeyHolder

_log = structlog.get_logger("connector.holding")


@dataclass(frozen=True, slots=True)
class Holding:
    """Every process says it, web, worker and command alike, since each may be the one that lags behind."""

    custody: Custody
    holder: KeyHolder
    process_id: UUID = field(default_factory=new_id)

    @asynccontextmanager
    async def announced(self) -> AsyncIterator[None]:
        """Announces this process for as long as the block lasts.

        Raises Misconfigured when a key that the installation needs is not in reach, before anything is served.
        """
        told = await self._told()
        await self.custody.beat(told)
        # Announced first and looked second: a promotion either waits for this process or is seen by it.
        for kek in await self.custody.keks(settled=True):
            if kek.needed and kek.id not in told.opens:
                problem = (
                    f"CONNECTOR_KEK: this key does not open what the database was sealed with (key {kek.id}); "
                    "give the key this installation was set up with, or the one it was rotated to"
                )
                await self.custody.end(self.process_id)
                raise Misconfigured(problems=[problem])
        beating = asyncio.create_task(self._go_on(told))
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait([beating])
            with suppress(ConnectorError):  # then it falls silent, which is noticed as well
                await self.custody.end(self.process_id)

    async def _told(self) -> Process:
        return Process(
            id=self.process_id,
            host=socket.gethostname(),
            pid=os.getpid(),
            opens=sorted(await self.holder.held()),
        )

    async def _go_on(self, told: Process) -> None:
        while True:
            await asyncio.sleep(BEAT.total_seconds())
            try:
                try:
                    told = await self._told()
                except ConnectorError as failure:  # a key service is away: what could be opened last is said again
                    _log.info("not proven again", failure=str(failure))
                await self.custody.beat(told)
            except ConnectorError as failure:  # the database is away, and this is said elsewhere
                _log.info("not announced", failure=str(failure))
            except Exception:  # noqa: BLE001 - a process that falls silent is taken for gone, and must not be
                _log.exception("not announced")
