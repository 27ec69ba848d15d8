"""The tables of keys: which there are, what they wrap, which process can open which, and which were destroyed."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID

from connector.store.columns import MOMENT, NOW, Json, metadata, own_key

installation_keys = sa.Table(
    "installation_keys",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("kek_id", sa.Text, nullable=False),
    sa.Column("wrapped", BYTEA, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
)

key_encryption_keys = sa.Table(
    "key_encryption_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("canary", BYTEA, nullable=False),
    sa.Column("added_at", MOMENT, nullable=False, server_default=NOW),
    sa.Column("promoted_at", MOMENT),  # the newest one wraps
    sa.Column("unused_since", MOMENT),
    sa.Column("retired_at", MOMENT),
)

data_keys = sa.Table(
    "data_keys",
    metadata,
    *own_key(),
    sa.Column("kek_id", sa.Text, nullable=False),
    sa.Column("wrapped", BYTEA, nullable=False),
    sa.Column("is_primary", sa.Boolean, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
    sa.Column("retired_at", MOMENT),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
    sa.Index("data_keys_one_primary", "tenant_id", unique=True, postgresql_where=sa.text("is_primary")),
    sa.Index("data_keys_by_kek", "kek_id", "tenant_id", "id"),
)

processes = sa.Table(
    "processes",
    metadata,
    *own_key(of_tenant=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", MOMENT, nullable=False, server_default=NOW),
    sa.Column("seen_at", MOMENT, nullable=False, server_default=NOW),
    sa.Column("opens", ARRAY(sa.Text), nullable=False),
    sa.Column("ended_at", MOMENT),
    sa.Index("processes_by_seen_at", "seen_at"),
)

certificates = sa.Table(
    "certificates",
    metadata,
    sa.Column("tenant_id", UUID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("shredded_at", MOMENT, nullable=False),
    sa.Column("without_invoices", sa.Boolean, nullable=False),
    sa.Column("document", Json, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
)
