"""Key rotation: the database says which key-encryption key wraps, and every process which ones it can open."""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table key_encryption_keys (
    id text primary key,
    canary bytea not null,
    added_at timestamptz not null default now(),
    promoted_at timestamptz,
    unused_since timestamptz,
    retired_at timestamptz
);

create table processes (
    id uuid primary key,
    host text not null,
    pid integer not null,
    started_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    opens text[] not null,
    ended_at timestamptz
);
create index processes_by_seen_at on processes (seen_at);

alter table data_keys add column retired_at timestamptz;
create index data_keys_by_kek on data_keys (kek_id, tenant_id, id)
"""

# What the installation was set up with wraps until something else is promoted; its pepper is the canary of that key.
FOUNDED = """
insert into key_encryption_keys (id, canary, added_at, promoted_at)
    select kek_id, wrapped, created_at, created_at from installation_keys where name = 'pepper'
"""

# Role -> table -> rights. Nobody may change what a data key is for, when it was made, or a canary.
RIGHTS: dict[str, dict[str, tuple[str, ...]]] = {
    "app": {
        "key_encryption_keys": ("select", "insert", "update (promoted_at, unused_since, retired_at)"),
        "processes": ("select", "insert", "update"),
        "data_keys": ("update (kek_id, wrapped, is_primary, retired_at)",),
        "installation_keys": ("update (kek_id, wrapped)",),
        "grants": ("update (access_sealed, refresh_sealed)",),
    },
    "sweeper": {"data_keys": ("select (tenant_id, id, kek_id, is_primary, created_at, retired_at)",)},
}


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    op.execute(FOUNDED)
    op.execute("create policy sweeps on data_keys for select to sweeper using (true)")
    for role, tables in RIGHTS.items():
        for table, rights in tables.items():
            op.execute(f"grant {', '.join(rights)} on {table} to {role}")


def downgrade() -> None:
    for role, tables in RIGHTS.items():
        for table, rights in tables.items():
            op.execute(f"revoke {', '.join(rights)} on {table} from {role}")
    op.execute("drop policy sweeps on data_keys")
    op.execute("drop index data_keys_by_kek")
    op.execute("alter table data_keys drop column retired_at")
    op.execute("drop table processes")
    op.execute("drop table key_encryption_keys")
