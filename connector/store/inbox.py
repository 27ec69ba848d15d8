"""Rows of an inbox: one side's invoices of every tenant in the scope whose contract covers them, in one list.

Each tenant brings as many of its newest as the page can hold, found by its own index, and the newest of all are the
page: so a page costs what its tenants cost, and not what all their invoices do.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Standing
from connector.domain.entitlement import Needs, Verdict
from connector.domain.fetch import Age, Reading
from connector.domain.inbox import Arrival, InboxCompleteness
from connector.domain.invoice import InvoiceFilter, Place, Side
from connector.domain.paging import Page
from connector.store.mirror import SELECT, conditions, invoice_of
from connector.store.tables import MIRRORS, connections, entitlements, fetches, receipts, tenants


class InboxRows:
    """Invoices of many tenants within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def page(
        self, side: Side, needs: Needs, now: datetime, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Arrival]:
        """The newest issue date first; `needs`: what reading that side takes at each provider that offers it."""
        of, covered = MIRRORS[side].c, _covered(needs, now)
        order = (of.listed_on.desc(), of.id.desc())
        theirs = (of.tenant_id == covered.c.tenant_id, of.provider == covered.c.provider)
        newest = (
            sa.select(of.tenant_id, of.id, of.listed_on)
            .where(*theirs, *conditions(side, wanted, after))
            .order_by(*order)
            .limit(first + 1)
            .correlate(covered)
            .lateral()
        )
        top = (
            sa.select(newest)
            .join_from(covered, newest, sa.true())
            .order_by(newest.c.listed_on.desc(), newest.c.id.desc())
            .limit(first + 1)
            .subquery()
        )
        statement = (
            SELECT[side]
            .add_columns(tenants.c.name.label("tenant_name"))
            .join(top, sa.and_(top.c.tenant_id == of.tenant_id, top.c.id == of.id))
            .join(tenants, tenants.c.id == of.tenant_id)
            .order_by(*order)
        )
        rows = (await self._connection.execute(statement)).all()
        return Page(
            items=[Arrival(invoice_of(row, side), row.tenant_name) for row in rows[:first]],
            more_after=len(rows) > first,
            more_before=after is not None,
        )

    async def count(self, side: Side, needs: Needs, now: datetime, wanted: InvoiceFilter) -> int:
        """How many are wanted."""
        of, covered = MIRRORS[side], _covered(needs, now)
        theirs = sa.and_(of.c.tenant_id == covered.c.tenant_id, of.c.provider == covered.c.provider)
        statement = sa.select(sa.func.count()).join_from(of, covered, theirs).where(*conditions(side, wanted))
        return (await self._connection.execute(statement)).scalar_one()

    async def completeness(self, side: Side, needs: Needs, now: datetime) -> InboxCompleteness:
        """How fresh all of them are together."""
        covered, read = _covered(needs, now), fetches.alias("read").c
        recent = (
            read.tenant_id == covered.c.tenant_id,
            read.connection_id == covered.c.id,
            read.side == side,
            read.age == Age.RECENT,
        )
        whole = (
            sa.select(read.requested_at, receipts.c.as_of)
            .join(receipts, sa.and_(receipts.c.tenant_id == read.tenant_id, receipts.c.fetch_id == read.id))
            .where(*recent, read.reading == Reading.COMPLETE)
            .order_by(read.requested_at.desc())
            .limit(1)
            .correlate(covered)
            .lateral()
        )
        troubled = sa.exists(
            sa.select(read.id)
            .where(*recent, read.problem.is_not(None), read.requested_at > whole.c.requested_at)
            .correlate(covered, whole)
        )
        stale = sa.or_(covered.c.standing != Standing.ACTIVE, whole.c.as_of.is_(None), troubled)
        of_tenants = (
            sa.select(
                covered.c.tenant_id,
                sa.func.bool_or(stale).label("stale"),
                sa.func.bool_and(whole.c.as_of.is_not(None)).label("whole"),
                sa.func.min(whole.c.as_of).label("as_of"),
            )
            .join_from(covered, whole, sa.true(), isouter=True)
            .group_by(covered.c.tenant_id)
            .subquery()
        )
        listed, every = of_tenants.c, sa.select(sa.func.count(connections.c.tenant_id.distinct())).scalar_subquery()
        statement = sa.select(
            sa.func.count().label("tenants"),
            (every - sa.func.count()).label("left_out"),
            sa.func.count().filter(listed.stale).label("stale"),
            sa.case((sa.func.bool_and(listed.whole), sa.func.min(listed.as_of))).label("as_of"),
        ).select_from(of_tenants)
        row = (await self._connection.execute(statement)).one()
        return InboxCompleteness(tenants=row.tenants, left_out=row.left_out, stale=row.stale, as_of=row.as_of)


def _covered(needs: Needs, now: datetime) -> sa.CTE:
    """The connections of which every needed flag is granted, by facts that are not too old."""
    of, fact = connections.c, entitlements.c
    held = (
        sa.select(sa.func.count())
        .select_from(entitlements)
        .where(
            fact.tenant_id == of.tenant_id,
            fact.provider == of.provider,
            fact.verdict == Verdict.GRANTED,
            sa.or_(fact.expires_at.is_(None), fact.expires_at > now),
        )
        .correlate(connections)
    )
    covers = [
        sa.and_(of.provider == provider, held.where(fact.flag.in_(flags)).scalar_subquery() == len(set(flags)))
        for provider, flags in needs.items()
    ]
    return sa.select(of.tenant_id, of.id, of.provider, of.standing).where(sa.or_(sa.false(), *covers)).cte("covered")
