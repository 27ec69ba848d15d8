"""The mirror holds each invoice once, as the provider last told it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.invoice import FetchedInvoice, Invoice, InvoiceFilter, Side, Stage
from connector.ids import InvoiceId
from connector.store.tables import received_invoices
from connector.store.work import PostgresStore
from tests.store.companies import NOW, Company, a_company, a_line, an_invoice

LATER = NOW + timedelta(hours=6)


async def put(
    store: PostgresStore, company: Company, invoices: Sequence[FetchedInvoice], now: Any = NOW
) -> dict[str, Invoice]:
    """What the mirror holds after one page, by the provider's key."""
    async with store.within(company.scope) as work:
        await work.mirror.put(company.connection, invoices, now)
        held = await work.mirror.invoices(Side.RECEIVER, company.tenant, InvoiceFilter(), first=100, after=None)
    return {invoice.key: invoice for invoice in held.items}


async def versions(administrator: AsyncEngine, company: Company) -> dict[str, str]:
    """Which version of each row stands in the table; any write at all makes another."""
    of = received_invoices.c
    async with administrator.connect() as connection:
        statement = sa.select(of.key, sa.text("xmin::text || ' ' || ctid::text as version")).where(
            of.tenant_id == company.tenant
        )
        return {row.key: row.version for row in await connection.execute(statement)}


async def test_an_invoice_comes_back_exactly_as_it_was_told(store: PostgresStore) -> None:
    company, told = await a_company(store), an_invoice()

    held = (await put(store, company, [told]))["1001"]

    shared = set(FetchedInvoice.__dataclass_fields__) - {"raw", "day", "exact", "content", "strangers"}
    assert {name: getattr(held, name) for name in shared} == {name: getattr(told, name) for name in shared}
    assert (held.tenant_id, held.connection_id, held.provider) == (company.tenant, company.connection.id, "infomart")
    assert (held.currency, held.first_seen_at, held.changed_at) == ("JPY", NOW, NOW)


async def test_a_figure_the_issuer_left_empty_stays_empty_and_nought_stays_nought(store: PostgresStore) -> None:
    company = await a_company(store)
    empty = an_invoice("empty", net=None, tax=None, total=None, lines=[a_line(net=None)], issue_date=None)
    nought = an_invoice("nought", net=0, tax=0, total=0, lines=[a_line(net=0)])

    held = await put(store, company, [empty, nought])

    assert [held["empty"].net, held["empty"].tax, held["empty"].total, held["empty"].lines[0].net] == [None] * 4
    assert [held["nought"].net, held["nought"].tax, held["nought"].total, held["nought"].lines[0].net] == [0] * 4
    assert held["empty"].issue_date is None


async def test_reading_the_same_page_again_writes_no_row(store: PostgresStore, administrator: AsyncEngine) -> None:
    company, page = await a_company(store), [an_invoice(str(number)) for number in range(20)]
    first = await put(store, company, page)
    before = await versions(administrator, company)

    assert await put(store, company, page, LATER) == first
    assert await versions(administrator, company) == before


