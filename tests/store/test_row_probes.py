"""Every table is tried as role app, from every scope one company has, at another company's row."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from connector.domain.access import Scope
from connector.store.tables import metadata
from tests.conftest import Cluster
from tests.store.databases import become, copied, engine_as
from tests.store.rows import OF_NOBODY, Row, a_row, a_row_everywhere, keep, key_of

# The installation's own: its keys, its processes, how the providers are; they say nothing about anybody.
NOBODY = Scope(partner_id=None, tenant_id=None)
GUARDED = [table for table in metadata.sorted_tables if table.name not in OF_NOBODY]
NAMES = [table.name for table in GUARDED]


@dataclass(frozen=True, slots=True)
class TwoCompanies:
    """A row of each table for two partners with one tenant each, that have nothing to do with each other."""

    engine: AsyncEngine
    ours: dict[str, Row]
    theirs: dict[str, Row]

    def our_scopes(self) -> list[Scope]:
        """Everything a credential of ours can become, a foreign id in the request included."""
        partner, tenant = self.ours["partners"]["id"], self.ours["tenants"]["id"]
        return [
            NOBODY,
            Scope.of_partner(partner),
            Scope.of_partner(partner).narrowed(tenant),
            Scope.of_partner(partner).narrowed(self.theirs["tenants"]["id"]),
            Scope.of_tenant(tenant),
        ]


def their_scopes(table: sa.Table, row: Row) -> list[Scope]:
    """Those to whom a row belongs."""
    partner = row.get("partner_id") or (row["id"] if table.name == "partners" else None)
    tenant = row.get("tenant_id") or (row["id"] if table.name == "tenants" else None)
    return [Scope(partner, None), Scope(None, tenant), Scope(partner, tenant)]


@pytest.fixture(scope="module")
def both_url(cluster: Cluster) -> Iterator[str]:
    with copied(cluster) as url:
        yield url


@pytest.fixture(scope="module")
async def companies(both_url: str) -> AsyncIterator[TwoCompanies]:
    never_withdrawn = {"acceptances": {"withdrawn_at": None}}
    ours, theirs = a_row_everywhere("ours", never_withdrawn), a_row_everywhere("theirs", never_withdrawn)
    async with engine_as(both_url) as engine:
        async with engine.begin() as connection:
            await keep(connection, ours)
            await keep(connection, theirs)
        yield TwoCompanies(engine, ours, theirs)


async def outcome(connection: AsyncConnection, scope: Scope, statement: sa.Executable) -> int | str:
    """How many rows it touched as role app, or how PostgreSQL refused; nothing stays."""
    async with connection.begin_nested() as attempt:
        try:
            await become(connection, "app", scope)
            result = await connection.execute(statement)
            touched: int | str = len(result.all()) if result.returns_rows else result.rowcount
        except DBAPIError as refusal:
            touched = str(refusal.orig).rpartition(": ")[2].split(" for ")[0]
        await attempt.rollback()
    return touched


async def outcomes(
    companies: TwoCompanies, scopes: list[Scope], statement: sa.Executable, *before: sa.Executable
) -> list[int | str]:
    """One outcome a scope, with foreign keys out of the way: only policies and rights may refuse."""
    async with companies.engine.connect() as connection:
        await connection.execute(sa.text("set local session_replication_role = replica"))
        for each in before:
            await connection.execute(each)
        found = [await outcome(connection, scope, statement) for scope in scopes]
        await connection.rollback()
    return found


# A certificate forbids its tenant a new key for ever, so it must be away before one is added.
FORBIDDEN_BY = {"data_keys": metadata.tables["certificates"]}
DELETED_WITH_A_CERTIFICATE = {"data_keys", "received_invoices"}

NEW_ROW_REFUSED = "new row violates row-level security policy"
NOT_GRANTED = "permission denied"


@pytest.mark.parametrize("table", GUARDED, ids=NAMES)
async def test_no_scope_of_ours_reads_their_row_and_theirs_does(companies: TwoCompanies, table: sa.Table) -> None:
    row = companies.theirs[table.name]
    wanted = sa.select(table).where(key_of(table, row))

    assert await outcomes(companies, companies.our_scopes(), wanted) == [0, 0, 0, 0, 0]
    assert 1 in await outcomes(companies, their_scopes(table, row), wanted)


@pytest.mark.parametrize("table", GUARDED, ids=NAMES)
async def test_no_scope_of_ours_writes_a_row_of_theirs_and_theirs_does(
    companies: TwoCompanies, table: sa.Table
) -> None:
    row = companies.theirs[table.name]
    gone = sa.delete(table).where(key_of(table, row))
    added = sa.insert(table).values(row)
    before = [gone, *[sa.delete(FORBIDDEN_BY[name]) for name in [table.name] if name in FORBIDDEN_BY]]

    assert set(await outcomes(companies, companies.our_scopes(), added, *before)) == {NEW_ROW_REFUSED}
    assert 1 in await outcomes(companies, their_scopes(table, row), added, *before)


@pytest.mark.parametrize("table", GUARDED, ids=NAMES)
async def test_no_scope_of_ours_changes_a_row_of_theirs_or_hands_them_one_of_ours(
    companies: TwoCompanies, table: sa.Table
) -> None:
    row, own = companies.theirs[table.name], companies.ours[table.name]
    column = next(each for each in table.columns if not each.primary_key and each.computed is None)
    changed = sa.update(table).where(key_of(table, row)).values({column.name: row[column.name]})
    owner = next(name for name in ("tenant_id", "partner_id", "id") if name in row)
    handed_over = sa.update(table).where(key_of(table, own)).values({owner: row[owner]})

    changes = await outcomes(companies, companies.our_scopes(), changed)
    assert set(changes) in ({0}, {NOT_GRANTED})
    assert set(await outcomes(companies, companies.our_scopes(), handed_over)) <= {0, NEW_ROW_REFUSED, NOT_GRANTED}
    if set(changes) != {NOT_GRANTED}:
        assert 1 in await outcomes(companies, their_scopes(table, row), changed)


@pytest.mark.parametrize("table", GUARDED, ids=NAMES)
async def test_without_a_scope_no_table_shows_a_row(companies: TwoCompanies, table: sa.Table) -> None:
    assert await outcomes(companies, [NOBODY], sa.select(table)) == [0]
    assert len(await _all(companies, table)) == 2


async def test_only_what_is_the_installations_own_belongs_to_nobody() -> None:
    assert {table.name for table in metadata.tables.values()} - set(NAMES) == OF_NOBODY


@pytest.mark.parametrize("action", ["delete from {}", "truncate {}", "alter table {} no force row level security"])
@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
async def test_nothing_is_ever_deleted_emptied_or_laid_open_by_the_product(
    companies: TwoCompanies, table: sa.Table, action: str
) -> None:
    uncertified = sa.delete(metadata.tables["certificates"])
    scopes = [NOBODY, Scope.of_tenant(companies.ours["tenants"]["id"])]
    refusals = await outcomes(companies, scopes, sa.text(action.format(table.name)), uncertified)

    if action.startswith("delete") and table.name in DELETED_WITH_A_CERTIFICATE:
        assert refusals == [0, 0]
    else:
        refusal = "must be owner of table " + table.name if action.startswith("alter") else NOT_GRANTED
        assert refusals == [refusal, refusal]


@pytest.mark.parametrize("name", sorted(DELETED_WITH_A_CERTIFICATE))
async def test_a_certificate_lets_its_own_tenants_rows_go_and_nobody_elses(companies: TwoCompanies, name: str) -> None:
    scopes = [NOBODY, *(Scope.of_tenant(each["tenants"]["id"]) for each in (companies.ours, companies.theirs))]
    theirs = sa.delete(metadata.tables["certificates"]).where(
        metadata.tables["certificates"].c.tenant_id == companies.theirs["tenants"]["id"]
    )

    assert await outcomes(companies, scopes, sa.delete(metadata.tables[name]), theirs) == [0, 1, 0]


async def test_a_certificate_that_kept_the_invoices_lets_none_of_them_go(companies: TwoCompanies) -> None:
    kept = sa.update(metadata.tables["certificates"]).values(without_invoices=False)
    scopes = [Scope.of_tenant(companies.ours["tenants"]["id"])]

    assert await outcomes(companies, scopes, sa.text("delete from received_invoices"), kept) == [0]
    assert await outcomes(companies, scopes, sa.text("delete from data_keys"), kept) == [1]


TO_OTHERS = [
    (table, key)
    for table in GUARDED
    for key in sorted(table.foreign_key_constraints, key=lambda key: key.referred_table.name)
    if "tenant_id" in table.columns and len(key.columns) > 1
]


@pytest.mark.parametrize(
    ("table", "key"), TO_OTHERS, ids=[f"{table.name} to {key.referred_table.name}" for table, key in TO_OTHERS]
)
async def test_a_row_cannot_refer_to_a_row_of_another_tenant(
    companies: TwoCompanies, table: sa.Table, key: sa.ForeignKeyConstraint
) -> None:
    """Even the administrator, whom no policy binds, is refused: the keys themselves cannot leave their tenant."""
    row = a_row(table, companies.ours, "probe")
    for element in key.elements:
        if element.parent.name != "tenant_id":
            row[element.parent.name] = companies.theirs[element.column.table.name][element.column.name]

    async with companies.engine.connect() as connection:
        with pytest.raises(DBAPIError, match="violates foreign key constraint"):
            await connection.execute(sa.insert(table).values(row))


async def _all(companies: TwoCompanies, table: sa.Table) -> list[object]:
    async with companies.engine.connect() as connection:
        return list((await connection.execute(sa.select(*table.primary_key.columns))).all())
