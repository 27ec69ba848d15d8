"""The first tables; nobody but their owner may read them before the next step says who sees what."""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create table installation_keys (
    name text primary key,
    kek_id text not null,
    wrapped bytea not null,
    created_at timestamptz not null default now()
);

create table partners (
    id uuid primary key,
    name text not null,
    created_at timestamptz not null default now()
);

create table tenants (
    id uuid primary key,
    name text not null,
    created_at timestamptz not null
);
create index tenants_in_order on tenants (created_at, id);

create table acceptances (
    tenant_id uuid not null references tenants,
    partner_id uuid not null references partners,
    invited_at timestamptz not null,
    accepted_at timestamptz,
    withdrawn_at timestamptz,
    primary key (tenant_id, partner_id)
);
create index acceptances_by_partner on acceptances (partner_id, tenant_id);

create table api_keys (
    partner_id uuid not null references partners,
    id text not null,
    tenant_id uuid references tenants,
    name text not null,
    digest bytea not null,
    permissions text[] not null,
    created_at timestamptz not null,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (partner_id, id),
    constraint api_keys_id_key unique (id)
);

create table onboarding_links (
    tenant_id uuid not null,
    id uuid not null,
    partner_id uuid not null,
    provider text not null,
    digest bytea not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    used_at timestamptz,
    withdrawn_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, partner_id) references acceptances,
    constraint onboarding_links_digest_key unique (digest)
);

create table connections (
    tenant_id uuid not null references tenants,
    id uuid not null,
    provider text not null,
    standing text not null,
    consent_ends_at timestamptz,
    grant_id uuid,
    lease_owner uuid,
    lease_until timestamptz,
    attempt bigint not null default 0,
    changed_at timestamptz not null,
    primary key (tenant_id, id),
    constraint connections_one_per_provider unique (tenant_id, provider)
);

create table grants (
    tenant_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    parent_id uuid,
    access_sealed bytea not null,
    refresh_sealed bytea not null,
    access_ends_at timestamptz not null,
    refresh_ends_at timestamptz,
    obtained_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, connection_id) references connections
);

create table consent_attempts (
    tenant_id uuid not null,
    id uuid not null,
    link_id uuid not null,
    provider text not null,
    state_digest bytea not null,
    browser_digest bytea not null,
    verifier_sealed bytea not null,
    progress text not null,
    connection_id uuid,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (tenant_id, id),
    foreign key (tenant_id, link_id) references onboarding_links,
    foreign key (tenant_id, connection_id) references connections,
    constraint consent_attempts_state_digest_key unique (state_digest)
);

create table data_keys (
    tenant_id uuid not null references tenants,
    id uuid not null,
    kek_id text not null,
    wrapped bytea not null,
    is_primary boolean not null,
    created_at timestamptz not null default now(),
    primary key (tenant_id, id)
);
create unique index data_keys_one_primary on data_keys (tenant_id) where is_primary;

create table entitlements (
    tenant_id uuid not null references tenants,
    provider text not null,
    flag text not null,
    verdict text not null,
    source text not null,
    observed_at timestamptz not null,
    expires_at timestamptz,
    primary key (tenant_id, provider, flag)
);

create table fetches (
    tenant_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    first_day date not null,
    last_day date not null,
    reading text not null,
    next_page integer not null default 1,
    problem text,
    requested_at timestamptz not null,
    due_at timestamptz not null,
    finished_at timestamptz,
    lease_owner uuid,
    lease_until timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, connection_id) references connections
);
create unique index fetches_one_open on fetches (tenant_id, connection_id, first_day, last_day)
    where reading in ('waiting', 'running');
create index fetches_due on fetches (due_at) where reading in ('waiting', 'running');
create index fetches_by_connection on fetches (tenant_id, connection_id, requested_at);

create table fetched_pages (
    tenant_id uuid not null,
    fetch_id uuid not null,
    number integer not null,
    keys text[] not null,
    is_last boolean not null,
    read_at timestamptz not null default now(),
    primary key (tenant_id, fetch_id, number),
    foreign key (tenant_id, fetch_id) references fetches
);

create table receipts (
    tenant_id uuid not null,
    fetch_id uuid not null,
    pages integer not null,
    rows integer not null,
    keys_digest bytea not null,
    completed_at timestamptz not null,
    primary key (tenant_id, fetch_id),
    foreign key (tenant_id, fetch_id) references fetches
);

create table received_invoices (
    tenant_id uuid not null,
    id uuid not null,
    connection_id uuid not null,
    provider text not null,
    key text not null,
    number text,
    subject text,
    stage text not null,
    stage_code integer,
    issue_date date,
    due_date date,
    counterparty_code text,
    counterparty_name text,
    registration_number text,
    currency text not null,
    net numeric,
    tax numeric,
    total numeric,
    tax_summary json not null,
    lines json not null,
    raw json not null,
    digest bytea not null,
    first_seen_at timestamptz not null,
    changed_at timestamptz not null,
    listed_on date generated always as (coalesce(issue_date, '-infinity'::date)) stored,
    primary key (tenant_id, id),
    foreign key (tenant_id, connection_id) references connections,
    constraint received_invoices_provider_key unique (tenant_id, provider, key)
);
create index received_invoices_in_order on received_invoices (tenant_id, listed_on, id);
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    names = [line.split()[2] for line in TABLES.splitlines() if line.startswith("create table ")]
    for name in reversed(names):
        op.execute(f"drop table {name}")
