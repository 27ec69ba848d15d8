"""What the machine around us gives: the moment, and a bell."""

from datetime import datetime
from typing import Protocol

from connector.ids import (
    FetchId,
    TenantId,
)


class Clock(Protocol):
    """Tells the moment, in UTC."""

    def now(self) -> datetime: ...


class Doorbell(Protocol):
    """Wakes a worker; a lost ring costs one sweep and nothing else. False: the bell is out of order."""

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> bool: ...
