"""A row for every table, made from the tables themselves, so that a new table joins every proof without being asked."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.store.tables import Json, metadata

# Tables that belong to no tenant and no partner.
OF_NOBODY = {"installation_keys", "key_encryption_keys", "processes", "breakers"}

Row = dict[str, Any]

MOMENT = datetime(2026, 4, 1, 9, tzinfo=UTC)
DAY = date(2026, 3, 31)

# First match decides, so a type stands before the type it is made of.
_MAKERS: tuple[tuple[type[sa.types.TypeEngine[Any]], Callable[[str], object]], ...] = (
    (Json, lambda mark: f'{{"note": "{mark}"}}'),
    (ARRAY, lambda mark: [mark]),
    (sa.UUID, lambda _: uuid4()),
    (BYTEA, lambda mark: mark.encode() + uuid4().bytes),
    (sa.Boolean, lambda _: True),
    (sa.DateTime, lambda _: MOMENT),
    (sa.Date, lambda _: DAY),
    (sa.Integer, lambda _: 1),
    (sa.Numeric, lambda _: Decimal("1234.5")),
    (sa.Text, lambda mark: f"{mark}-{uuid4().hex[:8]}"),
)


def a_row(table: sa.Table, others: Mapping[str, Row], mark: str, given: Mapping[str, Any] | None = None) -> Row:
    """A row of the table whose every text carries the mark, and which belongs to the rows made before it."""
    row: Row = {}
    for column in table.columns:
        if column.computed is not None:
            continue
        parent = next(iter(column.foreign_keys), None)
        if parent is not None:
            row[column.name] = others[parent.column.table.name][parent.column.name]
            continue
        maker = next((make for kind, make in _MAKERS if isinstance(column.type, kind)), None)
        assert maker is not None, f"{table.name}.{column.name}: say in {__name__} how to make a {column.type!r}"
        row[column.name] = maker(mark)
    return {**row, **(given or {})}


def a_row_everywhere(mark: str, given: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Row]:
    """One row for every table, all of one partner and one tenant."""
    made: dict[str, Row] = {}
    for table in metadata.sorted_tables:
        made[table.name] = a_row(table, made, mark, (given or {}).get(table.name))
    return made


async def keep(connection: AsyncConnection, rows: Mapping[str, Row]) -> None:
    """Writes the rows, parents first."""
    for table in metadata.sorted_tables:
        if table.name in rows:
            await connection.execute(sa.insert(table).values(rows[table.name]))


def key_of(table: sa.Table, row: Row) -> sa.ColumnElement[bool]:
    """The condition that finds this row and no other."""
    return sa.and_(*[column == row[column.name] for column in table.primary_key.columns])
