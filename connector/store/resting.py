"""Rows of ciphertexts at rest: which key sealed what is in use, and what a key is still needed for."""

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Standing, access_seat, refresh_seat
from connector.domain.consent import Progress, verifier_seat
from connector.domain.sealing import DataKey, Resting, WrappedKey
from connector.ids import AttemptId, DataKeyId, GrantId, LinkId, ProviderKey, TenantId
from connector.store.certificates import wait_for_shredding
from connector.store.connections import connection_of
from connector.store.tables import SEALED, connections, consent_attempts, data_keys, grants

_UNFINISHED = (Progress.STARTED, Progress.REDEEMING)


class RestingRows:
    """Ciphertexts of one tenant, which must be the scope's."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def not_under(self, tenant: TenantId, key: DataKeyId, now: datetime) -> Sequence[Resting]:
        """What is in use and was sealed with another key than this one."""
        others = await self._grants(tenant, ~_sealed_with(grants.c.access_sealed, key), grants.c.access_sealed)
        others += await self._grants(tenant, ~_sealed_with(grants.c.refresh_sealed, key), grants.c.refresh_sealed)
        return others + await self._attempts(tenant, key, now)

    async def put(self, resting: Resting, sealed: bytes) -> bool:
        """Puts the same secret under another key in its place; False: something else rests there by now."""
        column = next(each for each in SEALED if f"{each.table.name}.{each.name}" == resting.seat.place)
        of = column.table.c
        row = sa.and_(of.tenant_id == resting.seat.tenant_id, of.id == resting.seat.version_id)
        statement = sa.update(column.table).where(row, column == resting.sealed).values({column.name: sealed})
        return (await self._connection.execute(statement)).rowcount == 1

    async def count(self, tenant: TenantId, key: DataKeyId, now: datetime, *, since: datetime) -> int:
        """How many ciphertexts still need the key: those in use, and the lineage obtained after `since`."""
        used = sa.exists(
            sa.select(connections.c.id).where(
                connections.c.tenant_id == grants.c.tenant_id, connections.c.grant_id == grants.c.id
            )
        )
        total = 0
        for column in (grants.c.access_sealed, grants.c.refresh_sealed):
            needed = sa.and_(_sealed_with(column, key), sa.or_(used, grants.c.obtained_at > since))
            found = await self._connection.execute(
                sa.select(sa.func.count(grants.c.id)).where(grants.c.tenant_id == tenant, needed)
            )
            total += found.scalar_one()
        walked = consent_attempts.c
        found = await self._connection.execute(
            sa.select(sa.func.count(walked.id)).where(_open(tenant, now), _sealed_with(walked.verifier_sealed, key))
        )
        return total + int(found.scalar_one())

    async def replaced_at(self, tenant: TenantId, key: DataKeyId) -> datetime | None:
        """When another key became the primary one after it; None: it is that itself, or there is no such key."""
        of, newer = data_keys.c, data_keys.alias("newer").c
        later = sa.and_(newer.tenant_id == of.tenant_id, newer.created_at > of.created_at)
        statement = sa.select(sa.func.min(newer.created_at)).where(
            of.tenant_id == tenant, of.id == key, ~of.is_primary, later
        )
        replaced_at: datetime | None = (await self._connection.execute(statement)).scalar_one()
        return replaced_at

    async def retire(self, tenant: TenantId, key: DataKeyId) -> None:
        """Ends a data key that was replaced."""
        of = data_keys.c
        replaced = sa.and_(of.tenant_id == tenant, of.id == key, ~of.is_primary, of.retired_at.is_(None))
        await self._connection.execute(sa.update(data_keys).where(replaced).values(retired_at=sa.func.now()))

    async def keys(self, tenant: TenantId, keys: Collection[DataKeyId]) -> Sequence[DataKey]:
        """Those of the keys that are there; the tenant is not shredded until this transaction ends."""
        await wait_for_shredding(self._connection, tenant)
        of = data_keys.c
        rows = await self._connection.execute(sa.select(data_keys).where(of.tenant_id == tenant, of.id.in_(keys)))
        return [DataKey(tenant, DataKeyId(row.id), WrappedKey(kek_id=row.kek_id, blob=row.wrapped)) for row in rows]

    async def make_due(self, tenant: TenantId, now: datetime) -> int:
        """Lets every active connection of the tenant be renewed at once; how many these are."""
        of = connections.c
        active = sa.and_(of.tenant_id == tenant, of.standing == Standing.ACTIVE)
        return (await self._connection.execute(sa.update(connections).where(active).values(due_at=now))).rowcount

    async def _grants(self, tenant: TenantId, other: sa.ColumnElement[bool], column: sa.Column[bytes]) -> list[Resting]:
        of = connections.c
        used = grants.join(connections, sa.and_(grants.c.tenant_id == of.tenant_id, grants.c.id == of.grant_id))
        about = [each.label(f"c_{each.name}") for each in of]
        statement = (
            sa.select(grants.c.id, column.label("sealed"), *about)
            .select_from(used)
            .where(of.tenant_id == tenant, column.is_not(None), other)
        )
        seat = access_seat if column is grants.c.access_sealed else refresh_seat
        rows = await self._connection.execute(statement)
        return [Resting(row.sealed, seat(connection_of(row, "c_"), GrantId(row.id))) for row in rows]

    async def _attempts(self, tenant: TenantId, key: DataKeyId, now: datetime) -> list[Resting]:
        of = consent_attempts.c
        statement = sa.select(consent_attempts).where(_open(tenant, now), ~_sealed_with(of.verifier_sealed, key))
        return [
            Resting(
                row.verifier_sealed,
                verifier_seat(tenant, ProviderKey(row.provider), LinkId(row.link_id), AttemptId(row.id)),
            )
            for row in await self._connection.execute(statement)
        ]


def _open(tenant: TenantId, now: datetime) -> sa.ColumnElement[bool]:
    of = consent_attempts.c
    return sa.and_(of.tenant_id == tenant, of.progress.in_(_UNFINISHED), of.expires_at > now)


def _sealed_with(column: sa.Column[bytes], key: DataKeyId) -> sa.ColumnElement[bool]:
    """Whether the envelope names this key, as the vault writes it: in the sixteen octets behind the first two."""
    return sa.func.substr(column, 3, 16) == sa.literal(key.bytes)
