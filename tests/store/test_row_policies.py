"""The catalogue itself says that no table lets one tenant's rows reach another."""

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.store.row_policy_lint import findings


async def test_every_table_of_a_tenant_is_guarded_and_no_role_can_step_around_it(administrator: AsyncEngine) -> None:
    async with administrator.connect() as connection:
        assert await findings(connection) == []


@pytest.mark.parametrize(
    ("careless", "noticed"),
    [
        ("alter table connections no force row level security", "connections: its owner steps around"),
        ("alter table grants disable row level security", "grants: row level security is off"),
        ("drop policy in_scope on receipts", "receipts: no policy for app checks what is written"),
        ("create table credit_notes (tenant_id uuid)", "credit_notes: row level security is off"),
        ("create table quotas (partner_id uuid)", "quotas: row level security is off"),
        (
            "drop policy in_scope on fetches; create policy in_scope on fetches to app using (tenant_id is not null)",
            "fetches: no policy for app checks what is written",
        ),
        ("create policy wide on tenants to app using (true)", "tenants: policy wide lets app see every row"),
        ("create policy wide on tenants using (true)", "tenants: policy wide lets app see every row"),
        ("create policy wide on grants to app with check (true)", "grants: policy wide lets app see every row"),
        ("alter table data_keys owner to app", "data_keys: belongs to app"),
        ("grant delete on acceptances to app", "acceptances: app may DELETE"),
        ("drop policy certified on data_keys", "data_keys: app may DELETE"),
        ("drop policy certified on received_invoices", "received_invoices: app may DELETE"),
        ("grant truncate on received_invoices to app", "received_invoices: app may TRUNCATE"),
        ("grant update (reading) on fetches to sweeper", "fetches.reading: sweeper may change it"),
        ("grant select on partners to public", "partners: everybody may use it"),
        (
            "create function any_tenant() returns uuid language sql security definer return null::uuid",
            "any_tenant: works with its owner's rights",
        ),
        ("create view everyone as select * from tenants", "everyone: a view with its owner's rights"),
        ("grant create on schema public to app", "app: app may make things in schema public"),
        ("alter role sweeper bypassrls", "sweeper: role sweeper may do more"),
    ],
)
async def test_the_lint_names_the_table_that_was_left_open(
    administrator: AsyncEngine, careless: str, noticed: str
) -> None:
    async with administrator.connect() as connection:
        for statement in careless.split("; "):
            await connection.execute(text(statement))
        found = await findings(connection)
        await connection.rollback()

    assert any(each.startswith(noticed) for each in found), found
