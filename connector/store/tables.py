"""Every table; `migrations/` makes them and a test compares the two."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID

from connector.domain.invoice import Side
from connector.store.columns import MOMENT, NOW, Json, belongs_to, metadata, own_key
from connector.store.key_tables import certificates, data_keys, installation_keys, key_encryption_keys, processes
from connector.store.mirror_tables import issued_invoices, observations, received_invoices

__all__ = [
    "SEALED",
    "Json",
    "acceptances",
    "api_keys",
    "breakers",
    "certificates",
    "connections",
    "consent_attempts",
    "data_keys",
    "entitlements",
    "fetched_pages",
    "fetches",
    "grants",
    "installation_keys",
    "issued_invoices",
    "key_encryption_keys",
    "metadata",
    "observations",
    "onboarding_links",
    "partners",
    "processes",
    "receipts",
    "received_invoices",
    "renewal_outcomes",
    "tenants",
]

MIRRORS = {Side.RECEIVER: received_invoices, Side.ISSUER: issued_invoices}

partners = sa.Table(
    "partners",
    metadata,
    *own_key(of_tenant=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
)

tenants = sa.Table(
    "tenants",
    metadata,
    *own_key(of_tenant=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Index("tenants_in_order", "created_at", "id"),
)

acceptances = sa.Table(
    "acceptances",
    metadata,
    sa.Column("tenant_id", UUID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("partner_id", UUID, sa.ForeignKey("partners.id"), primary_key=True),
    sa.Column("invited_at", MOMENT, nullable=False),
    sa.Column("accepted_at", MOMENT),
    sa.Column("withdrawn_at", MOMENT),
    sa.Index("acceptances_by_partner", "partner_id", "tenant_id"),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("partner_id", UUID, sa.ForeignKey("partners.id"), primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("tenant_id", UUID, sa.ForeignKey("tenants.id")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("permissions", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT),
    sa.Column("revoked_at", MOMENT),
    sa.UniqueConstraint("id", name="api_keys_id_key"),
)

onboarding_links = sa.Table(
    "onboarding_links",
    metadata,
    *own_key(),
    sa.Column("partner_id", UUID, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    sa.Column("used_at", MOMENT),
    sa.Column("withdrawn_at", MOMENT),
    sa.ForeignKeyConstraint(["tenant_id", "partner_id"], ["acceptances.tenant_id", "acceptances.partner_id"]),
    sa.UniqueConstraint("digest", name="onboarding_links_digest_key"),
)

connections = sa.Table(
    "connections",
    metadata,
    *own_key(),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("standing", sa.Text, nullable=False),
    sa.Column("consent_ends_at", MOMENT),
    sa.Column("grant_id", UUID),
    sa.Column("lease_owner", UUID),
    sa.Column("lease_until", MOMENT),
    sa.Column("attempt", sa.BigInteger, nullable=False, server_default=sa.text("0")),
    sa.Column("changed_at", MOMENT, nullable=False),
    sa.Column("cause", sa.Text),
    sa.Column("due_at", MOMENT),
    sa.Column("renewal_id", UUID),
    sa.Column("answer_until", MOMENT),
    sa.Column("turned_down_at", MOMENT),
    sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"]),
    sa.UniqueConstraint("tenant_id", "provider", name="connections_one_per_provider"),
    sa.Index("connections_due", "due_at", postgresql_where=sa.text("due_at is not null")),
    sa.Index("connections_by_lease", "lease_owner", postgresql_where=sa.text("lease_owner is not null")),
    sa.Index("connections_under_way", "lease_until", postgresql_where=sa.text("renewal_id is not null")),
)

grants = sa.Table(
    "grants",
    metadata,
    *own_key(),
    sa.Column("connection_id", UUID, nullable=False),
    sa.Column("parent_id", UUID),
    sa.Column("access_sealed", BYTEA),
    sa.Column("refresh_sealed", BYTEA, nullable=False),
    sa.Column("access_ends_at", MOMENT, nullable=False),
    sa.Column("refresh_ends_at", MOMENT),
    sa.Column("obtained_at", MOMENT, nullable=False),
    belongs_to("connections", "connection_id"),
    sa.Index("grants_by_connection", "tenant_id", "connection_id", "obtained_at"),
)

renewal_outcomes = sa.Table(
    "renewal_outcomes",
    metadata,
    *own_key(),
    sa.Column("connection_id", UUID, nullable=False),
    sa.Column("parent_id", UUID),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_at", MOMENT, nullable=False),
    belongs_to("connections", "connection_id"),
    sa.Index("renewal_outcomes_by_connection", "tenant_id", "connection_id", "ended_at"),
)

breakers = sa.Table(
    "breakers",
    metadata,
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("reason", sa.Text),
    sa.Column("opened_at", MOMENT),
    sa.Column("open_until", MOMENT),
    sa.Column("deaths", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("deaths_since", MOMENT),
)

consent_attempts = sa.Table(
    "consent_attempts",
    metadata,
    *own_key(),
    sa.Column("link_id", UUID, nullable=False),
    sa.Column("provider", sa.Text, nullable=False),
    sa.Column("state_digest", BYTEA, nullable=False),
    sa.Column("browser_digest", BYTEA, nullable=False),
    sa.Column("verifier_sealed", BYTEA, nullable=False),
    sa.Column("progress", sa.Text, nullable=False),
    sa.Column("connection_id", UUID),
    sa.Column("created_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT, nullable=False),
    belongs_to("onboarding_links", "link_id"),
    belongs_to("connections", "connection_id"),
    sa.UniqueConstraint("state_digest", name="consent_attempts_state_digest_key"),
)

entitlements = sa.Table(
    "entitlements",
    metadata,
    sa.Column("tenant_id", UUID, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("provider", sa.Text, primary_key=True),
    sa.Column("flag", sa.Text, primary_key=True),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("observed_at", MOMENT, nullable=False),
    sa.Column("expires_at", MOMENT),
)

fetches = sa.Table(
    "fetches",
    metadata,
    *own_key(),
    sa.Column("connection_id", UUID, nullable=False),
    sa.Column("side", sa.Text, nullable=False, server_default=sa.text("'receiver'")),
    sa.Column("age", sa.Text, nullable=False, server_default=sa.text("'recent'")),
    sa.Column("first_day", sa.Date, nullable=False),
    sa.Column("last_day", sa.Date, nullable=False),
    sa.Column("reading", sa.Text, nullable=False),
    sa.Column("in_pass", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("next_page", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("stumbles", sa.Integer, nullable=False, server_default=sa.text("0")),
    sa.Column("problem", sa.Text),
    sa.Column("requested_at", MOMENT, nullable=False),
    sa.Column("due_at", MOMENT, nullable=False),
    sa.Column("finished_at", MOMENT),
    sa.Column("lease_owner", UUID),
    sa.Column("lease_until", MOMENT),
    belongs_to("connections", "connection_id"),
    sa.Index(
        "fetches_one_open",
        "tenant_id",
        "connection_id",
        "side",
        "first_day",
        "last_day",
        unique=True,
        postgresql_where=sa.text("reading in ('waiting', 'running')"),
    ),
    sa.Index("fetches_due", "due_at", postgresql_where=sa.text("reading in ('waiting', 'running')")),
    sa.Index("fetches_by_connection", "tenant_id", "connection_id", "requested_at"),
)

fetched_pages = sa.Table(
    "fetched_pages",
    metadata,
    sa.Column("tenant_id", UUID, primary_key=True),
    sa.Column("fetch_id", UUID, primary_key=True),
    sa.Column("in_pass", sa.Integer, primary_key=True, server_default=sa.text("1")),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("keys", ARRAY(sa.Text), nullable=False),
    sa.Column("is_last", sa.Boolean, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("asked_at", MOMENT, nullable=False, server_default=NOW),
    sa.Column("read_at", MOMENT, nullable=False, server_default=NOW),
    belongs_to("fetches", "fetch_id"),
)

receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("tenant_id", UUID, primary_key=True),
    sa.Column("fetch_id", UUID, primary_key=True),
    sa.Column("passes", sa.Integer, nullable=False, server_default=sa.text("1")),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("keys_digest", BYTEA, nullable=False),
    sa.Column("as_of", MOMENT, nullable=False, server_default=NOW),
    sa.Column("completed_at", MOMENT, nullable=False),
    belongs_to("fetches", "fetch_id"),
)

# Every column that holds an envelope under a tenant's data key; a test compares this with the tables, so that neither a
# rotation nor a shredding forgets one.
SEALED: tuple[sa.Column[bytes], ...] = (
    grants.c.access_sealed,
    grants.c.refresh_sealed,
    consent_attempts.c.verifier_sealed,
)
