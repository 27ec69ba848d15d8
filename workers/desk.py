"""The desk where fetches are read: so many at a time, each once, for rings and for the timetable alike."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from connector.domain.fetch import Fetch, Reading
from connector.ids import FetchId, TenantId
from workers.harness import reported

TURN = 10  # pages read before a place is given to whoever waits for one


class ReadsFetches(Protocol):
    """What the desk asks of the flow."""

    async def read(self, tenant: TenantId, fetch_id: FetchId, *, enough: Callable[[], bool]) -> Fetch | None:
        """Carries a fetch on, and stops between two pages once there is `enough`."""


class Desk:
    """Holds every reading of this process, so that all of them can be brought to a good end.

    However long one list is, the others wait for a few of its pages only: it gives its place up and queues again.
    """

    def __init__(self, fetching: ReadsFetches, *, places: int) -> None:
        self._fetching = fetching
        self._places = asyncio.Semaphore(places)
        self._readings: dict[tuple[TenantId, FetchId], asyncio.Task[None]] = {}
        self._waiting = 0
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
        while await self._read_for_a_turn(tenant, fetch):
            pass

    async def _read_for_a_turn(self, tenant: TenantId, fetch: FetchId) -> bool:
        """Reads as long as nobody waits, and a turn's pages in any case; whether pages are left."""
        read = 0

        def enough() -> bool:
            nonlocal read
            read += 1
            return self._closing or (self._waiting > 0 and read >= TURN)

        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
        try:
            with reported("read_fetch"):
                left = None if self._closing else await self._fetching.read(tenant, fetch, enough=enough)
                return left is not None and left.reading is Reading.RUNNING and not self._closing
        finally:
            self._places.release()
        return False
