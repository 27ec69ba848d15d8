"""Rows of the mirror: received invoices, their lines and tax kept as one document beside the columns one filters by."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import uuid5

import msgspec
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Connection
from connector.domain.invoice import (
    Counterparty,
    FetchedInvoice,
    InvoiceFilter,
    InvoiceLine,
    Place,
    ReceivedInvoice,
    Stage,
)
from connector.domain.paging import Page
from connector.domain.tax import TaxSummary
from connector.ids import ConnectionId, InvoiceId, ProviderKey, TenantId
from connector.store.tables import Json, received_invoices

_LINES = msgspec.json.Decoder(list[InvoiceLine])
_SUMMARY = msgspec.json.Decoder(list[TaxSummary])
_UNREAD = {"raw", "digest"}  # read alone, or never
_SELECT = sa.select(*[column for column in received_invoices.c if column.name not in _UNREAD])

# The columns one page brings, each sent as one array: a page is one statement however many rows it has.
_ARRIVING: dict[str, sa.types.TypeEngine[object]] = {
    name: received_invoices.c[name].type
    for name in (
        "id",
        "key",
        "number",
        "subject",
        "stage",
        "stage_code",
        "issue_date",
        "due_date",
        "counterparty_code",
        "counterparty_name",
        "registration_number",
        "net",
        "tax",
        "total",
        "tax_summary",
        "lines",
        "raw",
        "digest",
    )
}


def _upsert() -> sa.TextClause:
    """One statement for a whole page, which writes no row that did not change."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    arrays = ", ".join(f"cast(:{name} as {kind.compile(dialect)}[])" for name, kind in _ARRIVING.items())
    names = ", ".join(f'"{name}"' for name in _ARRIVING)
    newer = ", ".join(
        f'"{name}" = excluded."{name}"'
        for name in (*_ARRIVING, "connection_id", "changed_at")
        if name not in {"id", "key"}
    )
    ours = "tenant_id, connection_id, provider, currency, first_seen_at, changed_at"
    values = ":tenant_id, :connection_id, :provider, :currency, :now, :now"
    statement = (
        f"insert into received_invoices ({ours}, {names})"  # noqa: S608 - made of the constants above
        f" select {values}, {names} from unnest({arrays}) as page({names})"
        f" on conflict (tenant_id, provider, key) do update set {newer}"
        " where received_invoices.digest is distinct from excluded.digest"
    )
    bound = [
        sa.bindparam(name, type_=ARRAY(sa.Text if isinstance(kind, Json) else kind)) for name, kind in _ARRIVING.items()
    ]
    moment = received_invoices.c.changed_at.type
    return sa.text(statement).bindparams(
        *bound,
        sa.bindparam("tenant_id", type_=sa.UUID),
        sa.bindparam("connection_id", type_=sa.UUID),
        sa.bindparam("now", type_=moment),
    )


_UPSERT = _upsert()


