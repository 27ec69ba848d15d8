"""What may be read across tenants: ids, digests and dates, by a role that is refused everything else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.census import ENDING_WITHIN, RENEWABLE, Counted
from connector.domain.connection import Cause, Standing
from connector.domain.entitlement import Verdict
from connector.domain.fetch import Due, Reading
from connector.ids import AttemptId, ConnectionId, DataKeyId, FetchId, KeyId, LinkId, PartnerId, ProviderKey, TenantId
from connector.ports import KeyOwner
from connector.store.renewals import free_at, taken
from connector.store.tables import (
    api_keys,
    connections,
    consent_attempts,
    data_keys,
    entitlements,
    fetches,
    onboarding_links,
)

_OPEN = (Reading.WAITING, Reading.RUNNING)


async def key_named(connection: AsyncConnection, key: KeyId) -> KeyOwner | None:
    """Whose key this is and what proves it."""
    of = api_keys.c
    statement = sa.select(of.partner_id, of.tenant_id, of.digest).where(of.id == key)
    row = (await connection.execute(statement)).one_or_none()
    if row is None:
        return None
    return KeyOwner(
        partner_id=PartnerId(row.partner_id),
        tenant_id=None if row.tenant_id is None else TenantId(row.tenant_id),
        digest=row.digest,
    )


async def link_behind(connection: AsyncConnection, digest: bytes) -> tuple[TenantId, LinkId] | None:
    """The onboarding link with this digest."""
    of = onboarding_links.c
    row = (await connection.execute(sa.select(of.tenant_id, of.id).where(of.digest == digest))).one_or_none()
    return None if row is None else (TenantId(row.tenant_id), LinkId(row.id))


async def attempt_behind(connection: AsyncConnection, state_digest: bytes) -> tuple[TenantId, AttemptId] | None:
    """The consent attempt whose state has this digest."""
    of = consent_attempts.c
    row = (
        await connection.execute(sa.select(of.tenant_id, of.id).where(of.state_digest == state_digest))
    ).one_or_none()
    return None if row is None else (TenantId(row.tenant_id), AttemptId(row.id))


async def fetches_due(connection: AsyncConnection, now: datetime, *, most: int) -> Sequence[tuple[TenantId, FetchId]]:
    """Of each list that nobody is reading the fetch that has waited longest, and of those the longest waiting first.

    A list has one reader, so however many fetches one tenant has waiting, it takes one place for each of its lists.
    """
    of, other = fetches.c, fetches.alias("other").c
    same_list = (other.tenant_id == of.tenant_id, other.connection_id == of.connection_id, other.side == of.side)
    is_read = sa.exists(sa.select(other.id).where(*same_list, other.reading.in_(_OPEN), other.lease_until > now))
    heads = (
        sa.select(of.tenant_id, of.id, of.due_at)
        .ext(distinct_on(of.tenant_id, of.connection_id, of.side))
        .where(of.reading.in_(_OPEN), of.due_at <= now, ~is_read)
        .order_by(of.tenant_id, of.connection_id, of.side, of.due_at, of.id)
        .subquery()
    )
    statement = sa.select(heads.c.tenant_id, heads.c.id).order_by(heads.c.due_at).limit(most)
    return [(TenantId(row.tenant_id), FetchId(row.id)) for row in await connection.execute(statement)]


async def windows_due(
    connection: AsyncConnection, schedule: Sequence[Due], now: datetime, *, most: int
) -> Sequence[tuple[TenantId, ConnectionId, Due]]:
    """Active connections, and what the schedule asks of each.

    No fetch of it is open, none was asked for since, and the contract is not known to refuse it.
    """
    if not schedule:
        return []
    of, read, fact = connections.c, fetches.c, entitlements.c
    kinds = sa.values(
        sa.column("place", sa.Integer),
        sa.column("provider", sa.Text),
        sa.column("side", sa.Text),
        sa.column("age", sa.Text),
        sa.column("since", of.changed_at.type),
        sa.column("failed_since", of.changed_at.type),
        sa.column("settled_by", of.changed_at.type),
        sa.column("needs", ARRAY(sa.Text)),
        name="kinds",
    ).data(
        [
            (place, due.provider, due.side, due.age, due.since, due.failed_since, due.settled_by, list(due.needs))
            for place, due in enumerate(schedule)
        ]
    )
    since = sa.case((read.reading == Reading.FAILED, kinds.c.failed_since), else_=kinds.c.since)
    lately = sa.or_(read.requested_at > since, read.reading.in_(_OPEN))
    same = (
        read.tenant_id == of.tenant_id,
        read.connection_id == of.id,
        read.side == kinds.c.side,
        read.age == kinds.c.age,
    )
    refused = (
        fact.tenant_id == of.tenant_id,
        fact.provider == of.provider,
        fact.flag == sa.func.any(kinds.c.needs),
        fact.verdict == Verdict.REFUSED,
        sa.or_(fact.expires_at.is_(None), fact.expires_at > now),
    )
    statement = (
        sa.select(of.tenant_id, of.id, kinds.c.place)
        .join_from(connections, kinds, of.provider == kinds.c.provider)
        .where(of.standing == Standing.ACTIVE, of.changed_at <= kinds.c.settled_by)
        .where(~sa.exists(sa.select(read.id).where(*same, lately)))
        .where(~sa.exists(sa.select(fact.flag).where(*refused)))
        .order_by(kinds.c.place, of.tenant_id, of.id)
        .limit(most)
    )
    rows = await connection.execute(statement)
    return [(TenantId(row.tenant_id), ConnectionId(row.id), schedule[row.place]) for row in rows]


async def lease_due(
    connection: AsyncConnection, provider: ProviderKey, owner: UUID, now: datetime, *, most: int
) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Takes the right to renew what is due, those with the least time left first; in one statement, and once each."""
    of = connections.c
    due = (
        sa.select(of.tenant_id, of.id)
        .where(of.provider == provider, of.due_at <= now, free_at(now))
        .order_by(of.consent_ends_at.asc().nulls_last(), of.due_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        sa.update(connections)
        .where(of.tenant_id == due.c.tenant_id, of.id == due.c.id)
        .values(taken(owner, now))
        .returning(of.tenant_id, of.id)
    )
    return [(TenantId(row.tenant_id), ConnectionId(row.id)) for row in await connection.execute(statement)]


async def renewals_abandoned(
    connection: AsyncConnection, now: datetime, *, most: int
) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Connections whose renewer let its lease end without a word."""
    of = connections.c
    statement = (
        sa.select(of.tenant_id, of.id)
        .where(of.renewal_id.is_not(None), of.lease_until <= now)
        .order_by(of.lease_until)
        .limit(most)
    )
    return [(TenantId(row.tenant_id), ConnectionId(row.id)) for row in await connection.execute(statement)]


async def connections_of(connection: AsyncConnection, provider: ProviderKey) -> int:
    """How many connections the provider has that somebody consented to."""
    of = connections.c
    statement = sa.select(sa.func.count(of.id)).where(
        of.provider == provider, of.standing.not_in([Standing.AWAITING_CONSENT, Standing.DISCONNECTED])
    )
    return int((await connection.execute(statement)).scalar_one())


async def consents_ending(
    connection: AsyncConnection, provider: ProviderKey
) -> Sequence[tuple[TenantId, ConnectionId, datetime]]:
    """Consents that could still be renewed and have an end, the soonest first."""
    of = connections.c
    renewable = of.standing.in_([Standing.ACTIVE, Standing.UNCERTAIN, Standing.SUSPECT])
    statement = (
        sa.select(of.tenant_id, of.id, of.consent_ends_at)
        .where(of.provider == provider, renewable, of.consent_ends_at.is_not(None))
        .order_by(of.consent_ends_at)
    )
    rows = await connection.execute(statement)
    return [(TenantId(row.tenant_id), ConnectionId(row.id), row.consent_ends_at) for row in rows]


async def given_up(
    connection: AsyncConnection, provider: ProviderKey, since: datetime
) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Connections that lapsed at that moment or later, the first first."""
    of = connections.c
    lapsed = sa.and_(of.provider == provider, of.standing == Standing.LAPSED, of.changed_at >= since)
    statement = sa.select(of.tenant_id, of.id).where(lapsed).order_by(of.changed_at, of.id)
    return [(TenantId(row.tenant_id), ConnectionId(row.id)) for row in await connection.execute(statement)]


async def census(connection: AsyncConnection, now: datetime) -> Sequence[Counted]:
    """All connections, counted in one pass by provider, standing and cause."""
    of = connections.c
    alike = (of.provider, of.standing, of.cause)
    ending = [
        sa.func.count(of.id)
        .filter(of.standing.in_(RENEWABLE), of.consent_ends_at <= now + timedelta(days=days))
        .label(f"within_{days}")
        for days in ENDING_WITHIN
    ]
    counted = (sa.func.count(of.id).label("connections"), sa.func.min(of.changed_at).label("since"))
    rows = await connection.execute(sa.select(*alike, *counted, *ending).group_by(*alike))
    return [
        Counted(
            provider=ProviderKey(row.provider),
            standing=Standing(row.standing),
            cause=None if row.cause is None else Cause(row.cause),
            connections=row.connections,
            since=row.since,
            ending={days: getattr(row, f"within_{days}") for days in ENDING_WITHIN},
        )
        for row in rows
    ]


async def connections_unreadable(connection: AsyncConnection) -> Sequence[tuple[TenantId, ConnectionId]]:
    """Connections whose token does not open, those that stand so the longest first."""
    of = connections.c
    statement = sa.select(of.tenant_id, of.id).where(of.standing == Standing.UNREADABLE).order_by(of.changed_at, of.id)
    return [(TenantId(row.tenant_id), ConnectionId(row.id)) for row in await connection.execute(statement)]


async def keys_in_use(connection: AsyncConnection) -> Sequence[tuple[str, TenantId, DataKeyId]]:
    """The newest data key under each key-encryption key, retired ones left out."""
    of = data_keys.c
    newest = (
        sa.select(of.kek_id, of.tenant_id, of.id)
        .ext(distinct_on(of.kek_id))
        .where(of.retired_at.is_(None))
        .order_by(of.kek_id, of.created_at.desc())
    )
    return [(row.kek_id, TenantId(row.tenant_id), DataKeyId(row.id)) for row in await connection.execute(newest)]
