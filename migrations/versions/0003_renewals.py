"""Renewals: the lease says what is under way, doubts are kept, and a breaker guards each provider."""

from alembic import op

from migrations.policies import past_the_policies

revision = "0003"
down_revision = "0002"

TABLES = """
alter table connections add column cause text;
alter table connections add column due_at timestamptz;
alter table connections add column renewal_id uuid;
alter table connections add column answer_until timestamptz;
alter table connections add column turned_down_at timestamptz;
create index connections_due on connections (due_at) where due_at is not null;
create index connections_by_lease on connections (lease_owner) where lease_owner is not null;
create index connections_under_way on connections (lease_until) where renewal_id is not null;

alter table grants alter column access_sealed drop not null;
create index grants_by_connection on grants (tenant_id, connection_id, obtained_at);

create table renewal_outcomes (
    tenant_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    parent_id uuid,
    outcome text not null,
    reason text not null,
    ended_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, connection_id) references connections
);
create index renewal_outcomes_by_connection on renewal_outcomes (tenant_id, connection_id, ended_at);

create table breakers (
    provider text primary key,
    reason text,
    opened_at timestamptz,
    open_until timestamptz,
    deaths integer not null default 0,
    deaths_since timestamptz
)
"""

# A lease is a scope: whoever holds it sees the connections under it, of whatever tenant, and their grants and keys.
CURRENT_LEASE = """
create function current_lease() returns uuid language sql stable
    return nullif(current_setting('connector.lease_id', true), '')::uuid
"""
HELD = "lease_owner = current_lease()"
OF_HELD = (
    "(tenant_id, connection_id) in (select c.tenant_id, c.id from connections c where c.lease_owner = current_lease())"
)
TENANT_HELD = "tenant_id in (select c.tenant_id from connections c where c.lease_owner = current_lease())"
ACTING = "current_partner() is null and tenant_id = current_tenant()"

LEASE_COLUMNS = "lease_owner, lease_until, attempt, renewal_id, answer_until"
SWEEPER_SEES = f"provider, due_at, cause, {LEASE_COLUMNS}"


# Whatever is active already is looked at now: nothing else would ever renew it.
DUE = {"connections": "update connections set due_at = now() where standing = 'active'"}
# What the schema below has no room for: grants of which only the refresh token arrived.
LOST = {"grants": "delete from grants where access_sealed is null"}


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    past_the_policies(DUE)
    op.execute(CURRENT_LEASE)
    op.execute("alter table renewal_outcomes enable row level security")
    op.execute("alter table renewal_outcomes force row level security")
    op.execute(f"create policy in_scope on renewal_outcomes to app using ({ACTING}) with check ({ACTING})")
    op.execute(f"create policy held on connections for select to app using ({HELD})")
    op.execute(f"create policy held_changes on connections for update to app using ({HELD}) with check ({HELD})")
    op.execute(f"create policy held on grants for select to app using ({OF_HELD})")
    op.execute(f"create policy held_additions on grants for insert to app with check ({OF_HELD})")
    op.execute(f"create policy held on data_keys for select to app using ({TENANT_HELD})")
    op.execute("grant select, insert on renewal_outcomes to app")
    op.execute("grant select, insert, update on breakers to app")
    op.execute("create policy leases on connections for update to sweeper using (true) with check (true)")
    op.execute(f"grant select ({SWEEPER_SEES}) on connections to sweeper")
    op.execute(f"grant update ({LEASE_COLUMNS}) on connections to sweeper")


def downgrade() -> None:
    op.execute(f"revoke update ({LEASE_COLUMNS}) on connections from sweeper")
    op.execute(f"revoke select ({SWEEPER_SEES}) on connections from sweeper")  # noqa: S608 - constants
    op.execute("drop policy leases on connections")
    op.execute("drop policy held on data_keys")
    for table in ("connections", "grants"):
        op.execute(f"drop policy held on {table}")
    op.execute("drop policy held_changes on connections")
    op.execute("drop policy held_additions on grants")
    op.execute("drop table breakers")
    op.execute("drop table renewal_outcomes")
    op.execute("drop function current_lease()")
    op.execute("drop index grants_by_connection")
    past_the_policies(LOST)
    op.execute("alter table grants alter column access_sealed set not null")
    for index in ("connections_due", "connections_by_lease", "connections_under_way"):
        op.execute(f"drop index {index}")
    for column in ("cause", "due_at", "renewal_id", "answer_until", "turned_down_at"):
        op.execute(f"alter table connections drop column {column}")
