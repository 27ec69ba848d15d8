"""Brings a database to the newest schema: roles first, then every step in `versions/`, one caller at a time."""

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import ArgumentError

from migrations.roles import RolesMissing

__all__ = ["BadAddress", "RolesMissing", "downgrade", "upgrade"]


class BadAddress(ValueError):
    """What was given is not a database address."""


def upgrade(address: str, revision: str = "head") -> None:
    """Runs every step up to `revision` as role `migrator`; safe to call from many processes at once."""
    try:
        command.upgrade(_config(address), revision)
    except ArgumentError:
        raise BadAddress from None


def downgrade(address: str, revision: str) -> None:
    """Undoes every step after `revision`."""
    command.downgrade(_config(address), revision)


def _config(address: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    config.attributes["address"] = address
    return config
