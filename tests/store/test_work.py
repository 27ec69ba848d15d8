"""`within` is a transaction and a scope at once; nothing of either outlives its block."""

import asyncio
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope
from connector.domain.invoice import InvoiceFilter, Side
from connector.domain.sealing import WrappedKey
from connector.errors import Misconfigured, Unavailable
from connector.ids import DataKeyId, new_id
from connector.store.custody import PostgresCustody
from connector.store.engines import check_roles, open_engine
from connector.store.shelf import PostgresShelf
from connector.store.tables import tenants
from connector.store.work import PostgresStore, confined
from tests.conftest import Cluster, administer
from tests.store.companies import NOW, a_company, an_invoice
from tests.store.databases import a_login, engine_as, store_in

NOBODY = Scope(partner_id=None, tenant_id=None)


async def test_a_block_that_raises_leaves_nothing_behind(store: PostgresStore) -> None:
    company = await a_company(store)

    class ChangedMindError(Exception):
        pass

    async def change_ones_mind() -> None:
        async with store.within(company.scope) as work:
            await work.mirror.put(company.connection, [an_invoice()], NOW)
            assert await work.mirror.count(Side.RECEIVER, company.tenant, InvoiceFilter()) == 1
            raise ChangedMindError

    with pytest.raises(ChangedMindError):
        await change_ones_mind()

    async with store.within(company.scope) as work:
        assert await work.mirror.count(Side.RECEIVER, company.tenant, InvoiceFilter()) == 0


@pytest.mark.parametrize("ending", ["in peace", "in an error", "in a broken statement", "cancelled"])
@pytest.mark.parametrize("whose", ["the tenant's", "the partner's", "both"])
async def test_a_scope_ends_with_its_block_on_a_connection_that_is_used_again(
    shared_database_url: str, whose: str, ending: str
) -> None:
    """One pooled connection serves everybody here, and the next to have it sees nothing of the last."""
    engine = open_engine(shared_database_url, "app", size=1)
    async with store_in(shared_database_url) as store:
        company = await a_company(store)
    partners = Scope.of_partner(company.partner)
    scope = {"the tenant's": company.scope, "the partner's": partners, "both": partners.narrowed(company.tenant)}[whose]

    async def work() -> None:
        async with confined(engine, scope) as connection:
            assert len((await connection.execute(sa.select(tenants))).all()) == 1
            if ending == "in an error":
                raise RuntimeError(ending)
            if ending == "in a broken statement":
                await connection.execute(sa.text("select 1 / 0"))
            if ending == "cancelled":
                await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    if ending == "cancelled":
        task.cancel()
    await asyncio.wait([task])
    assert (task.cancelled() or task.exception() is not None) is (ending != "in peace")

    async with engine.begin() as connection:
        assert (await connection.execute(sa.select(tenants))).all() == []
    async with confined(engine, NOBODY) as connection:
        assert (await connection.execute(sa.select(tenants))).all() == []
    await engine.dispose()


async def test_many_scopes_over_few_connections_each_see_their_own_and_nothing_else(
    shared_database_url: str,
) -> None:
    async with store_in(shared_database_url, size=3) as store:
        companies = [await a_company(store) for _ in range(10)]

        async def look(turn: int) -> bool:
            company = companies[turn % len(companies)]
            async with store.within(company.scope) as work:
                found = await work.connections.of_tenants([each.tenant for each in companies])
            return found == {company.tenant: [company.connection]}

        assert all(await asyncio.gather(*[look(turn) for turn in range(300)]))


async def test_a_database_that_cannot_be_reached_is_said_to_be_unavailable(shared_database_url: str) -> None:
    async with store_in("postgresql://nobody@127.0.0.1:1/nothing") as store:
        with pytest.raises(Unavailable):
            async with store.within(NOBODY):
                pass
        assert not await store.reachable()
    async with store_in(shared_database_url) as store:
        assert await store.reachable()


