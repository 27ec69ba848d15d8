"""Every column that holds a ciphertext is covered by a rotation; a column added later is noticed here."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from connector.store.tables import SEALED, metadata

REWRAPPED = {"data_keys.wrapped", "installation_keys.wrapped"}


def ciphertexts(tables: sa.MetaData) -> set[str]:
    return {
        f"{table.name}.{column.name}"
        for table in tables.tables.values()
        for column in table.columns
        if isinstance(column.type, BYTEA) and (column.name.endswith("_sealed") or column.name == "wrapped")
    }


def test_a_rotation_covers_every_column_that_holds_a_ciphertext() -> None:
    assert ciphertexts(metadata) == {f"{each.table.name}.{each.name}" for each in SEALED} | REWRAPPED


def test_a_sealed_column_that_is_added_is_noticed() -> None:
    more = sa.MetaData()
    sa.Table("webhooks", more, sa.Column("secret_sealed", BYTEA), sa.Column("digest", BYTEA))
    assert ciphertexts(more) == {"webhooks.secret_sealed"}
