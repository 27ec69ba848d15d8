"""Windows are read in passes until one is proven; invoices that left are marked, and what was seen of each is kept."""

from alembic import op

from migrations.policies import past_the_policies

revision = "0006"
down_revision = "0005"

UP = """
alter table fetches add column side text not null default 'receiver';
alter table fetches add column age text not null default 'recent';
alter table fetches add column in_pass integer not null default 1;
alter table fetches add column stumbles integer not null default 0;
drop index fetches_one_open;
create unique index fetches_one_open on fetches (tenant_id, connection_id, side, first_day, last_day)
    where reading in ('waiting', 'running');

alter table fetched_pages add column in_pass integer not null default 1;
alter table fetched_pages add column total integer;
alter table fetched_pages add column asked_at timestamptz not null default now();
alter table fetched_pages drop constraint fetched_pages_pkey;
alter table fetched_pages add primary key (tenant_id, fetch_id, in_pass, number);

alter table receipts add column passes integer not null default 1;
alter table receipts add column as_of timestamptz not null default now();

alter table received_invoices add column day_from date;
alter table received_invoices add column day_to date;
alter table received_invoices add column asked_at timestamptz not null default now();
alter table received_invoices add column gone_at timestamptz;
create index received_invoices_by_day on received_invoices (tenant_id, day_from) where gone_at is null;

create table issued_invoices (
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
    day_from date,
    day_to date,
    asked_at timestamptz not null default now(),
    gone_at timestamptz,
    primary key (tenant_id, id),
    foreign key (tenant_id, connection_id) references connections,
    constraint issued_invoices_provider_key unique (tenant_id, provider, key)
);
create index issued_invoices_in_order on issued_invoices (tenant_id, listed_on, id);
create index issued_invoices_by_day on issued_invoices (tenant_id, day_from) where gone_at is null;

create table observations (
    tenant_id uuid not null,
    invoice_id uuid not null,
    not_after timestamptz not null,
    not_before timestamptz not null,
    connection_id uuid not null,
    side text not null,
    stage_before text,
    stage_code_before integer,
    stage text,
    stage_code integer,
    primary key (tenant_id, invoice_id, not_after),
    foreign key (tenant_id, connection_id) references connections
)
"""
# What was read before is dated by what is known of it: a call may take five minutes [IM-33].
DATES = {
    "fetched_pages": "update fetched_pages set asked_at = read_at - interval '5 minutes'",
    "receipts": "update receipts set as_of = completed_at - interval '5 minutes'",
    "received_invoices": "update received_invoices set asked_at = first_seen_at - interval '5 minutes'",
}

DOWN = """
drop table observations;
drop table issued_invoices;
drop index received_invoices_by_day;
alter table received_invoices drop column gone_at;
alter table received_invoices drop column asked_at;
alter table received_invoices drop column day_to;
alter table received_invoices drop column day_from;
alter table receipts drop column as_of;
alter table receipts drop column passes;
alter table fetched_pages drop constraint fetched_pages_pkey;
alter table fetched_pages add primary key (tenant_id, fetch_id, number);
alter table fetched_pages drop column asked_at;
alter table fetched_pages drop column total;
alter table fetched_pages drop column in_pass;
drop index fetches_one_open;
create unique index fetches_one_open on fetches (tenant_id, connection_id, first_day, last_day)
    where reading in ('waiting', 'running');
alter table fetches drop column stumbles;
alter table fetches drop column in_pass;
alter table fetches drop column age;
alter table fetches drop column side
"""

# What the schema below has no room for: every pass but one, and open fetches of the other side.
LOST = {
    "fetched_pages": """
        delete from fetched_pages p where exists (
            select from fetched_pages l
            where (l.tenant_id, l.fetch_id, l.number) = (p.tenant_id, p.fetch_id, p.number) and l.in_pass > p.in_pass
        )
    """,
    "fetches": """
        update fetches set reading = 'failed', finished_at = now()
        where side <> 'receiver' and reading in ('waiting', 'running')
    """,
}

# As for received invoices (0002): seen within the scope, written by whoever acts for the tenant itself.
SEEN = "tenant_id = any ((select tenants_in_scope())::uuid[])"
WRITTEN = "current_partner() is null and tenant_id = current_tenant()"
RIGHTS = {"issued_invoices": "select, insert, update", "observations": "select, insert"}
SWEEPER_SEES = "side, age"


def upgrade() -> None:
    for statement in UP.split(";\n"):
        op.execute(statement)
    past_the_policies(DATES)
    for table, rights in RIGHTS.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy in_scope on {table} to app using ({SEEN}) with check ({WRITTEN})")
        op.execute(f"grant {rights} on {table} to app")
    op.execute(f"grant select ({SWEEPER_SEES}) on fetches to sweeper")


def downgrade() -> None:
    op.execute(f"revoke select ({SWEEPER_SEES}) on fetches from sweeper")  # noqa: S608 - constants
    past_the_policies(LOST)
    for statement in DOWN.split(";\n"):
        op.execute(statement)
