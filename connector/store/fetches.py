"""Rows of fetches: the wish, the lease, the cursor, the pages and the receipt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.fetch import Age, Fetch, FetchedPage, Reading, Receipt, Window
from connector.domain.invoice import Side
from connector.ids import ConnectionId, FetchId, TenantId, new_id
from connector.store.tables import fetched_pages, fetches, receipts

_OPEN = (Reading.WAITING, Reading.RUNNING)

_OF_PAGES = fetched_pages.c
_THEIRS = sa.and_(_OF_PAGES.tenant_id == fetches.c.tenant_id, _OF_PAGES.fetch_id == fetches.c.id)
_PER_PASS = (
    sa.select(
        sa.func.count().label("pages"),
        sa.func.sum(sa.func.cardinality(_OF_PAGES["keys"])).label("listed"),
    )
    .where(_THEIRS)
    .group_by(_OF_PAGES.in_pass)
    .correlate(fetches)
    .lateral()
)
_SELECT = sa.select(
    fetches,
    *[
        sa.func.coalesce(proven, sa.select(sa.func.max(_PER_PASS.c[name])).scalar_subquery(), 0).label(name)
        for name, proven in (("pages", receipts.c.pages), ("listed", receipts.c.rows))
    ],
    receipts.c.as_of,
).select_from(
    fetches.outerjoin(
        receipts, sa.and_(receipts.c.tenant_id == fetches.c.tenant_id, receipts.c.fetch_id == fetches.c.id)
    )
)


class FetchRows:
    """Readings within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def request(
        self, tenant: TenantId, connection: ConnectionId, window: Window, now: datetime
    ) -> tuple[Fetch, bool]:
        """The open fetch of this window, and whether it was made now or stood there already."""
        of = fetches.c
        values = {
            "tenant_id": tenant,
            "id": new_id(),
            "connection_id": connection,
            "side": window.side,
            "age": window.age,
            "first_day": window.first_day,
            "last_day": window.last_day,
            "reading": Reading.WAITING,
            "requested_at": now,
            "due_at": now,
        }
        statement = _SELECT.where(
            of.connection_id == connection,
            of.side == window.side,
            of.first_day == window.first_day,
            of.last_day == window.last_day,
            of.reading.in_(_OPEN),
        )
        while True:  # the open fetch that stood in the way may end before it is read; then there is room for a new one
            added = await self._connection.execute(insert(fetches).values(values).on_conflict_do_nothing())
            row = (await self._connection.execute(statement)).one_or_none()
            if row is not None:
                return _fetch(row), added.rowcount == 1

    async def fetch(self, fetch: FetchId) -> Fetch | None:
        """The fetch; None: outside the scope."""
        row = (await self._connection.execute(_SELECT.where(fetches.c.id == fetch))).one_or_none()
        return None if row is None else _fetch(row)

    async def claim(self, fetch: FetchId, owner: UUID, now: datetime, until: datetime) -> Fetch | None:
        """Takes the fetch for `owner`; None: it is done, not due yet, or its connection's list is being read.

        A list has one reader, whichever windows of it are wanted: so what looks saw follows in the order in which they
        looked. Whoever let a lease on it run out can no longer write, whatever it has read.
        """
        of = fetches.c
        wanted = sa.select(of.tenant_id, of.connection_id, of.side).where(of.id == fetch).subquery()
        same_list = sa.and_(
            of.tenant_id == wanted.c.tenant_id, of.connection_id == wanted.c.connection_id, of.side == wanted.c.side
        )
        # Locked in one order, so that two who claim two windows of one list do it one after the other.
        locked = sa.select(of.id, of.lease_until).join_from(fetches, wanted, same_list)
        locked = locked.where(of.reading.in_(_OPEN)).order_by(of.id).with_for_update(of=fetches)
        held = {row.id: row.lease_until for row in await self._connection.execute(locked)}
        if fetch not in held or any(each is not None and each > now for each in held.values()):
            return None
        overtaken = [each for each, lease in held.items() if each != fetch and lease is not None]
        if overtaken:
            await self._connection.execute(
                sa.update(fetches).where(of.id.in_(overtaken)).values(lease_owner=None, lease_until=None)
            )
        statement = (
            sa.update(fetches)
            .where(of.id == fetch, of.reading.in_(_OPEN), of.due_at <= now)
            .values(reading=Reading.RUNNING, lease_owner=owner, lease_until=until)
        )
        claimed = (await self._connection.execute(statement)).rowcount == 1
        return await self.fetch(fetch) if claimed else None

    async def hold(self, fetch: FetchId, owner: UUID, until: datetime) -> None:
        """Prolongs the lease, if it is still the owner's."""
        of = fetches.c
        await self._connection.execute(
            sa.update(fetches).where(of.id == fetch, of.lease_owner == owner).values(lease_until=until)
        )

    async def pages_read(self, fetch: FetchId) -> Sequence[FetchedPage]:
        """The pages of the pass under way and of the one before it, in order."""
        of = fetched_pages.c
        statement = (
            sa.select(fetched_pages)
            .join_from(fetched_pages, fetches, _THEIRS)
            .where(of.fetch_id == fetch, of.in_pass >= fetches.c.in_pass - 1)
            .order_by(of.in_pass, of.number)
        )
        return [
            FetchedPage(
                number=row.number,
                keys=row._mapping["keys"],  # noqa: SLF001 - a Row has a method `keys`
                last=row.is_last,
                asked_at=row.asked_at,
                answered_at=row.read_at,
                in_pass=row.in_pass,
                total=row.total,
            )
            for row in await self._connection.execute(statement)
        ]

    async def turn_page(
        self, fetch: FetchId, owner: UUID, page: FetchedPage, until: datetime, *, begins_again: bool = False
    ) -> bool:
        """Moves the cursor past the page, or to the start of another pass, and prolongs the lease.

        False: the fetch is no longer the owner's.
        """
        of = fetches.c
        cursor = {"in_pass": page.in_pass + 1, "next_page": 1} if begins_again else {"next_page": page.number + 1}
        statement = (
            sa.update(fetches)
            .where(
                of.id == fetch,
                of.lease_owner == owner,
                of.in_pass == page.in_pass,
                of.next_page == page.number,
            )
            .values(**cursor, lease_until=until)
            .returning(of.tenant_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return False
        values = {
            "tenant_id": row.tenant_id,
            "fetch_id": fetch,
            "in_pass": page.in_pass,
            "number": page.number,
            "keys": list(page.keys),
            "is_last": page.last,
            "total": page.total,
            "asked_at": page.asked_at,
            "read_at": page.answered_at,
        }
        await self._connection.execute(sa.insert(fetched_pages).values(values))
        return True

    async def complete(self, receipt: Receipt, owner: UUID) -> bool:
        """Ends the fetch with its receipt; False: the fetch is no longer the owner's."""
        of = fetches.c
        statement = (
            sa.update(fetches)
            .where(of.id == receipt.fetch_id, of.lease_owner == owner)
            .values(
                reading=Reading.COMPLETE,
                problem=None,
                finished_at=receipt.completed_at,
                lease_owner=None,
                lease_until=None,
            )
            .returning(of.tenant_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return False
        values = {
            "tenant_id": row.tenant_id,
            "fetch_id": receipt.fetch_id,
            "passes": receipt.passes,
            "pages": receipt.pages,
            "rows": receipt.rows,
            "keys_digest": receipt.keys_digest,
            "as_of": receipt.as_of,
            "completed_at": receipt.completed_at,
        }
        await self._connection.execute(sa.insert(receipts).values(values))
        return True

    async def postpone(
        self, fetch: FetchId, owner: UUID, problem: str, due_at: datetime, *, stumbled: bool = False
    ) -> None:
        """Gives the fetch back until `due_at`; its cursor stays where it is."""
        stumbles = fetches.c.stumbles + int(stumbled)
        await self._leave(fetch, owner, reading=Reading.WAITING, problem=problem, due_at=due_at, stumbles=stumbles)

    async def fail(self, fetch: FetchId, owner: UUID, problem: str, now: datetime) -> None:
        """Ends the fetch without a receipt."""
        await self._leave(fetch, owner, reading=Reading.FAILED, problem=problem, finished_at=now)

    async def of_tenant(self, tenant: TenantId, *, most: int) -> Sequence[Fetch]:
        """The tenant's fetches, newest first."""
        return await self._newest(fetches.c.tenant_id == tenant, most=most)

    async def latest(self, tenant: TenantId, side: Side, age: Age, *, most: int) -> Sequence[Fetch]:
        """The tenant's fetches of one side's windows of one age, newest first."""
        of = fetches.c
        return await self._newest(of.tenant_id == tenant, of.side == side, of.age == age, most=most)

    async def _newest(self, *conditions: sa.ColumnElement[bool], most: int) -> Sequence[Fetch]:
        of = fetches.c
        statement = _SELECT.where(*conditions).order_by(of.requested_at.desc(), of.id).limit(most)
        return [_fetch(row) for row in await self._connection.execute(statement)]

    async def _leave(self, fetch: FetchId, owner: UUID, **values: object) -> None:
        of = fetches.c
        await self._connection.execute(
            sa.update(fetches)
            .where(of.id == fetch, of.lease_owner == owner)
            .values(lease_owner=None, lease_until=None, **values)
        )


def _fetch(row: sa.Row[tuple[object, ...]]) -> Fetch:
    return Fetch(
        tenant_id=TenantId(row.tenant_id),
        id=FetchId(row.id),
        connection_id=ConnectionId(row.connection_id),
        window=Window(first_day=row.first_day, last_day=row.last_day, side=Side(row.side), age=Age(row.age)),
        reading=Reading(row.reading),
        in_pass=row.in_pass,
        next_page=row.next_page,
        pages=row.pages,
        rows=int(row.listed),
        problem=row.problem,
        stumbles=row.stumbles,
        requested_at=row.requested_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
        as_of=row.as_of,
    )
