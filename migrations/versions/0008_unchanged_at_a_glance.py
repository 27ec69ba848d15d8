"""The mirror remembers the very bytes of each invoice by their digest, and a look that finds the same reads nothing."""

from alembic import op

revision = "0008"
down_revision = "0007"

MIRRORS = ("received_invoices", "issued_invoices")


def upgrade() -> None:
    for table in MIRRORS:
        op.execute(f"alter table {table} add column exact bytea")


def downgrade() -> None:
    for table in MIRRORS:
        op.execute(f"alter table {table} drop column exact")
