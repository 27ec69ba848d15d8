"""Connections with a grant in use, and what a renewer would write of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from connector.domain.access import Scope
from connector.domain.connection import SealedGrant, Standing
from connector.domain.renewal import Leased, Renewed, TokenAnswer
from connector.ids import GrantId, new_id
from connector.store.work import PostgresStore
from tests.store.companies import NOW, PROVIDER, Company, a_company

MONTH, WEEK = timedelta(days=31), timedelta(days=7)


def a_grant(parent: GrantId | None, own: GrantId | None = None, obtained_at: datetime = NOW) -> SealedGrant:
    return SealedGrant(
        id=own or GrantId(new_id()),
        parent_id=parent,
        access_sealed=new_id().bytes,
        refresh_sealed=new_id().bytes,
        access_ends_at=obtained_at + timedelta(minutes=5),
        refresh_ends_at=obtained_at + MONTH,
        obtained_at=obtained_at,
    )


@dataclass(frozen=True, slots=True)
class Due:
    """A company whose connection is active and due, and its grant in use."""

    company: Company
    grant: SealedGrant

    async def stands(self, store: PostgresStore) -> tuple[Standing, datetime | None, GrantId]:
        async with store.within(self.company.scope) as work:
            connection = await work.connections.connection(self.company.connection.id)
            grant = await work.connections.current_grant(self.company.connection.id)
        assert connection is not None
        assert grant is not None
        return connection.standing, connection.due_at, grant.id


async def a_due(store: PostgresStore, *, due_at: datetime | None = NOW, ends_at: datetime | None = NOW + MONTH) -> Due:
    company = await a_company(store)
    grant = replace(a_grant(None), refresh_ends_at=ends_at)
    async with store.within(company.scope) as work:
        await work.connections.add_grant(company.connection.id, grant)
        await work.connections.start_line(company.connection.id, grant.id)
        await work.connections.put(
            replace(company.connection, standing=Standing.ACTIVE, consent_ends_at=ends_at, due_at=due_at)
        )
    return Due(company, grant)


async def leased(store: PostgresStore, *, now: datetime = NOW, most: int = 100) -> tuple[UUID, Sequence[Leased]]:
    """What one renewer takes at the moment."""
    owner = new_id()
    await store.lease_due(PROVIDER, owner, now, most=most)
    async with store.within(Scope.of_lease(owner)) as work:
        return owner, await work.renewals.held(owner)


def renewed(one: Leased, obtained_at: datetime = NOW) -> Renewed:
    """A renewal that went well."""
    answer = TokenAnswer(
        id=one.renewal_id,
        tenant_id=one.connection.tenant_id,
        connection_id=one.connection.id,
        provider=one.connection.provider,
        parent_id=one.grant.id,
        answered_at=obtained_at,
        sealed=b"sealed",
    )
    grant = a_grant(one.grant.id, one.renewal_id, obtained_at)
    return Renewed(leased=one, grant=grant, access=None, due_at=obtained_at + WEEK, answer=answer)
