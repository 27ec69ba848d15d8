"""Rows of the mirror: invoices, their lines and tax kept as one document beside the columns one filters by."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Connection
from connector.domain.fetch import Fetch, Receipt, Window
from connector.domain.history import Change, Sight
from connector.domain.invoice import (
    Counterparty,
    FetchedInvoice,
    Invoice,
    InvoiceFilter,
    InvoiceLine,
    IssuedStage,
    Place,
    Side,
    Stage,
)
from connector.domain.paging import Page
from connector.domain.tax import TaxSummary
from connector.ids import ConnectionId, InvoiceId, ProviderKey, TenantId
from connector.store import looks
from connector.store.tables import MIRRORS, observations

_LINES = msgspec.json.Decoder(list[InvoiceLine])
_SUMMARY = msgspec.json.Decoder(list[TaxSummary])
_UNREAD = {"raw", "digest", "exact"}  # read alone, or never
_STAGES: Mapping[Side, type[Stage] | type[IssuedStage]] = {Side.RECEIVER: Stage, Side.ISSUER: IssuedStage}
SELECT = {
    side: sa.select(*[column for column in table.c if column.name not in _UNREAD]) for side, table in MIRRORS.items()
}


class MirrorRows:
    """The mirror within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(
        self,
        connection: Connection,
        invoices: Sequence[FetchedInvoice],
        now: datetime,
        *,
        asked_at: datetime | None = None,
        window: Window | None = None,
    ) -> None:
        """Writes one page, answered `now`; of a key listed twice on it the later telling stands.

        `asked_at`: when the page was asked for, None: now. `window`: what was asked, None: not known, receiver side.
        """
        side = Side.RECEIVER if window is None else window.side
        days = None if window is None else (window.first_day, window.last_day)
        latest = {invoice.key: invoice for invoice in invoices}
        # In one order whatever the page's own, so that two readers of one tenant never wait for each other in a ring.
        rows = [looks.row(connection, latest[key], side, days) for key in sorted(latest)]
        if not rows:
            return
        columns = {name: [row[name] for row in rows] for name in looks.ARRIVING}
        values = {
            "tenant_id": connection.tenant_id,
            "connection_id": connection.id,
            "side": side,
            "provider": connection.provider,
            "currency": "JPY",  # the platforms of this register bill in yen only
            "now": now,
            "asked_at": asked_at or now,
        }
        await self._connection.execute(looks.PUT[side], {**values, **columns})

    async def exacts(self, side: Side, connection: Connection, keys: Iterable[str]) -> Mapping[str, bytes]:
        """What tells whether an invoice changed, for each of the keys; one that is gone or was never seen is absent."""
        of = MIRRORS[side].c
        there = (of.tenant_id == connection.tenant_id, of.provider == connection.provider, of.gone_at.is_(None))
        asked = of.key == sa.any_(sa.cast(list(keys), ARRAY(sa.Text)))
        statement = sa.select(of.key, of.exact).where(*there, asked, of.exact.is_not(None))
        return {row.key: row.exact for row in await self._connection.execute(statement)}

    async def mark_gone(self, fetch: Fetch, receipt: Receipt) -> None:
        """Marks what the window no longer lists, by its receipt and every look since; an unknown day is not judged."""
        values = {
            "tenant_id": fetch.tenant_id,
            "connection_id": fetch.connection_id,
            "side": fetch.window.side,
            "fetch_id": fetch.id,
            "in_pass": receipt.in_pass,
            "first_day": fetch.window.first_day,
            "last_day": fetch.window.last_day,
            "as_of": receipt.as_of,
            "now": receipt.answered_at,
            "completed_at": receipt.completed_at,
        }
        await self._connection.execute(looks.MARK_GONE[fetch.window.side], values)

    async def changes(self, side: Side, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, Sequence[Change]]:
        """What looks saw change, in the order in which they looked; an invoice without any is absent."""
        of, stages = observations.c, _STAGES[side]

        def sight(stage: str | None, code: int | None) -> Sight:
            return None if stage is None else (stages(stage), code)

        statement = sa.select(observations).where(of.invoice_id.in_(list(invoices)), of.side == side)
        found: dict[InvoiceId, list[Change]] = defaultdict(list)
        for row in await self._connection.execute(statement.order_by(of.invoice_id, of.not_after)):
            change = Change(
                before=sight(row.stage_before, row.stage_code_before),
                after=sight(row.stage, row.stage_code),
                not_before=row.not_before,
                not_after=row.not_after,
            )
            found[InvoiceId(row.invoice_id)].append(change)
        return found

    async def invoice(self, side: Side, tenant: TenantId, invoice: InvoiceId) -> Invoice | None:
        """The invoice; None: outside the scope."""
        of = MIRRORS[side].c
        statement = SELECT[side].where(of.tenant_id == tenant, of.id == invoice)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else invoice_of(row, side)

    async def raws(self, side: Side, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, bytes]:
        """The provider's own JSON of each invoice; one outside the scope is absent."""
        of = MIRRORS[side].c
        statement = sa.select(of.id, of.raw).where(of.id.in_(list(invoices)))
        return {InvoiceId(row.id): row.raw.encode() for row in await self._connection.execute(statement)}

    async def invoices(
        self, side: Side, tenant: TenantId, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[Invoice]:
        """The tenant's invoices, newest issue date first; ties are broken by id, so no row hides another."""
        of = MIRRORS[side].c
        statement = (
            SELECT[side]
            .where(of.tenant_id == tenant, *conditions(side, wanted, after))
            .order_by(of.listed_on.desc(), of.id.desc())
            .limit(first + 1)
        )
        rows = (await self._connection.execute(statement)).all()
        return Page(
            items=[invoice_of(row, side) for row in rows[:first]],
            more_after=len(rows) > first,
            more_before=after is not None,
        )

    async def count(self, side: Side, tenant: TenantId, wanted: InvoiceFilter) -> int:
        """How many of the tenant's invoices are wanted."""
        of = MIRRORS[side]
        statement = (
            sa.select(sa.func.count()).select_from(of).where(of.c.tenant_id == tenant, *conditions(side, wanted))
        )
        return (await self._connection.execute(statement)).scalar_one()


def conditions(side: Side, wanted: InvoiceFilter, after: Place | None = None) -> list[sa.ColumnElement[bool]]:
    """What a row of the side's mirror must meet to be wanted and to be listed after the place; None: anywhere."""
    of = MIRRORS[side].c
    met: list[sa.ColumnElement[bool]] = [of.gone_at.is_not(None) if wanted.gone else of.gone_at.is_(None)]
    if wanted.stages:
        met.append(of.stage.in_([stage.value for stage in wanted.stages]))
    for column, least, most in (
        (of.issue_date, wanted.issued_from, wanted.issued_to),
        (of.due_date, wanted.due_from, wanted.due_to),
        (of.total, wanted.total_from, wanted.total_to),
    ):
        if least is not None:
            met.append(column >= least)
        if most is not None:
            met.append(column <= most)
    if wanted.number is not None:
        met.append(of.number == wanted.number)
    if wanted.counterparty is not None:
        met.append(
            sa.or_(
                of.counterparty_code == wanted.counterparty,
                of.registration_number == wanted.counterparty,
                of.counterparty_name.icontains(wanted.counterparty, autoescape=True),
            )
        )
    if after is not None:
        place = sa.tuple_(sa.literal(after.issue_date), sa.literal(after.id, sa.UUID))
        met.append(sa.tuple_(of.listed_on, of.id) < place)
    return met


def invoice_of(row: sa.Row[tuple[object, ...]], side: Side) -> Invoice:
    """The invoice in a row of the side's mirror."""
    return Invoice(
        side=side,
        tenant_id=TenantId(row.tenant_id),
        id=InvoiceId(row.id),
        connection_id=ConnectionId(row.connection_id),
        provider=ProviderKey(row.provider),
        key=row.key,
        number=row.number,
        subject=row.subject,
        stage=_STAGES[side](row.stage),
        stage_code=row.stage_code,
        issue_date=row.issue_date,
        due_date=row.due_date,
        counterparty=Counterparty(
            code=row.counterparty_code,
            name=row.counterparty_name,
            registration_number=row.registration_number,
        ),
        currency=row.currency,
        net=row.net,
        tax=row.tax,
        total=row.total,
        tax_summary=_SUMMARY.decode(row.tax_summary),
        lines=_LINES.decode(row.lines),
        first_seen_at=row.first_seen_at,
        changed_at=row.changed_at,
        gone_at=row.gone_at,
    )
