"""Gives tenants new data keys and puts what is in use under them, so that an old key, or a leaked one, can end."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from connector.domain.access import Scope
from connector.domain.custody import DATA_KEY_AGE, DataKeyRetirement
from connector.errors import CannotOpen, ConnectorError, NotFound
from connector.failpoints import failpoint
from connector.flows.escrowing import RETAINED
from connector.ids import DataKeyId, TenantId
from connector.ports import Clock, Custody, Store, Vault

_AT_A_TIME = 10

_log = structlog.get_logger("connector.resealing")

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Resealed:
    """What a rotation of data keys came to."""

    tenants: int
    resealed: int  # ciphertexts
    made_due: int  # connections that are renewed now, so that a leaked token dies at its provider
    failed: int  # tenants left for another run
    unreadable: int  # ciphertexts that do not open, and stay as they are


@dataclass(frozen=True, slots=True)
class Resealing:
    """Rotation of tenants' data keys; an old key goes on opening what was sealed with it."""

    store: Store
    vault: Vault
    custody: Custody
    clock: Clock
    noticed_after: timedelta  # how long another process may go on sealing with the old key

    async def due(self) -> Sequence[TenantId]:
        """Tenants whose data key is a year old, the oldest first."""
        return [tenant for tenant, _ in await self.custody.primaries_made_before(self.clock.now() - DATA_KEY_AGE)]

    async def everyone(self) -> Sequence[TenantId]:
        """Every tenant that has a data key."""
        return [tenant for tenant, _ in await self.custody.primaries_made_before(None)]

    async def rotate(self, tenants: Sequence[TenantId], *, leaked: bool, told: Progress) -> Resealed:
        """A new data key for each tenant, and what is in use under it; again after every process has noticed it.

        With `leaked`, connections are also renewed now: whoever read the old key may have read the token.
        """
        room, total = asyncio.Semaphore(_AT_A_TIME), 2 * len(tenants)
        resealed = made_due = unreadable = 0
        failed: set[TenantId] = set()

        async def each(tenant: TenantId, *, first: bool) -> tuple[int, int, int]:
            async with room:
                try:
                    if first:
                        await self._replace(tenant)
                    count, shut = await self._reseal(tenant)
                    return count, shut, await self._make_due(tenant) if leaked and not first else 0
                except ConnectorError as failure:
                    _log.warning("not resealed", tenant=str(tenant), failure=str(failure))
                    failed.add(tenant)
                    return 0, 0, 0

        done = 0
        for first in (True, False):
            if not first and tenants:
                await asyncio.sleep(self.noticed_after.total_seconds())
            for ended in asyncio.as_completed([each(tenant, first=first) for tenant in tenants]):
                sealed, shut, due = await ended
                resealed, made_due, done = resealed + sealed, made_due + due, done + 1
                unreadable += 0 if first else shut  # both times the same ones
                told(done, total)
        return Resealed(len(tenants), resealed, made_due, len(failed), unreadable)

    async def retire(self, tenant: TenantId, key: DataKeyId) -> DataKeyRetirement:
        """Ends an old data key, if nothing that could still be asked for was sealed with it.

        That is what is in use, and the lineage and the escrow as far back as they are kept. Raises NotFound for the
        primary key and for another tenant's.
        """
        now = self.clock.now()
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            replaced_at = await work.resting.replaced_at(tenant, key)
            if replaced_at is None:
                raise NotFound(noun="key")
            references = await work.resting.count(tenant, key, now, since=now - RETAINED)
            kept_until = replaced_at + self.noticed_after + RETAINED
            outcome = DataKeyRetirement(references, None if kept_until <= now else kept_until)
            if outcome.retired:
                await work.resting.retire(tenant, key)
        return outcome

    async def _replace(self, tenant: TenantId) -> None:
        sealer = await self.vault.prepare(tenant)
        await self.vault.replace_key(tenant, sealer.id)
        failpoint("resealing.replaced")

    async def _reseal(self, tenant: TenantId) -> tuple[int, int]:
        """How many ciphertexts were put under the primary key, and how many do not open.

        A renewal that came first has sealed its own.
        """
        sealer = await self.vault.prepare(tenant)
        done = unreadable = 0
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            others = await work.resting.not_under(tenant, sealer.id, self.clock.now())
        for resting in others:
            try:
                secret = await self.vault.open(resting.sealed, resting.seat)
            except CannotOpen as failure:
                place = {"place": resting.seat.place, "row": str(resting.seat.version_id)}
                _log.error("does not open", tenant=str(tenant), **place, failure=str(failure))
                unreadable += 1
                continue
            sealed = sealer.seal(secret, resting.seat)
            async with self.store.within(Scope.of_tenant(tenant)) as work:
                done += await work.resting.put(resting, sealed)
            failpoint("resealing.put")
        return done, unreadable

    async def _make_due(self, tenant: TenantId) -> int:
        async with self.store.within(Scope.of_tenant(tenant)) as work:
            return await work.resting.make_due(tenant, self.clock.now())
