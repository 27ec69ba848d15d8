"""How tests of fetches claim them, turn their pages and look at them."""

from datetime import date
from uuid import UUID

from connector.domain.fetch import LEASE, Fetch, FetchedPage, Receipt, Window
from connector.ids import FetchId
from connector.store.work import PostgresStore
from tests.store.companies import NOW, Company

APRIL = Window(first_day=date(2026, 4, 1), last_day=date(2026, 4, 30))
EXPIRED = NOW + LEASE


async def claim(store: PostgresStore, company: Company, fetch: FetchId, owner: UUID, now: object = NOW) -> Fetch | None:
    assert isinstance(now, type(NOW))
    async with store.within(company.scope) as work:
        return await work.fetches.claim(fetch, owner, now, now + LEASE)


async def turn(store: PostgresStore, company: Company, fetch: FetchId, owner: UUID, page: FetchedPage) -> bool:
    async with store.within(company.scope) as work:
        return await work.fetches.turn_page(fetch, owner, page, NOW + LEASE)


async def now_stands(store: PostgresStore, company: Company, fetch: FetchId) -> Fetch:
    async with store.within(company.scope) as work:
        found = await work.fetches.fetch(fetch)
    assert found is not None
    return found


def a_page(number: int = 1, *keys: str, last: bool = False) -> FetchedPage:
    return FetchedPage(number=number, keys=keys or (f"k{number}",), last=last, asked_at=NOW, answered_at=NOW)


def a_receipt(fetch: FetchId) -> Receipt:
    return Receipt(
        fetch_id=fetch,
        in_pass=1,
        passes=2,
        pages=1,
        rows=1,
        keys_digest=b"digest",
        as_of=NOW - LEASE,
        answered_at=NOW,
        completed_at=NOW,
    )
