"""What a database looks like, as the catalogue tells it: enough to say whether two of them differ."""

import asyncio

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_SHAPE = (
    """
    select format('%s.%s %s%s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' else '' end, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))
    from ours c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
    where c.relkind in ('r', 'p')
    """,
    """
    select format('%s: %s', c.relname, pg_get_constraintdef(k.oid))
    from pg_constraint k join ours c on c.oid = k.conrelid
    """,
    """
    select format('%s: %s', c.relname, pg_get_indexdef(i.indexrelid))
    from pg_index i join ours c on c.oid = i.indrelid where not i.indisprimary
    """,
)
_RULES = (
    """
    select format('%s: policy %s for %s to %s using %s with check %s', c.relname, p.polname, p.polcmd,
        p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy p join ours c on c.oid = p.polrelid
    """,
    """
    select format('%s: %s secured %s forced %s owner %s', c.relname, coalesce(c.relacl, acldefault('r', c.relowner)),
        c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole) from ours c where c.relkind <> 'i'
    """,
    """
    select format('%s.%s: %s', c.relname, a.attname, a.attacl)
    from ours c join pg_attribute a on a.attrelid = c.oid where a.attacl is not null
    """,
    """
    select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
    """,
    """
    select format('type %s', typname) from pg_type
    where typnamespace = 'public'::regnamespace and typname !~ 'alembic_version$'
    """,
)
_OURS = """
    with ours as (
        select * from pg_class where relnamespace = 'public'::regnamespace and relname <> 'alembic_version'
    )
"""


def asked(database_url: str, *questions: str) -> list[str]:
    """Every answer to every question, in order."""

    async def ask() -> list[str]:
        engine = create_async_engine(database_url, poolclass=NullPool)
        async with engine.connect() as connection:
            found = [each for one in questions for each in (await connection.execute(sa.text(one))).scalars()]
        await engine.dispose()
        return sorted(str(each) for each in found)

    return asyncio.run(ask())


def shape(database_url: str) -> list[str]:
    """Columns, constraints and indexes."""
    return asked(database_url, *[_OURS + each for each in _SHAPE])


def portrait(database_url: str) -> list[str]:
    """Everything that a migration leaves behind, rights and policies included."""
    return asked(database_url, *[_OURS + each for each in (*_SHAPE, *_RULES)])
