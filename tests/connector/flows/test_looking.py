"""A look reads what it does not know, and passes over what is to the byte as the mirror has it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice, InvoiceFilter, IssuedStage, ListedInvoice, Side
from connector.errors import Unreadable
from connector.flows import looking
from connector.store.tables import received_invoices
from connector.store.work import PostgresStore
from tests.store.companies import NOW, Company, a_company, an_invoice
from tests.store.databases import engine_as, store_in

ISSUED = Window(first_day=date(2026, 3, 1), last_day=date(2026, 3, 31), side=Side.ISSUER)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[PostgresStore]:
    async with store_in(database_url) as opened:
        yield opened


@dataclass(slots=True)
class Provider:
    """Lists invoices, and remembers which of them were read."""

    read: list[str] = field(default_factory=list)

    def lists(self, key: str, exact: bytes, **told: Any) -> ListedInvoice:
        def reading() -> FetchedInvoice:
            self.read.append(key)
            return replace(an_invoice(key, **told), exact=exact)

        return ListedInvoice(key, exact, reading)


async def look(
    store: PostgresStore,
    company: Company,
    listed: Sequence[ListedInvoice],
    *,
    now: datetime = NOW,
    window: Window | None = None,
) -> None:
    side = Side.RECEIVER if window is None else window.side
    async with store.within(company.scope) as work:
        changed = await looking.changed(work, company.connection, side, listed)
        await work.mirror.put(company.connection, changed, now, window=window)


async def subjects(store: PostgresStore, company: Company) -> dict[str, str | None]:
    async with store.within(company.scope) as work:
        held = await work.mirror.invoices(Side.RECEIVER, company.tenant, InvoiceFilter(), first=100, after=None)
    return {invoice.key: invoice.subject for invoice in held.items}


async def test_only_what_is_new_or_differs_is_read_and_the_mirror_holds_what_was_last_told(
    store: PostgresStore,
) -> None:
    company, provider = await a_company(store), Provider()
    await look(store, company, [provider.lists(key, b"1", subject="first") for key in "abc"])
    assert provider.read == ["a", "b", "c"]
    provider.read.clear()

    again = [provider.lists("a", b"1"), provider.lists("b", b"2", subject="second"), provider.lists("d", b"1")]
    await look(store, company, again, now=NOW + timedelta(hours=6))

    assert provider.read == ["b", "d"]
    assert await subjects(store, company) | {"d": None} == {"a": "first", "b": "second", "c": "first", "d": None}
    await look(store, company, again, now=NOW + timedelta(hours=12))
    assert provider.read == ["b", "d"]


async def test_of_a_key_listed_twice_the_later_telling_stands_though_it_is_the_one_that_is_known(
    store: PostgresStore,
) -> None:
    company, provider = await a_company(store), Provider()
    await look(store, company, [provider.lists("a", b"known", subject="known")])
    await look(store, company, [provider.lists("a", b"passing", subject="passing"), provider.lists("a", b"known")])
    assert await subjects(store, company) == {"a": "known"}
    assert provider.read == ["a"]


async def test_an_invoice_that_comes_back_to_the_byte_is_read_again(store: PostgresStore, database_url: str) -> None:
    company, provider = await a_company(store), Provider()
    await look(store, company, [provider.lists("a", b"1")])
    async with store.within(company.scope) as work:
        assert await work.mirror.exacts(Side.RECEIVER, company.connection, ["a", "b"]) == {"a": b"1"}
    async with engine_as(database_url) as administrator, administrator.begin() as connection:
        await connection.execute(sa.update(received_invoices).values(gone_at=NOW))
    await look(store, company, [provider.lists("a", b"1")], now=NOW + timedelta(days=1))
    assert provider.read == ["a", "a"]
    async with store.within(company.scope) as work:
        assert await work.mirror.exacts(Side.RECEIVER, company.connection, ["a"]) == {"a": b"1"}


async def test_the_two_sides_and_two_companies_know_nothing_of_each_other(store: PostgresStore) -> None:
    ours, theirs, provider = await a_company(store), await a_company(store), Provider()
    await look(store, ours, [provider.lists("a", b"1")])
    await look(store, theirs, [provider.lists("a", b"1")])
    await look(store, ours, [provider.lists("a", b"1", stage=IssuedStage.ISSUED)], window=ISSUED)
    assert provider.read == ["a", "a", "a"]


async def test_what_cannot_be_read_fails_the_look_and_what_nobody_described_is_counted_and_not_named(
    store: PostgresStore,
) -> None:
    company, provider = await a_company(store), Provider()

    def broken() -> FetchedInvoice:
        raise Unreadable(provider=company.connection.provider, reason="half an invoice")

    with pytest.raises(Unreadable):
        await look(store, company, [provider.lists("a", b"1"), ListedInvoice("b", b"1", broken)])
    assert await subjects(store, company) == {}

    with capture_logs() as logged:
        await look(store, company, [provider.lists(key, b"1", strangers=2) for key in "ab"])
    [line] = [each for each in logged if each["event"] == "fields nobody described"]
    assert (line["provider"], line["side"], line["count"]) == ("infomart", Side.RECEIVER, 4)
