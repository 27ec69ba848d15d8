"""Rows of fetches: the wish, the lease, the cursor, the pages and the receipt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.fetch import Fetch, FetchedPage, Reading, Receipt, Window
from connector.ids import ConnectionId, FetchId, TenantId, new_id
from connector.store.tables import fetched_pages, fetches, receipts

_OPEN = (Reading.WAITING, Reading.RUNNING)

_OF_PAGES = fetched_pages.c


def _over_pages(total: sa.ColumnElement[int], name: str) -> sa.Label[int]:
    """A figure over the pages of each fetch."""
    belongs = sa.and_(_OF_PAGES.tenant_id == fetches.c.tenant_id, _OF_PAGES.fetch_id == fetches.c.id)
    return sa.select(total).where(belongs).correlate(fetches).scalar_subquery().label(name)


_SELECT = sa.select(
    fetches,
    _over_pages(sa.func.count(), "pages"),
    _over_pages(sa.func.coalesce(sa.func.sum(sa.func.cardinality(_OF_PAGES["keys"])), 0), "rows_read"),
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
            "first_day": window.first_day,
            "last_day": window.last_day,
            "reading": Reading.WAITING,
            "requested_at": now,
            "due_at": now,
        }
        statement = _SELECT.where(
            of.connection_id == connection,
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
        """Takes the fetch for `owner`; None: it is done, not due yet, or somebody is at it."""
        of = fetches.c
        statement = (
            sa.update(fetches)
            .where(of.id == fetch, of.reading.in_(_OPEN), of.due_at <= now)
            .where(sa.or_(of.lease_until.is_(None), of.lease_until <= now))
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
        """The pages read so far, in order."""
        of = fetched_pages.c
        statement = sa.select(fetched_pages).where(of.fetch_id == fetch).order_by(of.number)
        return [
            FetchedPage(number=row.number, keys=row._mapping["keys"], last=row.is_last)  # noqa: SLF001 - a Row has a method `keys`
            for row in await self._connection.execute(statement)
        ]

    async def turn_page(self, fetch: FetchId, owner: UUID, page: FetchedPage, until: datetime) -> bool:
        """Moves the cursor past the page and prolongs the lease; False: the fetch is no longer the owner's."""
        of = fetches.c
        statement = (
            sa.update(fetches)
            .where(of.id == fetch, of.lease_owner == owner, of.next_page == page.number)
            .values(next_page=page.number + 1, lease_until=until, problem=None)
            .returning(of.tenant_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return False
        values = {
            "tenant_id": row.tenant_id,
            "fetch_id": fetch,
            "number": page.number,
            "keys": list(page.keys),
            "is_last": page.last,
        }
        await self._connection.execute(sa.insert(fetched_pages).values(values))
        return True

    async def complete(self, receipt: Receipt, owner: UUID) -> bool:
        """Ends the fetch with its receipt; False: the fetch is no longer the owner's."""
        of = fetches.c
        statement = (
            sa.update(fetches)
            .where(of.id == receipt.fetch_id, of.lease_owner == owner)
            .values(reading=Reading.COMPLETE, finished_at=receipt.completed_at, lease_owner=None, lease_until=None)
            .returning(of.tenant_id)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return False
        values = {
            "tenant_id": row.tenant_id,
            "fetch_id": receipt.fetch_id,
            "pages": receipt.pages,
            "rows": receipt.rows,
            "keys_digest": receipt.keys_digest,
            "completed_at": receipt.completed_at,
        }
        await self._connection.execute(sa.insert(receipts).values(values))
        return True

    async def postpone(self, fetch: FetchId, owner: UUID, problem: str, due_at: datetime) -> None:
        """Gives the fetch back until `due_at`; its cursor stays where it is."""
        await self._leave(fetch, owner, reading=Reading.WAITING, problem=problem, due_at=due_at)

    async def fail(self, fetch: FetchId, owner: UUID, problem: str, now: datetime) -> None:
        """Ends the fetch without a receipt."""
        await self._leave(fetch, owner, reading=Reading.FAILED, problem=problem, finished_at=now)

    async def of_tenant(self, tenant: TenantId, *, most: int) -> Sequence[Fetch]:
        """The tenant's fetches, newest first."""
        of = fetches.c
        statement = _SELECT.where(of.tenant_id == tenant).order_by(of.requested_at.desc(), of.id).limit(most)
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
        window=Window(first_day=row.first_day, last_day=row.last_day),
        reading=Reading(row.reading),
        next_page=row.next_page,
        pages=row.pages,
        rows=int(row.rows_read),
        problem=row.problem,
        requested_at=row.requested_at,
        due_at=row.due_at,
        finished_at=row.finished_at,
    )
