"""Reads the catalogue for tables, roles and functions that would let one tenant's rows reach another."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

# Nothing is deleted by the product but under a certificate of shredding, which a restrictive policy asks for.
# Each question answers with the findings themselves, so that an empty answer is a clean bill.
_QUESTIONS = (
    """
    select format('%s: row level security is off', c.relname) from owned c where not c.relrowsecurity
    """,
    """
    select format('%s: its owner steps around the policies (no FORCE)', c.relname)
    from owned c where not c.relforcerowsecurity
    """,
    """
    select format('%s: no policy for app checks what is written', c.relname) from owned c
    where not exists (
        select from pg_policy p where p.polrelid = c.oid and p.polwithcheck is not null
            and p.polroles && array(select oid from pg_roles where rolname = 'app')
    )
    """,
    """
    select format('%s: policy %s lets app see every row', c.relname, p.polname) from owned c
    join pg_policy p on p.polrelid = c.oid
    where (pg_get_expr(p.polqual, p.polrelid) = 'true' or pg_get_expr(p.polwithcheck, p.polrelid) = 'true')
        and p.polroles && array(select oid from pg_roles where rolname = 'app' union all select 0)
    """,
    """
    select format('%s: belongs to %s', c.relname, r.rolname) from pg_class c join pg_roles r on r.oid = c.relowner
    where r.rolname in ('app', 'sweeper')
    """,
    """
    select format('%s: role %s may do more than work under policies', rolname, rolname) from pg_roles
    where rolname in ('app', 'sweeper') and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb)
    """,
    """
    select format('%s: %s may %s', c.relname, grantee, privilege)
    from tables c, unnest(array['app', 'sweeper']) grantee, unnest(array['DELETE', 'TRUNCATE', 'TRIGGER']) privilege
    where has_table_privilege(grantee, c.oid, privilege) and not (
        privilege = 'DELETE' and grantee = 'app' and exists (
            select from pg_policy p where p.polrelid = c.oid and p.polcmd = 'd' and not p.polpermissive
                and pg_get_expr(p.polqual, p.polrelid) like '%certificates%'
                and p.polroles = array(select oid from pg_roles where rolname = 'app')
        )
    )
    """,
    """
    select format('%s: sweeper may %s', c.relname, privilege)
    from tables c, unnest(array['INSERT', 'UPDATE', 'REFERENCES']) privilege
    where has_table_privilege('sweeper', c.oid, privilege)
        or privilege <> 'UPDATE' and has_any_column_privilege('sweeper', c.oid, privilege)
    """,
    # It takes leases on renewals, which span tenants, and changes nothing else about anybody.
    """
    select format('%s.%s: sweeper may change it', c.relname, a.attname) from tables c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where has_column_privilege('sweeper', c.oid, a.attnum, 'UPDATE') and not (
        c.relname = 'connections'
        and a.attname in ('lease_owner', 'lease_until', 'attempt', 'renewal_id', 'answer_until')
    )
    """,
    """
    select format('%s: everybody may use it', c.relname) from tables c
    where exists (select from aclexplode(c.relacl) where grantee = 0)
    """,
    """
    select format('%s: works with its owner''s rights (SECURITY DEFINER)', p.proname)
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public' and p.prosecdef
    """,
    """
    select format('%s: a view with its owner''s rights', c.relname)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('v', 'm')
        and not coalesce(c.reloptions @> array['security_invoker=true'], false)
    """,
    """
    select format('%s: %s may make things in schema public', r, r) from unnest(array['app', 'sweeper']) r
    where has_schema_privilege(r, 'public', 'CREATE')
    """,
)

_TABLES = """
    with tables as (
        select c.* from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'public' and c.relkind in ('r', 'p')
    ),
    -- Whatever names a tenant or a partner is somebody's, and so are the two lists of them.
    owned as (
        select c.* from tables c where c.relname in ('tenants', 'partners') or exists (
            select from pg_attribute a
            where a.attrelid = c.oid and not a.attisdropped and a.attname in ('tenant_id', 'partner_id')
        )
    )
"""


async def findings(connection: AsyncConnection) -> list[str]:
    """What is wrong, each beginning with the name of what it is wrong with."""
    found: list[str] = []
    for question in _QUESTIONS:
        found += (await connection.execute(sa.text(_TABLES + question))).scalars()
    return sorted(found)
