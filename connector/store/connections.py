"""Rows of connections, and the append-only lineage of their grants."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Cause, Connection, SealedGrant, Standing
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId, new_id
from connector.store.tables import connections, grants


class ConnectionRows:
    """Connections within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_tenants(self, tenants: Iterable[TenantId]) -> Mapping[TenantId, Sequence[Connection]]:
        """Each tenant's connections, by provider; a tenant without any is absent."""
        of = connections.c
        statement = sa.select(connections).where(of.tenant_id.in_(list(tenants))).order_by(of.tenant_id, of.provider)
        found: dict[TenantId, list[Connection]] = defaultdict(list)
        for row in await self._connection.execute(statement):
            found[TenantId(row.tenant_id)].append(connection_of(row))
        return found

    async def connection(self, connection: ConnectionId) -> Connection | None:
        """The connection; None: outside the scope."""
        statement = sa.select(connections).where(connections.c.id == connection)
        row = (await self._connection.execute(statement)).one_or_none()
        return None if row is None else connection_of(row)

    async def prepare(self, tenant: TenantId, provider: ProviderKey, now: datetime) -> Connection:
        """The tenant's one connection at the provider, made now if there was none."""
        of = connections.c
        values = {
            "tenant_id": tenant,
            "id": new_id(),
            "provider": provider,
            "standing": Standing.AWAITING_CONSENT,
            "changed_at": now,
        }
        await self._connection.execute(insert(connections).values(values).on_conflict_do_nothing())
        statement = sa.select(connections).where(of.tenant_id == tenant, of.provider == provider)
        return connection_of((await self._connection.execute(statement)).one())

    async def put(self, connection: Connection) -> None:
        """Writes where the connection stands now."""
        await self._connection.execute(
            sa.update(connections)
            .where(connections.c.tenant_id == connection.tenant_id, connections.c.id == connection.id)
            .values(
                standing=connection.standing,
                consent_ends_at=connection.consent_ends_at,
                changed_at=connection.changed_at,
                cause=connection.cause,
                due_at=connection.due_at,
            )
        )

    async def grant(self, grant: GrantId) -> SealedGrant | None:
        """A grant of the lineage; None: outside the scope."""
        row = (await self._connection.execute(sa.select(grants).where(grants.c.id == grant))).one_or_none()
        return None if row is None else grant_of(row)

    async def current_grant(self, connection: ConnectionId) -> SealedGrant | None:
        """The grant in use; None: consent was never given."""
        statement = (
            sa.select(grants)
            .join(
                connections,
                sa.and_(grants.c.tenant_id == connections.c.tenant_id, grants.c.id == connections.c.grant_id),
            )
            .where(connections.c.id == connection)
        )
        row = (await self._connection.execute(statement)).one_or_none()
        if row is None:
            return None
        return grant_of(row)

    async def add_grant(self, connection: ConnectionId, grant: SealedGrant) -> None:
        """Adds a grant to the lineage; nothing there is ever overwritten, so a second add changes nothing."""
        source = sa.select(
            connections.c.tenant_id,
            sa.literal(grant.id),
            connections.c.id,
            sa.literal(grant.parent_id, sa.UUID),
            sa.literal(grant.access_sealed, sa.LargeBinary),
            sa.literal(grant.refresh_sealed),
            sa.literal(grant.access_ends_at),
            sa.literal(grant.refresh_ends_at, grants.c.refresh_ends_at.type),
            sa.literal(grant.obtained_at),
        ).where(connections.c.id == connection)
        columns = [
            "tenant_id",
            "id",
            "connection_id",
            "parent_id",
            "access_sealed",
            "refresh_sealed",
            "access_ends_at",
            "refresh_ends_at",
            "obtained_at",
        ]
        await self._connection.execute(insert(grants).from_select(columns, source).on_conflict_do_nothing())

    async def start_line(self, connection: ConnectionId, grant: GrantId) -> datetime | None:
        """Puts the first grant of a new line in use and frees any lease on the old; when consent ends, if ever."""
        of = connections.c
        ends_at = sa.select(grants.c.refresh_ends_at).where(grants.c.id == grant).scalar_subquery()
        statement = (
            sa.update(connections)
            .where(of.id == connection)
            .values(grant_id=grant, consent_ends_at=ends_at, lease_until=None, renewal_id=None, answer_until=None)
            .returning(of.consent_ends_at)
        )
        consent_ends_at: datetime | None = (await self._connection.execute(statement)).scalar_one()
        return consent_ends_at


def connection_of(row: sa.Row[tuple[object, ...]], prefix: str = "") -> Connection:
    """The connection in a row whose columns carry `prefix`."""
    columns = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    told = {name.removeprefix(prefix): value for name, value in columns.items() if name.startswith(prefix)}
    return Connection(
        tenant_id=TenantId(told["tenant_id"]),
        id=ConnectionId(told["id"]),
        provider=ProviderKey(told["provider"]),
        standing=Standing(told["standing"]),
        consent_ends_at=told["consent_ends_at"],
        changed_at=told["changed_at"],
        cause=None if told["cause"] is None else Cause(told["cause"]),
        due_at=told["due_at"],
    )


def grant_of(row: sa.Row[tuple[object, ...]]) -> SealedGrant:
    """The grant in a row of the lineage."""
    return SealedGrant(
        id=GrantId(row.id),
        parent_id=None if row.parent_id is None else GrantId(row.parent_id),
        access_sealed=row.access_sealed,
        refresh_sealed=row.refresh_sealed,
        access_ends_at=row.access_ends_at,
        refresh_ends_at=row.refresh_ends_at,
        obtained_at=row.obtained_at,
    )
