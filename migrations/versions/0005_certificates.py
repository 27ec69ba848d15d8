"""Shredding: a tenant's keys may be destroyed together with a certificate that says so, and are never made anew."""

from alembic import op

revision = "0005"
down_revision = "0004"

TABLE = """
create table certificates (
    tenant_id uuid primary key references tenants,
    shredded_at timestamptz not null,
    without_invoices boolean not null,
    document json not null,
    digest bytea not null
)
"""
ACTING = "current_partner() is null and tenant_id = current_tenant()"
SHREDDED = "exists (select from certificates c where c.tenant_id = {}.tenant_id{})"


def upgrade() -> None:
    op.execute(TABLE)
    op.execute("alter table certificates enable row level security")
    op.execute("alter table certificates force row level security")
    op.execute(f"create policy in_scope on certificates to app using ({ACTING}) with check ({ACTING})")
    op.execute("grant select, insert on certificates to app")
    # No key goes without a certificate, and none comes after it: PostgreSQL itself refuses, whoever forgets to ask.
    certified = SHREDDED.format("data_keys", "")
    op.execute(f"create policy certified on data_keys as restrictive for delete to app using ({certified})")
    op.execute(f"create policy not_shredded on data_keys as restrictive for insert to app with check (not {certified})")
    op.execute("grant delete on data_keys to app")
    certified = SHREDDED.format("received_invoices", " and c.without_invoices")
    op.execute(f"create policy certified on received_invoices as restrictive for delete to app using ({certified})")
    op.execute("grant delete on received_invoices to app")


def downgrade() -> None:
    op.execute("revoke delete on received_invoices from app")
    op.execute("drop policy certified on received_invoices")
    op.execute("revoke delete on data_keys from app")
    op.execute("drop policy not_shredded on data_keys")
    op.execute("drop policy certified on data_keys")
    op.execute("drop table certificates")
