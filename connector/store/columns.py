"""What tables are made of, and the list they all stand in."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TIMESTAMP, UUID


class Json(sa.types.UserDefinedType[str]):
    """PostgreSQL's json, as text: it is written and read whole, and keeps the order it was written in."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """Names the type in DDL."""
        return "JSON"


metadata = sa.MetaData()

MOMENT = TIMESTAMP(timezone=True)
NOW = sa.text("now()")


def own_key(*, of_tenant: bool = True) -> list[sa.Column[object]]:
    """The columns of a primary key."""
    own = sa.Column("id", UUID, primary_key=True)
    return [sa.Column("tenant_id", UUID, primary_key=True), own] if of_tenant else [own]


def belongs_to(table: str, column: str) -> sa.ForeignKeyConstraint:
    """A foreign key that cannot leave its tenant: a bare one would not respect the row policy."""
    return sa.ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])
