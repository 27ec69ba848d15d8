"""Who sees what: the scope of a transaction, a row policy for every table, and the rights of the two roles."""

from alembic import op

revision = "0002"
down_revision = "0001"

# After a transaction that set them locally the settings read as '' and not as null, hence the nullif.
SCOPE = """
create function current_partner() returns uuid language sql stable
    return nullif(current_setting('connector.partner_id', true), '')::uuid;

create function current_tenant() returns uuid language sql stable
    return nullif(current_setting('connector.tenant_id', true), '')::uuid;

create function tenants_in_reach() returns uuid[] language sql stable
    return case when current_partner() is null
        then array_remove(array[current_tenant()], null)
        else array(
            select tenant_id from acceptances
            where partner_id = current_partner() and withdrawn_at is null
                and coalesce(tenant_id = current_tenant(), true)
        )
    end;

create function tenants_in_scope() returns uuid[] language sql stable
    return case when current_partner() is null
        then array_remove(array[current_tenant()], null)
        else array(
            select tenant_id from acceptances
            where partner_id = current_partner() and withdrawn_at is null and accepted_at is not null
                and coalesce(tenant_id = current_tenant(), true)
        )
    end;
"""

IN_SCOPE = "tenant_id = any ((select tenants_in_scope())::uuid[])"
ACTING_FOR_IT = "current_partner() is null and {} = current_tenant()"
ITS_PARTNERS = f"select partner_id from acceptances where {ACTING_FOR_IT.format('tenant_id')}"  # noqa: S608 - constants
OWN_LINKS = "tenant_id = any ((select tenants_in_reach())::uuid[]) and coalesce(partner_id = current_partner(), true)"
OWN_KEYS = "partner_id = current_partner() and coalesce(current_tenant() = tenant_id, current_tenant() is null)"
IN_REACH_IF_ANY = "(tenant_id is null or tenant_id = any ((select tenants_in_reach())::uuid[]))"
BETWEEN_THEM = (
    "(partner_id = current_partner() and coalesce(tenant_id = current_tenant(), true)) or ("
    + ACTING_FOR_IT.format("tenant_id")
    + ")"
)

# Table -> (rows that may be seen, rows that may be written).
POLICIES = {
    "partners": (
        f"id = current_partner() or id in ({ITS_PARTNERS})",
        "id = current_partner()",
    ),
    "tenants": ("id = any ((select tenants_in_reach())::uuid[])", ACTING_FOR_IT.format("id")),
    # Only the tenant's own consent makes an acceptance: a partner's scope can never write one.
    "acceptances": (BETWEEN_THEM, ACTING_FOR_IT.format("tenant_id")),
    "api_keys": (OWN_KEYS, f"{OWN_KEYS} and {IN_REACH_IF_ANY}"),
    "onboarding_links": (OWN_LINKS, OWN_LINKS),
    "connections": (IN_SCOPE, ACTING_FOR_IT.format("tenant_id")),
    "grants": (ACTING_FOR_IT.format("tenant_id"), ACTING_FOR_IT.format("tenant_id")),
    "consent_attempts": (ACTING_FOR_IT.format("tenant_id"), ACTING_FOR_IT.format("tenant_id")),
    "data_keys": (ACTING_FOR_IT.format("tenant_id"), ACTING_FOR_IT.format("tenant_id")),
    "entitlements": (IN_SCOPE, ACTING_FOR_IT.format("tenant_id")),
    "fetches": (IN_SCOPE, IN_SCOPE),
    "fetched_pages": (IN_SCOPE, ACTING_FOR_IT.format("tenant_id")),
    "receipts": (IN_SCOPE, ACTING_FOR_IT.format("tenant_id")),
    "received_invoices": (IN_SCOPE, ACTING_FOR_IT.format("tenant_id")),
}

APP_MAY = {
    "installation_keys": "select, insert",
    "partners": "select, insert",
    "tenants": "select, insert",
    "acceptances": "select, insert, update",
    "api_keys": "select, insert, update",
    "onboarding_links": "select, insert, update",
    "connections": "select, insert, update",
    "grants": "select, insert",
    "consent_attempts": "select, insert, update",
    "data_keys": "select, insert",
    "entitlements": "select, insert, update",
    "fetches": "select, insert, update",
    "fetched_pages": "select, insert",
    "receipts": "select, insert",
    "received_invoices": "select, insert, update",
}

# Ids, digests and dates: what a sweep needs to find work, and a credential to find its owner.
SWEEPER_MAY = {
    "api_keys": "partner_id, tenant_id, id, digest, expires_at, revoked_at",
    "onboarding_links": "tenant_id, id, digest, expires_at",
    "consent_attempts": "tenant_id, id, state_digest, expires_at",
    "connections": "tenant_id, id, standing, consent_ends_at, changed_at",
    "fetches": "tenant_id, id, connection_id, reading, requested_at, due_at, lease_until, finished_at",
}


def upgrade() -> None:
    for statement in SCOPE.split(";\n\n"):
        op.execute(statement)
    for table, (seen, written) in POLICIES.items():
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(f"create policy in_scope on {table} to app using ({seen}) with check ({written})")
    for table, rights in APP_MAY.items():
        op.execute(f"grant {rights} on {table} to app")
    for table, columns in SWEEPER_MAY.items():
        op.execute(f"create policy sweeps on {table} for select to sweeper using (true)")
        op.execute(f"grant select ({columns}) on {table} to sweeper")


def downgrade() -> None:
    for table, columns in SWEEPER_MAY.items():
        op.execute(f"revoke select ({columns}) on {table} from sweeper")  # noqa: S608 - constants
        op.execute(f"drop policy sweeps on {table}")
    for table in APP_MAY:
        op.execute(f"revoke all on {table} from app")
    for table in POLICIES:
        op.execute(f"drop policy in_scope on {table}")
        op.execute(f"alter table {table} no force row level security")
        op.execute(f"alter table {table} disable row level security")
    for function in ("tenants_in_scope", "tenants_in_reach", "current_tenant", "current_partner"):
        op.execute(f"drop function {function}()")
