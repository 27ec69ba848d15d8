"""Rows of renewals: a lease is taken, a grant is added and put in use, and nothing is ever overwritten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from connector.domain.connection import Cause, Connection, SealedGrant, Standing
from connector.domain.renewal import ANSWER_WITHIN, LEASE, Leased, Outcome, Renewed, TokenAnswer
from connector.ids import ConnectionId, GrantId
from connector.store.connections import connection_of, grant_of
from connector.store.tables import connections, grants, renewal_outcomes

_MOMENT = sa.DateTime(timezone=True)
_FREE = {"lease_until": None, "renewal_id": None, "answer_until": None}

_COLUMNS = (
    "tenant_id",
    "id",
    "connection_id",
    "parent_id",
    "access_sealed",
    "refresh_sealed",
    "access_ends_at",
    "refresh_ends_at",
    "obtained_at",
)


def free_at(now: datetime) -> sa.ColumnElement[bool]:
    """Nobody holds the connection, and no renewal of it is still to be accounted for."""
    of = connections.c
    return sa.and_(sa.or_(of.lease_until.is_(None), of.lease_until <= now), of.renewal_id.is_(None))


def taken(owner: UUID, now: datetime) -> dict[str, object]:
    """What a lease writes."""
    return {
        "lease_owner": owner,
        "lease_until": now + LEASE,
        "attempt": connections.c.attempt + 1,
        "renewal_id": sa.func.gen_random_uuid(),
        "answer_until": now + ANSWER_WITHIN,
    }


class RenewalRows:
    """Leases, lineage and outcomes within the scope."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lease(self, connection: ConnectionId, before: GrantId, owner: UUID, now: datetime) -> bool:
        """Takes the right to renew the grant `before`; False: somebody holds it, or another grant is in use."""
        of = connections.c
        right = sa.and_(of.id == connection, of.grant_id == before, of.standing == Standing.ACTIVE, free_at(now))
        statement = sa.update(connections).where(right).values(taken(owner, now))
        return (await self._connection.execute(statement)).rowcount == 1

    async def turn_down(self, connection: ConnectionId, since: datetime, now: datetime) -> bool:
        """Notes that the provider refused a token it had given; False: it did so after `since` already."""
        of = connections.c
        long_ago = sa.or_(of.turned_down_at.is_(None), of.turned_down_at <= since)
        statement = sa.update(connections).where(of.id == connection, long_ago).values(turned_down_at=now)
        return (await self._connection.execute(statement)).rowcount == 1

    async def held(self, owner: UUID) -> Sequence[Leased]:
        """What the owner's lease covers, ready to be renewed."""
        of = connections.c
        own = sa.and_(of.lease_owner == owner, of.renewal_id.is_not(None))
        line = grants.join(connections, sa.and_(grants.c.tenant_id == of.tenant_id, grants.c.id == of.grant_id))
        about = [column.label(f"c_{column.name}") for column in of]
        found = await self._connection.execute(sa.select(grants, *about).select_from(line).where(own))
        return [
            Leased(
                connection=connection_of(row, "c_"),
                grant=grant_of(row),
                renewal_id=GrantId(row.c_renewal_id),
                attempt=row.c_attempt,
                owner=owner,
                answer_until=row.c_answer_until,
            )
            for row in found
        ]

    async def commit(self, owner: UUID, renewed: Sequence[Renewed]) -> Sequence[GrantId]:
        """Adds the grants and puts those in use whose lease still holds; the ids of these."""
        held = {(each.leased.connection.tenant_id, each.leased.connection.id): each for each in renewed}
        told = (
            sa.func.unnest(
                sa.cast([each.leased.connection.tenant_id for each in renewed], ARRAY(sa.UUID)),
                sa.cast([each.grant.id for each in renewed], ARRAY(sa.UUID)),
                sa.cast([each.grant.parent_id for each in renewed], ARRAY(sa.UUID)),
                sa.cast([each.grant.refresh_ends_at for each in renewed], ARRAY(_MOMENT)),
                sa.cast([each.due_at for each in renewed], ARRAY(_MOMENT)),
                sa.cast([each.grant.obtained_at for each in renewed], ARRAY(_MOMENT)),
            )
            .table_valued(
                sa.column("tenant_id", sa.UUID),
                sa.column("grant_id", sa.UUID),
                sa.column("parent_id", sa.UUID),
                sa.column("ends_at", _MOMENT),
                sa.column("due_at", _MOMENT),
                sa.column("obtained_at", _MOMENT),
            )
            .render_derived("told")
        )
        of = connections.c
        statement = (
            sa.update(connections)
            .where(
                of.tenant_id == told.c.tenant_id,
                of.lease_owner == owner,
                of.renewal_id == told.c.grant_id,
                of.grant_id == told.c.parent_id,
            )
            .values(
                {
                    **_FREE,
                    "grant_id": told.c.grant_id,
                    "consent_ends_at": told.c.ends_at,
                    "due_at": told.c.due_at,
                    "standing": Standing.ACTIVE,
                    "cause": None,
                    "changed_at": sa.case((of.standing == Standing.ACTIVE, of.changed_at), else_=told.c.obtained_at),
                }
            )
            .returning(of.tenant_id, of.id, of.grant_id)
        )
        done = (await self._connection.execute(statement)).all()
        if done:
            added = [
                _row(held[row.tenant_id, row.id].leased.connection, held[row.tenant_id, row.id].grant) for row in done
            ]
            await self._connection.execute(insert(grants).on_conflict_do_nothing(), added)
        return [GrantId(row.grant_id) for row in done]

    async def adopt(self, answer: TokenAnswer, grant: SealedGrant, connection: Connection) -> bool:
        """Adds a grant that came late, and puts it in use if the one it came from still is; False: it is not."""
        of = connections.c
        await self._connection.execute(insert(grants).on_conflict_do_nothing(), [_row(connection, grant)])
        mine = of.renewal_id == answer.id
        freed = {name: sa.case((mine, sa.null()), else_=of[name]) for name in _FREE}
        statement = (
            sa.update(connections)
            .where(of.id == answer.connection_id, of.grant_id == grant.parent_id)
            .values(
                **freed,
                grant_id=grant.id,
                consent_ends_at=grant.refresh_ends_at,
                standing=connection.standing,
                cause=connection.cause,
                changed_at=connection.changed_at,
                due_at=connection.due_at,
            )
        )
        used = (await self._connection.execute(statement)).rowcount == 1
        if not used:
            await self._connection.execute(
                sa.update(connections).where(of.id == answer.connection_id, mine).values(_FREE)
            )
        return used

    async def holds(self, leased: Leased) -> bool:
        """Whether the lease still stands, and will until the transaction ends."""
        statement = sa.select(connections.c.id).where(*_under(leased)).with_for_update()
        return (await self._connection.execute(statement)).first() is not None

    async def give_back(self, leased: Leased, until: datetime) -> None:
        """Gives the right to renew back: nothing was asked. What is due waits until then, and lets others go first."""
        waits = {**_FREE, "due_at": sa.func.greatest(connections.c.due_at, until)}
        await self._connection.execute(sa.update(connections).where(*_under(leased)).values(waits))

    async def end(self, leased: Leased, outcome: Outcome, reason: str, connection: Connection) -> bool:
        """Keeps how a renewal ended that gave nothing, and where that leaves the connection; False: too late."""
        await self._note(leased.connection, leased.renewal_id, leased.grant.id, outcome, reason, connection.changed_at)
        told = {
            "standing": connection.standing,
            "cause": connection.cause,
            "consent_ends_at": connection.consent_ends_at,
            "changed_at": connection.changed_at,
            "due_at": connection.due_at,
        }
        statement = sa.update(connections).where(*_under(leased)).values({**_FREE, **told})
        return (await self._connection.execute(statement)).rowcount == 1

    async def abandon(self, connection: ConnectionId, now: datetime) -> Connection | None:
        """A renewer that died leaves doubt: its call may have been answered, and its token be dead.

        The connection as it was before; None: nothing is abandoned there any more.
        """
        of = connections.c
        left = sa.and_(of.id == connection, of.renewal_id.is_not(None), of.lease_until <= now)
        row = (await self._connection.execute(sa.select(connections).where(left).with_for_update())).one_or_none()
        if row is None:
            return None
        before = connection_of(row)
        await self._note(before, row.renewal_id, row.grant_id, Outcome.UNKNOWN, "abandoned", now)
        told = {"standing": Standing.UNCERTAIN, "cause": Cause.ANSWER_LOST, "due_at": row.answer_until}
        if row.standing != Standing.UNCERTAIN:
            told["changed_at"] = now
        await self._connection.execute(sa.update(connections).where(of.id == connection).values({**_FREE, **told}))
        return before

    async def recall(self, connection: ConnectionId, now: datetime) -> bool:
        """Doubts that a connection has lapsed: its token is presented again; False: it does not stand so any more."""
        of = connections.c
        ends_at = sa.select(grants.c.refresh_ends_at).where(
            grants.c.tenant_id == of.tenant_id, grants.c.id == of.grant_id
        )
        suspect = {
            "standing": Standing.SUSPECT,
            "changed_at": now,
            "due_at": now,
            "consent_ends_at": ends_at.scalar_subquery(),
        }
        lapsed = sa.and_(of.id == connection, of.standing == Standing.LAPSED, of.grant_id.is_not(None))
        return (await self._connection.execute(sa.update(connections).where(lapsed).values(suspect))).rowcount == 1

    async def outcomes(self, grant: GrantId, outcome: Outcome) -> Sequence[datetime]:
        """When presenting the grant ended like this, oldest first."""
        of = renewal_outcomes.c
        statement = sa.select(of.ended_at).where(of.parent_id == grant, of.outcome == outcome).order_by(of.ended_at)
        return list((await self._connection.execute(statement)).scalars())

    async def candidate(self, leased: Leased, since: datetime) -> GrantId | None:
        """The newest grant of the connection obtained after `since` that was never presented; None: there is none."""
        of, child, ended = grants.c, grants.alias("child"), renewal_outcomes.c
        spent = sa.exists(sa.select(child.c.id).where(child.c.tenant_id == of.tenant_id, child.c.parent_id == of.id))
        tried = sa.exists(
            sa.select(ended.id).where(
                ended.tenant_id == of.tenant_id, ended.parent_id == of.id, ended.outcome == Outcome.DEAD
            )
        )
        statement = (
            sa.select(of.id)
            .where(
                of.tenant_id == leased.connection.tenant_id,
                of.connection_id == leased.connection.id,
                of.id != leased.grant.id,
                of.obtained_at > since,
                of.parent_id.is_not(None),  # a consent that was never confirmed is nobody's to use
                ~spent,
                ~tried,
            )
            .order_by(of.obtained_at.desc())
            .limit(1)
        )
        found = (await self._connection.execute(statement)).scalar_one_or_none()
        return None if found is None else GrantId(found)

    async def try_instead(self, leased: Leased, grant: GrantId) -> None:
        """Puts another grant of the lineage where the dead one was."""
        of = connections.c
        statement = sa.update(connections).where(of.id == leased.connection.id, of.grant_id == leased.grant.id)
        await self._connection.execute(statement.values(grant_id=grant))

    async def _note(
        self, whose: Connection, renewal: UUID, grant: UUID, outcome: Outcome, reason: str, at: datetime
    ) -> None:
        told = {
            "tenant_id": whose.tenant_id,
            "id": renewal,
            "connection_id": whose.id,
            "parent_id": grant,
            "outcome": outcome,
            "reason": reason,
            "ended_at": at,
        }
        await self._connection.execute(insert(renewal_outcomes).values(told).on_conflict_do_nothing())


def _under(leased: Leased) -> Sequence[sa.ColumnElement[bool]]:
    of = connections.c
    return (
        of.tenant_id == leased.connection.tenant_id,
        of.id == leased.connection.id,
        of.lease_owner == leased.owner,
        of.renewal_id == leased.renewal_id,
    )


def _row(connection: Connection, grant: SealedGrant) -> dict[str, object]:
    return {
        "tenant_id": connection.tenant_id,
        "connection_id": connection.id,
        **{name: getattr(grant, name) for name in _COLUMNS if name not in {"tenant_id", "connection_id"}},
    }
