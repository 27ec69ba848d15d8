"""The three roles: `migrator` owns the tables, `app` works under row policies, `sweeper` sees ids and dates."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

ROLES = ("migrator", "app", "sweeper")

# What an attempt may run into, in PostgreSQL's own codes: insufficient_privilege; undefined_object, where the role
# could not be made; duplicate_object and unique_violation, where a migrator of another database was quicker.
_FORESEEN = {"42501", "42704", "42710", "23505"}
_MAY_ACT_SINCE = 160_000  # before 16 every member of a role may act as it


class RolesMissing(RuntimeError):
    """The roles or their rights are not there, and this login may not give them."""


def ensure_roles(connection: Connection) -> None:
    """Gives what is lacking of roles and rights; raises RolesMissing with the statements an administrator must run."""
    lacking = [statement for statement, given in _wanted(connection).items() if not _holds(connection, given)]
    for statement in lacking:
        _try(connection, statement)
    # A grant by someone who may not give it can pass with a warning only, so what counts is what holds afterwards.
    refused = [statement for statement, given in _wanted(connection).items() if not _holds(connection, given)]
    if refused:
        statements = "".join(f"{statement};\n" for statement in refused)
        raise RolesMissing(f"this login may not prepare the database; an administrator runs:\n{statements}")


def _wanted(connection: Connection) -> dict[str, str]:
    """Each statement, and the question whose answer is true once it has been run."""
    login: str = connection.execute(sa.text("select quote_ident(session_user)")).scalar_one()
    version: int = connection.execute(sa.text("select current_setting('server_version_num')::int")).scalar_one()
    acting = "SET" if version >= _MAY_ACT_SINCE else "MEMBER"
    known = "exists (select from pg_roles where rolname = '{0}')"
    # Asked of roles that may not exist yet: pg_has_role and its kind would fail on an unknown name.
    acts = f"(select pg_has_role(session_user, oid, '{acting}') from pg_roles where rolname = 'migrator')"  # noqa: S608 - asked of the catalogue, made of constants
    reaches = "(select has_schema_privilege(oid, 'public', '{1}') from pg_roles where rolname = '{0}')"
    return {
        **{f"create role {role}": known.format(role) for role in ROLES},
        f"grant migrator to {login}": acts,
        "grant usage, create on schema public to migrator": (
            f"{reaches.format('migrator', 'usage')} and {reaches.format('migrator', 'create')}"
        ),
        **{f"grant usage on schema public to {role}": reaches.format(role, "usage") for role in ROLES[1:]},
    }


def _holds(connection: Connection, question: str) -> bool:
    asked = sa.text(f"select coalesce({question}, false)")
    return bool(connection.execute(asked).scalar_one())


def _try(connection: Connection, statement: str) -> None:
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(statement)  # a login's name may hold anything
    except DBAPIError as refusal:
        if getattr(refusal.orig, "sqlstate", None) not in _FORESEEN:
            raise
