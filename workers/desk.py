"""The desk where fetches are read: so many at a time, each once, for rings and for the timetable alike."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from connector.ids import FetchId, TenantId
from workers.harness import reported


class ReadsFetches(Protocol):
    """What the desk asks of the flow."""

    async def read(self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool]) -> object:
        """Carries a fetch on, and stops between two pages once there is `enough`."""


class Desk:
    """Holds every reading of this process, so that all of them can be brought to a good end."""

    def __init__(self, fetching: ReadsFetches, *, places: int) -> None:
        self._fetching = fetching
        self._places = asyncio.Semaphore(places)
        self._readings: dict[tuple[TenantId, FetchId], asyncio.Task[None]] = {}
        self._closing = False

    def take(self, tenant: TenantId, fetch: FetchId) -> None:
        """Begins to read, unless this fetch is being read here; the claim inside decides which reading counts."""
        _ = self._reading(tenant, fetch)

    async def read(self, tenant: TenantId, fetch: FetchId) -> None:
        """Waits for the reading to end; it goes on even if nobody waits any more."""
        await asyncio.wait([self._reading(tenant, fetch)])

    async def close(self, patience: float) -> None:
        """Lets every reading finish its page, and ends those that have not done so after `patience` seconds."""
        self._closing = True
        if not self._readings:
            return
        _, late = await asyncio.wait(self._readings.values(), timeout=patience)
        for reading in late:
            reading.cancel()
        if late:
            await asyncio.wait(late)

    def _reading(self, tenant: TenantId, fetch: FetchId) -> "asyncio.Task[None]":
        whose = (tenant, fetch)
        reading = self._readings.get(whose)
        if reading is None:
            reading = asyncio.create_task(self._read(tenant, fetch))
            self._readings[whose] = reading
            reading.add_done_callback(lambda _: self._readings.pop(whose))
        return reading

    async def _read(self, tenant: TenantId, fetch: FetchId) -> None:
        async with self._places:
            if self._closing:
                return
            with reported("read_fetch"):
                await self._fetching.read(tenant, fetch, enough=lambda: self._closing)
