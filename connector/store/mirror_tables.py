"""Tables of the mirror: what providers told of invoices, and what was seen of their past.

One table a side, of one shape: the two are never listed together, need different parts of a contract, and hold
different stages; a condition on the side could be forgotten in a query, and a table cannot (decision 0014).
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, UUID

from connector.store.columns import MOMENT, NOW, Json, belongs_to, metadata, own_key


def _mirror(name: str) -> sa.Table:
    listed_on = sa.Computed("coalesce(issue_date, '-infinity'::date)", persisted=True)
    there = sa.text("gone_at is null")
    return sa.Table(
        name,
        metadata,
        *own_key(),
        sa.Column("connection_id", UUID, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("stage_code", sa.Integer),
        sa.Column("issue_date", sa.Date),
        sa.Column("due_date", sa.Date),
        sa.Column("counterparty_code", sa.Text),
        sa.Column("counterparty_name", sa.Text),
        sa.Column("registration_number", sa.Text),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("net", sa.Numeric),
        sa.Column("tax", sa.Numeric),
        sa.Column("total", sa.Numeric),
        sa.Column("tax_summary", Json, nullable=False),
        sa.Column("lines", Json, nullable=False),
        sa.Column("raw", Json, nullable=False),
        sa.Column("digest", BYTEA, nullable=False),
        sa.Column("exact", BYTEA),  # of the very bytes; null: whatever comes is read
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        # An invoice without an issue date is listed last; the order may not hold a null, and the driver reads and
        # writes -infinity as date.min.
        sa.Column("listed_on", sa.Date, listed_on),
        # Between which days of reception it lies: one day, if the provider tells it.
        sa.Column("day_from", sa.Date),
        sa.Column("day_to", sa.Date),
        sa.Column("asked_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("gone_at", MOMENT),
        belongs_to("connections", "connection_id"),
        sa.UniqueConstraint("tenant_id", "provider", "key", name=f"{name}_provider_key"),
        sa.Index(f"{name}_in_order", "tenant_id", "listed_on", "id"),
        sa.Index(f"{name}_by_day", "tenant_id", "day_from", postgresql_where=there),
    )


received_invoices = _mirror("received_invoices")
issued_invoices = _mirror("issued_invoices")

# Looks that saw something else than the look before. No foreign key to the invoice: the mirror may be emptied and
# filled again, and what was once seen cannot.
observations = sa.Table(
    "observations",
    metadata,
    sa.Column("tenant_id", UUID, primary_key=True),
    sa.Column("invoice_id", UUID, primary_key=True),
    sa.Column("not_after", MOMENT, primary_key=True),
    sa.Column("not_before", MOMENT, nullable=False),
    sa.Column("connection_id", UUID, nullable=False),
    sa.Column("side", sa.Text, nullable=False),
    sa.Column("stage_before", sa.Text),
    sa.Column("stage_code_before", sa.Integer),
    sa.Column("stage", sa.Text),
    sa.Column("stage_code", sa.Integer),
    belongs_to("connections", "connection_id"),
)
