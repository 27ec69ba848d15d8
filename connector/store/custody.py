"""Rows that say which key-encryption key wraps, which are done with, and which process can open which."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connector.domain.access import Scope
from connector.domain.custody import SILENT, Kek, Laggard, Process, Retirement
from connector.ids import DataKeyId, TenantId
from connector.store.tables import data_keys, installation_keys, key_encryption_keys, processes
from connector.store.work import confined

_NOBODY = Scope(partner_id=None, tenant_id=None)
_REUSED_AFTER = sa.text("interval '1 day'")  # a row of a process that ended so long ago serves the next one
# A process that was stopped in the middle of a transaction holds its locks; then this is Unavailable, and tried again.
_NOT_FOR_LONG = sa.text("set local lock_timeout = '2s'")


class PostgresCustody:
    """One word for the whole installation, since processes' settings never change all at once."""

    def __init__(self, app: AsyncEngine, sweeper: AsyncEngine) -> None:
        self._app = app
        self._sweeper = sweeper

    async def keks(self, *, settled: bool = False) -> Sequence[Kek]:
        """Every key-encryption key there ever was; the one that wraps is first, those never promoted are last.

        With `settled` it waits for a promotion that is under way: whoever looks has seen it, or was seen by it.
        """
        of = key_encryption_keys.c
        statement = sa.select(key_encryption_keys).order_by(of.promoted_at.desc().nulls_last(), of.added_at)
        async with confined(self._app, _NOBODY) as connection:
            if settled:
                await connection.execute(sa.select(of.id).with_for_update(read=True))
            return [_kek(row) for row in await connection.execute(statement)]

    async def enrol(self, kek_id: str, canary: bytes) -> None:
        """Makes a key known; nothing is wrapped by it before it is promoted. Known already: nothing changes."""
        values = {"id": kek_id, "canary": canary}
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(insert(key_encryption_keys).values(values).on_conflict_do_nothing())

    async def promote(self, kek_id: str) -> Sequence[Laggard]:
        """Lets the key wrap from now on, if every living process can open it; those that cannot, and then nothing."""
        of, who = key_encryption_keys.c, processes.c
        lagging = sa.and_(_alive(), sa.literal(kek_id) != sa.func.all(who.opens))
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(_NOT_FOR_LONG)
            await connection.execute(sa.select(of.id).with_for_update())
            found = await connection.execute(sa.select(processes).where(lagging).order_by(who.host, who.pid))
            laggards = [Laggard(row.host, row.pid, row.started_at, row.seen_at) for row in found]
            if not laggards:
                fresh = {"promoted_at": sa.func.clock_timestamp(), "unused_since": None}
                usable = sa.and_(of.id == kek_id, of.retired_at.is_(None))
                await connection.execute(sa.update(key_encryption_keys).where(usable).values(fresh))
        return laggards

    async def beat(self, process: Process) -> None:
        """Writes what the process can open now; its first beat may take the row of one that is long gone."""
        who = processes.c
        told = {"opens": list(process.opens), "seen_at": sa.func.now()}
        async with confined(self._app, _NOBODY) as connection:
            known = await connection.execute(sa.update(processes).where(who.id == process.id).values(told))
            if known.rowcount:
                return
            gone = sa.select(who.id).where(who.seen_at < sa.func.now() - _REUSED_AFTER).limit(1)
            gone = gone.with_for_update(skip_locked=True)
            own = {**told, "id": process.id, "host": process.host, "pid": process.pid, "ended_at": None}
            own["started_at"] = sa.func.now()
            taken = sa.update(processes).where(who.id.in_(gone)).values(own)
            if not (await connection.execute(taken)).rowcount:
                await connection.execute(sa.insert(processes).values(own))

    async def end(self, process: UUID) -> None:
        """Says that the process is gone, so that nobody waits for it."""
        statement = sa.update(processes).where(processes.c.id == process).values(ended_at=sa.func.now())
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(statement)

    async def wrapped_by_others(
        self, kek_id: str, after: tuple[TenantId, DataKeyId] | None, *, most: int
    ) -> Sequence[tuple[TenantId, DataKeyId]]:
        """Data keys that another key than this one wraps, in order, those behind `after` only."""
        of = data_keys.c
        statement = sa.select(of.tenant_id, of.id).where(of.kek_id != kek_id).order_by(of.tenant_id, of.id).limit(most)
        if after is not None:
            statement = statement.where(sa.tuple_(of.tenant_id, of.id) > after)
        async with confined(self._sweeper, _NOBODY) as connection:
            rows = await connection.execute(statement)
            return [(TenantId(row.tenant_id), DataKeyId(row.id)) for row in rows]

    async def count_by_others(self, kek_id: str) -> int:
        """How many data keys another key than this one wraps."""
        statement = sa.select(sa.func.count(data_keys.c.id)).where(data_keys.c.kek_id != kek_id)
        async with confined(self._sweeper, _NOBODY) as connection:
            return int((await connection.execute(statement)).scalar_one())

    async def primaries_made_before(self, moment: datetime | None) -> Sequence[tuple[TenantId, DataKeyId]]:
        """Tenants' primary data keys, and of these the ones made before the moment, oldest first; None: all."""
        of = data_keys.c
        statement = sa.select(of.tenant_id, of.id).where(of.is_primary).order_by(of.created_at, of.tenant_id)
        if moment is not None:
            statement = statement.where(of.created_at < moment)
        async with confined(self._sweeper, _NOBODY) as connection:
            rows = await connection.execute(statement)
            return [(TenantId(row.tenant_id), DataKeyId(row.id)) for row in rows]

    async def note_unused(self) -> None:
        """Writes down, for every key that wraps no more, whether a full count finds anything under it."""
        for kek in (await self.keks())[1:]:
            if kek.promoted_at is not None and kek.retired_at is None:
                async with confined(self._app, _NOBODY) as connection:
                    await self._counted(connection, kek.id)

    async def retire(self, kek_id: str, oldest_backup: datetime | None) -> Retirement | None:
        """Ends a key that nothing refers to, by a full count that no new reference can slip past.

        `oldest_backup`: None, if there is no backup at all. None: there is no such key.
        """
        of = key_encryption_keys.c
        async with confined(self._app, _NOBODY) as connection:
            await connection.execute(_NOT_FOR_LONG)
            statement = sa.select(key_encryption_keys).order_by(of.promoted_at.desc().nulls_last()).with_for_update()
            known = [_kek(row) for row in await connection.execute(statement)]
            if kek_id not in {kek.id for kek in known}:
                return None
            wraps = known[0].id == kek_id and known[0].promoted_at is not None
            references, unused_since = await self._counted(connection, kek_id)
            needed = unused_since is not None and oldest_backup is not None and oldest_backup < unused_since
            outcome = Retirement(references, wraps, unused_since, needed)
            if outcome.retired:
                retired = sa.update(key_encryption_keys).where(of.id == kek_id, of.retired_at.is_(None))
                await connection.execute(retired.values(retired_at=sa.func.now()))
        return outcome

    async def _counted(self, connection: AsyncConnection, kek_id: str) -> tuple[dict[str, int], datetime | None]:
        """What refers to the key, and since when nothing has. Its row is locked, which every new reference asks for."""
        of = key_encryption_keys.c
        await connection.execute(_NOT_FOR_LONG)
        await connection.execute(sa.select(of.id).where(of.id == kek_id).with_for_update())
        of_tenants = sa.select(sa.func.count(data_keys.c.id)).where(data_keys.c.kek_id == kek_id)
        async with confined(self._sweeper, _NOBODY) as across:
            counted = {"data_keys": int((await across.execute(of_tenants)).scalar_one())}
        own = sa.select(sa.func.count()).where(installation_keys.c.kek_id == kek_id)
        counted["installation_keys"] = int((await connection.execute(own)).scalar_one())
        references = {table: count for table, count in counted.items() if count}
        since = None if references else sa.func.coalesce(of.unused_since, sa.func.clock_timestamp())
        noted = sa.update(key_encryption_keys).where(of.id == kek_id).values(unused_since=since)
        unused_since: datetime | None = (await connection.execute(noted.returning(of.unused_since))).scalar_one()
        return references, unused_since


def _alive() -> sa.ColumnElement[bool]:
    who = processes.c
    return sa.and_(who.ended_at.is_(None), who.seen_at > sa.func.now() - sa.literal(SILENT))


def _kek(row: sa.Row[tuple[object, ...]]) -> Kek:
    return Kek(
        id=row.id,
        canary=row.canary,
        promoted_at=row.promoted_at,
        unused_since=row.unused_since,
        retired_at=row.retired_at,
    )
