"""An inbox is as fresh as its tenants, whom it counts."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from connector.domain.access import Scope
from connector.domain.connection import Standing
from connector.domain.fetch import Age, FetchedPage, Receipt, Window
from connector.domain.invoice import Side
from connector.store.tables import connections
from tests.graphql_schema.graph import Company, Graph
from tests.graphql_schema.inboxes import FRESH, a_tenant, collected, on
from tests.store.databases import engine_as


async def read_whole(graph: Graph, company: Company, as_of: datetime) -> None:
    """One fetch of the recent days, asked for, read and proven for that moment."""
    owner, now = uuid4(), as_of + timedelta(seconds=1)
    async with graph.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
        window = Window.aged(Age.RECENT, as_of.date(), Side.RECEIVER)
        fetch, _ = await work.fetches.request(company.tenant.id, company.connection.id, window, as_of)
        assert await work.fetches.claim(fetch.id, owner, now, now) is not None
        page = FetchedPage(1, [], last=True, asked_at=as_of, answered_at=now)
        assert await work.fetches.turn_page(fetch.id, owner, page, now)
        assert await work.fetches.complete(Receipt(fetch.id, 1, 1, 1, 0, b"", as_of, now, now), owner)


async def fail(graph: Graph, company: Company, at: datetime) -> None:
    owner = uuid4()
    async with graph.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
        window = Window.aged(Age.RECENT, at.date(), Side.RECEIVER)
        fetch, _ = await work.fetches.request(company.tenant.id, company.connection.id, window, at)
        assert await work.fetches.claim(fetch.id, owner, at, at) is not None
        await work.fetches.fail(fetch.id, owner, "UNREADABLE", at)


async def test_an_inbox_is_as_fresh_as_the_tenant_that_was_read_whole_the_longest_ago(graph: Graph) -> None:
    partner, key = await graph.a_partner()
    first, second = [await a_tenant(graph, partner, key, name, on(1, name)) for name in "甲乙"]
    morning = datetime(2026, 4, 1, 0, tzinfo=UTC)
    told = []

    async def look() -> None:
        answer = await graph.ask(FRESH, key)
        told.append(answer["data"]["viewer"]["receivedInvoices"]["completeness"])

    await look()
    await read_whole(graph, first, morning)
    await look()
    await read_whole(graph, second, morning + timedelta(hours=1))
    await read_whole(graph, first, morning + timedelta(hours=2))
    await look()
    await fail(graph, first, morning + timedelta(hours=3))
    await look()
    await read_whole(graph, first, morning + timedelta(hours=4))
    async with engine_as(graph.database_url) as engine, engine.begin() as admin:
        lapsed = sa.update(connections).where(connections.c.id == second.connection.id)
        await admin.execute(lapsed.values(standing=Standing.LAPSED))
    await look()

    assert [(each["tenants"], each["leftOut"]) for each in told] == [(2, 0)] * 5
    assert [each["stale"] for each in told] == [2, 1, 0, 1, 1]
    at_one = (morning + timedelta(hours=1)).isoformat()
    assert [each["asOf"] for each in told] == [None, None, at_one, at_one, at_one]


async def test_an_inbox_without_tenants_is_empty_and_fresh_for_nobody(graph: Graph) -> None:
    _, key = await graph.a_partner()

    page, fresh = await collected(graph, key), await graph.ask(FRESH, key)

    assert (page["totalCount"], page["edges"], page["pageInfo"]["hasNextPage"]) == (0, [], False)
    told = fresh["data"]["viewer"]["receivedInvoices"]["completeness"]
    assert told == {"tenants": 0, "leftOut": 0, "stale": 0, "asOf": None}
