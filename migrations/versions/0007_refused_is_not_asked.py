"""A sweep asks for nothing that a contract is known to refuse, so it sees flags and verdicts, and when they end."""

from alembic import op

revision = "0007"
down_revision = "0006"

SWEEPER_SEES = "tenant_id, provider, flag, verdict, expires_at"


def upgrade() -> None:
    op.execute("create policy sweeps on entitlements for select to sweeper using (true)")
    op.execute(f"grant select ({SWEEPER_SEES}) on entitlements to sweeper")


def downgrade() -> None:
    op.execute(f"revoke select ({SWEEPER_SEES}) on entitlements from sweeper")  # noqa: S608 - constants
    op.execute("drop policy sweeps on entitlements")
