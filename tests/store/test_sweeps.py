"""The role that looks across tenants sees ids, digests and dates, and is refused everything else."""

from datetime import timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.census import ENDING_WITHIN, Counted
from connector.domain.connection import Cause, Standing
from connector.ids import KeyId, ProviderKey
from connector.ports import KeyOwner
from connector.store.tables import connections, metadata
from connector.store.work import PostgresStore
from tests.store.databases import engine_as
from tests.store.rows import MOMENT, Row, a_row_everywhere, keep

# The whole of what the sweeper may read; a column added to this list is a decision someone makes in review.
MAY_READ = {
    "api_keys": {"partner_id", "tenant_id", "id", "digest", "expires_at", "revoked_at"},
    "onboarding_links": {"tenant_id", "id", "digest", "expires_at"},
    "consent_attempts": {"tenant_id", "id", "state_digest", "expires_at"},
    "connections": {
        "tenant_id",
        "id",
        "provider",
        "standing",
        "cause",
        "consent_ends_at",
        "changed_at",
        "due_at",
        "lease_owner",
        "lease_until",
        "attempt",
        "renewal_id",
        "answer_until",
    },
    "fetches": {
        "tenant_id",
        "id",
        "connection_id",
        "reading",
        "requested_at",
        "due_at",
        "lease_until",
        "finished_at",
        "side",
        "age",
    },
    "entitlements": {"tenant_id", "provider", "flag", "verdict", "expires_at"},
    "data_keys": {"tenant_id", "id", "kek_id", "is_primary", "created_at", "retired_at"},
}
EVERY_COLUMN = [(table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
NO_TEXT_OF_ANYBODY = {
    "name",
    "raw",
    "wrapped",
    "access_sealed",
    "refresh_sealed",
    "verifier_sealed",
    "subject",
    "lines",
}


async def test_the_sweeper_reads_exactly_the_columns_it_needs_and_is_refused_every_other(
    shared_database_url: str,
) -> None:
    readable = set()
    async with engine_as(shared_database_url, "sweeper") as engine, engine.connect() as connection:
        for table, column in EVERY_COLUMN:
            async with connection.begin_nested() as attempt:
                try:
                    await connection.execute(sa.text(f'select "{column}" from {table}'))  # noqa: S608 - our own tables
                    readable.add((table, column))
                except DBAPIError as refusal:
                    assert f"permission denied for table {table}" in str(refusal)  # noqa: PT017 - the loop goes on
                    await attempt.rollback()

    assert readable == {(table, column) for table, columns in MAY_READ.items() for column in columns}
    assert {column for _, column in readable}.isdisjoint(NO_TEXT_OF_ANYBODY)


async def test_the_sweeper_cannot_read_a_whole_row_or_write_anything(shared_database_url: str) -> None:
    async with engine_as(shared_database_url, "sweeper") as engine, engine.connect() as connection:
        for table in metadata.sorted_tables:
            column = next(iter(table.columns)).name
            for statement in (
                f"select * from {table}",  # noqa: S608 - our own tables
                f'update {table} set "{column}" = "{column}"',  # noqa: S608
                f"delete from {table}",  # noqa: S608
                f"insert into {table} default values",
            ):
                with pytest.raises(DBAPIError, match=f"permission denied for table {table}"):
                    await connection.execute(sa.text(statement))
                await connection.rollback()


async def test_a_key_a_link_and_an_attempt_are_found_by_what_proves_them_and_by_nothing_else(
    store: PostgresStore, company: dict[str, Row]
) -> None:
    key, link, attempt = (company[name] for name in ("api_keys", "onboarding_links", "consent_attempts"))

    assert await store.key_named(KeyId(key["id"])) == KeyOwner(
        partner_id=key["partner_id"], tenant_id=key["tenant_id"], digest=key["digest"]
    )
    assert await store.link_behind(link["digest"]) == (link["tenant_id"], link["id"])
    assert await store.attempt_behind(attempt["state_digest"]) == (attempt["tenant_id"], attempt["id"])
    assert await store.key_named(KeyId("nosuchkey0")) is None
    assert await store.link_behind(attempt["state_digest"]) is None
    assert await store.attempt_behind(link["digest"]) is None


async def test_a_census_counts_those_who_stand_alike_since_when_and_whose_consent_ends_and_names_nobody(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    provider = ProviderKey(f"provider-{uuid4().hex}")
    of = connections.c
    async with administrator.begin() as connection:  # rows of other tests stand in ways that we never wrote
        strange = sa.or_(of.standing.not_in(list(Standing)), of.cause.not_in(list(Cause)))
        await connection.execute(sa.update(connections).where(strange).values(standing=Standing.ACTIVE, cause=None))

    async def stands(standing: Standing, cause: Cause | None, hours: int, days: float | None) -> None:
        told = {
            "provider": provider,
            "standing": standing,
            "cause": cause,
            "changed_at": MOMENT - timedelta(hours=hours),
            "consent_ends_at": None if days is None else MOMENT + timedelta(days=days),
        }
        async with administrator.begin() as connection:
            await keep(connection, a_row_everywhere(uuid4().hex, {"connections": told}))

    await stands(Standing.ACTIVE, None, 5, 24.5)
    await stands(Standing.ACTIVE, None, 9, 6.5)
    await stands(Standing.ACTIVE, None, 2, None)  # its provider sets no end
    await stands(Standing.UNCERTAIN, Cause.ANSWER_LOST, 1, 0.5)
    await stands(Standing.LAPSED, Cause.TOKEN_DEAD, 3, 0.5)  # nothing of it is left to end

    counted = [each for each in await store.census(MOMENT) if each.provider == provider]
    none = dict.fromkeys(ENDING_WITHIN, 0)
    assert sorted(counted, key=lambda each: each.standing) == [
        Counted(provider, Standing.ACTIVE, None, 3, MOMENT - timedelta(hours=9), {1: 0, 3: 0, 7: 1, 17: 1, 24: 1}),
        Counted(provider, Standing.LAPSED, Cause.TOKEN_DEAD, 1, MOMENT - timedelta(hours=3), none),
        Counted(
            provider,
            Standing.UNCERTAIN,
            Cause.ANSWER_LOST,
            1,
            MOMENT - timedelta(hours=1),
            dict.fromkeys(ENDING_WITHIN, 1),
        ),
    ]
