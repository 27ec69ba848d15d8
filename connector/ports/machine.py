"""What the machine around us gives: the moment, a bell, and somebody who watches."""

from datetime import datetime
from typing import Protocol

from connector.domain.census import Census
from connector.domain.connection import Cause
from connector.domain.renewal import Outcome
from connector.ids import (
    FetchId,
    ProviderKey,
    TenantId,
)


class Clock(Protocol):
    """Tells the moment, in UTC."""

    def now(self) -> datetime: ...


class Doorbell(Protocol):
    """Wakes a worker; a lost ring costs one sweep and nothing else. False: the bell is out of order."""

    async def ring_fetch(self, tenant: TenantId, fetch: FetchId) -> bool: ...


class Watch(Protocol):
    """Is told what happens and counts it for the operator; it never waits, never fails, and hears of no tenant."""

    def renewal_ended(self, provider: ProviderKey, outcome: Outcome) -> None: ...

    def renewal_abandoned(self, provider: ProviderKey) -> None: ...

    def token_lost(self, provider: ProviderKey, cause: Cause) -> None: ...

    def death_held_back(self, provider: ProviderKey) -> None: ...

    def call_answered(self, provider: ProviderKey, seconds: float) -> None: ...

    def answer_on_disk(self, seconds: float) -> None: ...

    def access_given(self, provider: ProviderKey, *, renewed: bool) -> None: ...

    def census_taken(self, census: Census) -> None: ...