async def test_a_connection_cut_in_the_middle_is_unavailable_and_the_next_one_works(
    shared_database_url: str, administrator: AsyncEngine
) -> None:
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where state = 'idle in transaction'"
    async with store_in(shared_database_url, size=1) as store:
        company = await a_company(store)

        async def be_cut() -> None:
            async with store.within(company.scope) as work:
                async with administrator.begin() as connection:
                    await connection.execute(sa.text(cut + " and datname = current_database()"))
                await work.directory.tenant(company.tenant)

        with pytest.raises(Unavailable):
            await be_cut()
        async with store.within(company.scope) as work:
            assert await work.directory.tenant(company.tenant) is not None


async def test_a_mistake_of_ours_is_not_passed_off_as_an_outage(shared_database_url: str) -> None:
    async with engine_as(shared_database_url, "app") as engine:
        with pytest.raises(DBAPIError, match="division by zero"):
            async with confined(engine, NOBODY) as connection:
                await connection.execute(sa.text("select 1 / 0"))


@pytest.mark.parametrize(("options", "bound"), [("superuser", False), ("bypassrls", False), ("", True)])
async def test_a_login_that_steps_around_policies_is_refused_at_start(
    shared_database_url: str, cluster: Cluster, options: str, *, bound: bool
) -> None:
    with a_login(shared_database_url, options) as (name, address):
        await asyncio.to_thread(administer, cluster.database_url, f"grant app to {name}")
        async with engine_as(address, "app") as engine:
            if bound:
                await check_roles(engine)
            else:
                with pytest.raises(Misconfigured, match="bypasses row policies"):
                    await check_roles(engine)


async def test_an_address_that_is_none_is_refused_without_being_repeated() -> None:
    with pytest.raises(Misconfigured) as refusal:
        open_engine("hunter2-is-no-url", "app")

    assert refusal.value.problems == ["the database address for role app is not a URL"]


async def test_the_first_key_of_a_tenant_stands_and_no_other_tenant_can_fetch_it(shared_database_url: str) -> None:
    async with store_in(shared_database_url) as store, engine_as(shared_database_url, "app") as engine:
        company, other = await a_company(store), await a_company(store)
        shelf = PostgresShelf(engine)
        await PostgresCustody(engine, engine).enrol("kek", b"canary")
        keys = [(DataKeyId(new_id()), WrappedKey(kek_id="kek", blob=bytes([number]))) for number in range(5)]
        assert await shelf.primary_key(company.tenant) is None

        await asyncio.gather(*[shelf.keep_primary(company.tenant, key, wrapped) for key, wrapped in keys])

        standing = await shelf.primary_key(company.tenant)
        assert standing in keys
        assert standing is not None
        assert await shelf.data_key(company.tenant, standing[0]) == standing[1]
        assert await shelf.primary_key(other.tenant) is None
        assert await shelf.data_key(other.tenant, standing[0]) is None


async def test_nothing_is_wrapped_by_a_key_that_nobody_knows(shared_database_url: str) -> None:
    async with store_in(shared_database_url) as store, engine_as(shared_database_url, "app") as engine:
        ours, theirs = (await a_company(store)).tenant, (await a_company(store)).tenant
        shelf = PostgresShelf(engine)
        await PostgresCustody(engine, engine).enrol("kek", b"canary")
        key, known, stranger = DataKeyId(new_id()), WrappedKey("kek", b"known"), WrappedKey("stranger", b"strange")
        assert await shelf.keep_primary(ours, key, known)

        assert not await shelf.keep_primary(theirs, DataKeyId(new_id()), stranger)
        assert not await shelf.put_back(ours, DataKeyId(new_id()), stranger)
        assert not await shelf.rewrap(ours, key, known, stranger)
        assert await shelf.primary_key(ours) == (key, known)


async def test_the_first_installation_key_of_a_name_stands(shared_database_url: str) -> None:
    async with engine_as(shared_database_url, "app") as engine:
        shelf = PostgresShelf(engine)
        name = uuid4().hex
        assert await shelf.installation_key(name) is None
        first = WrappedKey(kek_id="kek", blob=b"first")

        await shelf.keep_installation_key(name, first)
        await shelf.keep_installation_key(name, WrappedKey(kek_id="kek", blob=b"second"))

        assert await shelf.installation_key(name) == first