async def test_only_the_invoice_that_changed_is_written_and_it_keeps_its_id_and_its_first_sight(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company, page = await a_company(store), [an_invoice(str(number)) for number in range(5)]
    first = await put(store, company, page)
    before = await versions(administrator, company)

    page[2] = replace(page[2], stage=Stage.PROCESSED, stage_code=71)
    after = await put(store, company, page, LATER)

    written = {key for key, version in (await versions(administrator, company)).items() if version != before[key]}
    assert written == {"2"}
    assert after["2"] == replace(first["2"], stage=Stage.PROCESSED, stage_code=71, changed_at=LATER)


async def test_the_same_answer_with_its_fields_in_another_order_is_no_change(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company = await a_company(store)
    await put(store, company, [an_invoice(answer={"a": 1, "b": {"c": 2, "d": 3}})])
    before = await versions(administrator, company)

    await put(store, company, [an_invoice(answer={"b": {"d": 3, "c": 2}, "a": 1})], LATER)

    assert await versions(administrator, company) == before


async def test_a_field_the_graph_does_not_name_is_a_change_all_the_same(store: PostgresStore) -> None:
    company = await a_company(store)
    before = await put(store, company, [an_invoice(answer={"a": 1})])

    after = await put(store, company, [an_invoice(answer={"a": 1, "new": "項目"})], LATER)

    assert after["1001"] == replace(before["1001"], changed_at=LATER)
    async with store.within(company.scope) as work:
        assert await work.mirror.raws(Side.RECEIVER, [after["1001"].id]) == {
            after["1001"].id: '{"a":1,"new":"項目"}'.encode()
        }


async def test_of_an_invoice_listed_twice_on_one_page_the_later_telling_stands(store: PostgresStore) -> None:
    company = await a_company(store)

    held = await put(store, company, [an_invoice(subject="初め"), an_invoice("1002"), an_invoice(subject="後")])

    assert {key: invoice.subject for key, invoice in held.items()} == {"1001": "後", "1002": "三月分"}


async def test_an_empty_page_changes_nothing(store: PostgresStore) -> None:
    assert await put(store, await a_company(store), []) == {}


async def test_two_tenants_hold_the_same_key_apart(store: PostgresStore) -> None:
    ours, theirs = await a_company(store), await a_company(store)
    held = await put(store, ours, [an_invoice(subject="ours")])
    other = await put(store, theirs, [an_invoice(subject="theirs")])

    assert held["1001"].id != other["1001"].id
    assert (await put(store, ours, []))["1001"].subject == "ours"
    async with store.within(ours.scope) as work:
        assert await work.mirror.invoice(Side.RECEIVER, theirs.tenant, other["1001"].id) is None
        assert await work.mirror.raws(Side.RECEIVER, [other["1001"].id, held["1001"].id, InvoiceId(ours.tenant)]) == {
            held["1001"].id: b'{"invoice_mng_num":"1001"}'
        }
        assert await work.mirror.count(Side.RECEIVER, theirs.tenant, InvoiceFilter()) == 0


async def test_an_invoice_keeps_its_id_when_the_mirror_is_emptied_and_filled_again(
    store: PostgresStore, administrator: AsyncEngine
) -> None:
    company = await a_company(store)
    before = await put(store, company, [an_invoice()])
    async with administrator.begin() as connection:
        await connection.execute(sa.delete(received_invoices).where(received_invoices.c.tenant_id == company.tenant))

    assert (await put(store, company, [an_invoice()]))["1001"].id == before["1001"].id


@pytest.mark.parametrize(
    "text", ["' ; drop table tenants; --", "{}", '{"a"', "\\", "\u202ertl", "👨‍👩‍👧", ",", "NULL", '"']
)
async def test_no_text_on_an_invoice_is_ever_taken_for_anything_but_text(store: PostgresStore, text: str) -> None:
    company = await a_company(store)
    told = an_invoice(f"k{text}", number=text, subject=text, lines=[a_line(name=text)], answer={text: text})

    held = (await put(store, company, [told, an_invoice()]))[f"k{text}"]

    assert (held.number, held.subject, held.lines[0].name) == (text, text, text)


async def test_two_readers_of_one_tenant_never_wait_for_each_other_in_a_ring(store: PostgresStore) -> None:
    """The same invoices in opposite orders, in both transactions at once, would be a deadlock."""
    company = await a_company(store)
    page = [an_invoice(f"{number:03}") for number in range(200)]
    await put(store, company, page)

    async def reread(subject: str, *, backwards: bool) -> None:
        told = [replace(invoice, subject=subject) for invoice in page]
        await put(store, company, told[::-1] if backwards else told, LATER)

    await asyncio.gather(*[reread(str(number), backwards=number % 2 == 1) for number in range(8)])

    subjects = {invoice.subject for invoice in (await put(store, company, [])).values()}
    assert len(subjects) == 1
