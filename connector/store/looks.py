"""What a look changes in the mirror: one statement for a page, one for a window read whole, and what both observe."""

import hashlib
from datetime import date
from uuid import uuid5

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY

from connector.domain.connection import Connection
from connector.domain.invoice import FetchedInvoice, Side
from connector.store.columns import MOMENT, Json
from connector.store.tables import MIRRORS, received_invoices

_LATEST_FETCHES = 8  # in which the look before this one is sought; an older look would be a wider interval, and as true

# The columns one page brings, each sent as one array: a page is one statement however many rows it has.
ARRIVING: dict[str, sa.types.TypeEngine[object]] = {
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
        "exact",
        "day_from",
        "day_to",
    )
}

_OF_THIS_LIST = "f.tenant_id = :tenant_id and f.connection_id = :connection_id and f.side = :side"
_LAST_LOOK = f"""
    select max(p.asked_at) from fetched_pages p
    where p.tenant_id = :tenant_id and p.read_at < :now and {{key}} = any(p.keys) and p.fetch_id in (
        select f.id from fetches f where {_OF_THIS_LIST} order by f.requested_at desc limit {_LATEST_FETCHES}
    )
"""  # noqa: S608 - made of constants, like every statement here
_OBSERVE = """
    insert into observations
        (tenant_id, connection_id, side, invoice_id, stage_before, stage_code_before, stage, stage_code, not_before,
        not_after)
"""

_LIST_BOUND = [
    sa.bindparam("tenant_id", type_=sa.UUID),
    sa.bindparam("connection_id", type_=sa.UUID),
    sa.bindparam("side", type_=sa.Text),
]


def _upsert(side: Side) -> sa.TextClause:
    """Writes no row that did not change, and observes each whose stage did, or which came back.

    The look before is known from the pages read, for a row that tells nothing new is not written at all.
    """
    table = MIRRORS[side].name
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
    arrays = ", ".join(f"cast(:{name} as {kind.compile(dialect)}[])" for name, kind in ARRIVING.items())
    names = ", ".join(f'"{name}"' for name in ARRIVING)
    newer = ", ".join(
        f'"{name}" = excluded."{name}"'
        for name in (*ARRIVING, "connection_id", "changed_at", "asked_at")
        if name not in {"id", "key"}
    )
    ours = "tenant_id, connection_id, provider, currency, first_seen_at, changed_at, asked_at"
    values = ":tenant_id, :connection_id, :provider, :currency, :now, :now, :asked_at"
    statement = f"""
        with put as (
            insert into {table} ({ours}, {names})
            select {values}, {names} from unnest({arrays}) as page({names})
            on conflict (tenant_id, provider, key) do update set {newer}, gone_at = null
            where {table}.digest is distinct from excluded.digest or {table}.gone_at is not null
            returning id, key, stage, stage_code
        )
        {_OBSERVE}
        select :tenant_id, :connection_id, :side, put.id,
            case when before.gone_at is null then before.stage end,
            case when before.gone_at is null then before.stage_code end,
            put.stage, put.stage_code,
            coalesce(before.gone_at, greatest(before.asked_at, ({_LAST_LOOK.format(key="put.key")}))),
            :now
        from put join {table} before on before.tenant_id = :tenant_id and before.id = put.id
        where before.gone_at is not null
            or (before.stage, before.stage_code) is distinct from (put.stage, put.stage_code)
        on conflict do nothing
    """  # noqa: S608
    bound = [
        sa.bindparam(name, type_=ARRAY(sa.Text if isinstance(kind, Json) else kind)) for name, kind in ARRIVING.items()
    ]
    return sa.text(statement).bindparams(
        *bound, *_LIST_BOUND, sa.bindparam("now", type_=MOMENT), sa.bindparam("asked_at", type_=MOMENT)
    )


def _gone(side: Side) -> sa.TextClause:
    """Marks what the window should list and no look has seen: not the proven pass, and none since its end was seen."""
    table = MIRRORS[side].name
    statement = f"""
        with seen as (
            select distinct unnest(p.keys) as key
            from fetched_pages p join fetches f on f.tenant_id = p.tenant_id and f.id = p.fetch_id
            where {_OF_THIS_LIST} and (f.finished_at is null or f.finished_at >= :as_of)
                and (p.fetch_id = :fetch_id and p.in_pass = :in_pass or p.read_at >= :as_of)
        ), gone as (
            update {table} invoice set gone_at = :as_of, changed_at = :completed_at
            where invoice.tenant_id = :tenant_id and invoice.connection_id = :connection_id
                and invoice.gone_at is null and invoice.day_from >= :first_day and invoice.day_to <= :last_day
                and not exists (select from seen where seen.key = invoice.key)
            returning invoice.id, invoice.key, invoice.stage, invoice.stage_code, invoice.asked_at
        )
        {_OBSERVE}
        select :tenant_id, :connection_id, :side, gone.id, gone.stage, gone.stage_code, null, null,
            greatest(gone.asked_at, ({_LAST_LOOK.format(key="gone.key")})), :now
        from gone
        on conflict do nothing
    """  # noqa: S608
    return sa.text(statement).bindparams(
        *_LIST_BOUND,
        sa.bindparam("fetch_id", type_=sa.UUID),
        *[sa.bindparam(name, type_=MOMENT) for name in ("now", "as_of", "completed_at")],
        *[sa.bindparam(name, type_=sa.Date) for name in ("first_day", "last_day")],
        sa.bindparam("in_pass", type_=sa.Integer),
    )


PUT = {side: _upsert(side) for side in Side}
MARK_GONE = {side: _gone(side) for side in Side}


def row(
    connection: Connection, invoice: FetchedInvoice, side: Side, days: tuple[date, date] | None
) -> dict[str, object]:
    """The invoice as a page brings it; `days`: of the window that listed it, None if not known."""
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
    # What we made of the answer, and all of the answer.
    digest = hashlib.sha256(msgspec.json.encode([telling, invoice.day]) + invoice.content).digest()
    day_from, day_to = days or (invoice.day, invoice.day)
    if invoice.day and day_from and day_to and day_from <= invoice.day <= day_to:
        day_from = day_to = invoice.day  # a day outside its window is not the one that windows go by
    return {
        **telling,
        "id": uuid5(connection.tenant_id, _name(connection, invoice.key, side)),
        "key": invoice.key,
        "raw": invoice.raw.decode(),
        "digest": digest,
        "exact": invoice.exact,
        "day_from": day_from,
        "day_to": day_to,
    }


def _name(connection: Connection, key: str, side: Side) -> str:
    """What an id is made from: the same invoice keeps it if the mirror is ever emptied and filled again."""
    return f"{connection.provider}:{key}" if side is Side.RECEIVER else f"{connection.provider}:{side}:{key}"