class MirrorRows:
    """The mirror within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def put(self, connection: Connection, invoices: Sequence[FetchedInvoice], now: datetime) -> None:
        """Writes one page; of a key listed twice on it the later telling stands."""
        latest = {invoice.key: invoice for invoice in invoices}
        # In one order whatever the page's own, so that two readers of one tenant never wait for each other in a ring.
        rows = [_row(connection, latest[key]) for key in sorted(latest)]
        if not rows:
            return
        columns = {name: [row[name] for row in rows] for name in _ARRIVING}
        values = {
            "tenant_id": connection.tenant_id,
            "connection_id": connection.id,
            "provider": connection.provider,
            "currency": "JPY",  # the platforms of this register bill in yen only
            "now": now,
        }
        await self._connection.execute(_UPSERT, {**values, **columns})

    async def received_invoice(self, tenant: TenantId, invoice: InvoiceId) -> ReceivedInvoice | None:
        """The invoice; None: outside the scope."""
        of = received_invoices.c
        statement = _SELECT.where(of.tenant_id == tenant, of.id == invoice)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else _invoice(row)

    async def raws(self, invoices: Iterable[InvoiceId]) -> Mapping[InvoiceId, bytes]:
        """The provider's own JSON of each invoice; one outside the scope is absent."""
        of = received_invoices.c
        statement = sa.select(of.id, of.raw).where(of.id.in_(list(invoices)))
        return {InvoiceId(row.id): row.raw.encode() for row in await self._connection.execute(statement)}

    async def received_invoices(
        self, tenant: TenantId, wanted: InvoiceFilter, *, first: int, after: Place | None
    ) -> Page[ReceivedInvoice]:
        """The tenant's invoices, newest issue date first; ties are broken by id, so no row hides another."""
        of = received_invoices.c
        statement = (
            _SELECT.where(of.tenant_id == tenant, *_conditions(wanted))
            .order_by(of.listed_on.desc(), of.id.desc())
            .limit(first + 1)
        )
        if after is not None:
            place = sa.tuple_(sa.literal(after.issue_date), sa.literal(after.id, sa.UUID))
            statement = statement.where(sa.tuple_(of.listed_on, of.id) < place)
        rows = (await self._connection.execute(statement)).all()
        return Page(
            items=[_invoice(row) for row in rows[:first]], more_after=len(rows) > first, more_before=after is not None
        )

    async def count(self, tenant: TenantId, wanted: InvoiceFilter) -> int:
        """How many of the tenant's invoices are wanted."""
        statement = (
            sa.select(sa.func.count())
            .select_from(received_invoices)
            .where(received_invoices.c.tenant_id == tenant, *_conditions(wanted))
        )
        return (await self._connection.execute(statement)).scalar_one()


def _conditions(wanted: InvoiceFilter) -> list[sa.ColumnElement[bool]]:
    of = received_invoices.c
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.stages:
        conditions.append(of.stage.in_([stage.value for stage in wanted.stages]))
    for column, least, most in (
        (of.issue_date, wanted.issued_from, wanted.issued_to),
        (of.due_date, wanted.due_from, wanted.due_to),
        (of.total, wanted.total_from, wanted.total_to),
    ):
        if least is not None:
            conditions.append(column >= least)
        if most is not None:
            conditions.append(column <= most)
    if wanted.number is not None:
        conditions.append(of.number == wanted.number)
    if wanted.counterparty is not None:
        conditions.append(
            sa.or_(
                of.counterparty_code == wanted.counterparty,
                of.registration_number == wanted.counterparty,
                of.counterparty_name.icontains(wanted.counterparty, autoescape=True),
            )
        )
    return conditions


def _row(connection: Connection, invoice: FetchedInvoice) -> dict[str, object]:
    telling = {
        "number": invoice.number,
        "subject": invoice.subject,
        "stage": invoice.stage.value,
        "stage_code": invoice.stage_code,
        "issue_date": invoice.issue_date,
        "due_date": invoice.due_date,
        "counterparty_code": invoice.counterparty.code,
        "counterparty_name": invoice.counterparty.name,
        "registration_number": invoice.counterparty.registration_number,
        "net": invoice.net,
        "tax": invoice.tax,
        "total": invoice.total,
        "tax_summary": msgspec.json.encode(invoice.tax_summary).decode(),
        "lines": msgspec.json.encode(invoice.lines).decode(),
    }
    # Key order in the provider's answer may change without meaning anything, a new field may not [IM-9]: the digest
    # covers what we made of the answer and all of the answer, in an order of its own.
    answer = orjson.dumps(orjson.loads(invoice.raw), option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(msgspec.json.encode(telling) + answer).digest()
    return {
        **telling,
        # The same invoice keeps its id if the mirror is ever emptied and filled again.
        "id": uuid5(connection.tenant_id, f"{connection.provider}:{invoice.key}"),
        "key": invoice.key,
        "raw": invoice.raw.decode(),
        "digest": digest,
    }


def _invoice(row: sa.Row[tuple[object, ...]]) -> ReceivedInvoice:
    return ReceivedInvoice(
        tenant_id=TenantId(row.tenant_id),
        id=InvoiceId(row.id),
        connection_id=ConnectionId(row.connection_id),
        provider=ProviderKey(row.provider),
        key=row.key,
        number=row.number,
        subject=row.subject,
        stage=Stage(row.stage),
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
    )
