"""The three roles: `migrator` owns the tables, `app` works under row policies, `sweeper` sees ids and dates."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

ROLES = ("migrator", "app", "sweeper")

SETUP = """\
create role migrator; create role app; create role sweeper;
grant usage, create on schema public to migrator;
grant usage on schema public to app, sweeper;
grant migrator to <the login of CONNECTOR_MIGRATOR_DATABASE_URL>;
"""


class RolesMissing(RuntimeError):
    """The roles are not there and this login may not make them."""


def ensure_roles(connection: Connection) -> None:
    """Makes the roles where they are missing; raises RolesMissing with the statements an administrator must run."""
    known = connection.execute(sa.text("select rolname from pg_roles where rolname = any(:names)"), {"names": [*ROLES]})
    missing = set(ROLES) - set(known.scalars())
    may_create, is_super = connection.execute(
        sa.text("select rolcreaterole or rolsuper, rolsuper from pg_roles where rolname = session_user")
    ).one()
    if missing and not may_create:
        raise RolesMissing(
            f"the database lacks the roles {', '.join(sorted(missing))}; an administrator runs:\n{SETUP}"
        )
    for role in sorted(missing):
        # Roles belong to the whole cluster: a migrator of another database may have been quicker.
        connection.execute(
            sa.text(
                f"do $$ begin create role {role}; exception when duplicate_object or unique_violation then null; end $$"
            )
        )
        if not is_super:
            connection.execute(sa.text(f"grant {role} to session_user with set true"))
    if is_super or missing:
        connection.execute(sa.text("grant usage, create on schema public to migrator"))
        connection.execute(sa.text("grant usage on schema public to app, sweeper"))
