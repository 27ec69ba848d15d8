"""A partner acts for a tenant only from that tenant's own consent until it is withdrawn."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from connector.domain.access import Scope
from connector.ids import PartnerId, TenantId
from connector.store.tables import acceptances, api_keys, metadata, partners, tenants
from connector.store.work import confined
from tests.conftest import Cluster
from tests.store.databases import copied, engine_as
from tests.store.rows import MOMENT, OF_NOBODY, Row, a_row, a_row_everywhere, keep

ITS_OWN_BUSINESS = [
    "connections",
    "entitlements",
    "fetches",
    "fetched_pages",
    "issued_invoices",
    "observations",
    "receipts",
    "received_invoices",
]
SEALED_AWAY = ["grants", "renewal_outcomes", "consent_attempts", "data_keys"]


@dataclass(frozen=True, slots=True)
class Company:
    """A partner, and a tenant of which every table holds a row."""

    app: AsyncEngine
    administrator: AsyncEngine
    rows: dict[str, Row]

    @property
    def partner(self) -> PartnerId:
        return PartnerId(self.rows["partners"]["id"])

    @property
    def tenant(self) -> TenantId:
        return TenantId(self.rows["tenants"]["id"])

    async def seen(self, scope: Scope) -> dict[str, int]:
        """How many rows of each table the scope shows, tables without any left out."""
        counted = {}
        async with confined(self.app, scope) as connection:
            for table in metadata.sorted_tables:
                if table.name not in OF_NOBODY:
                    count = sa.select(sa.func.count()).select_from(table)
                    counted[table.name] = (await connection.execute(count)).scalar_one()
        return {name: rows for name, rows in counted.items() if rows}

    async def acceptance(self) -> tuple[object, object]:
        async with self.administrator.connect() as connection:
            statement = sa.select(acceptances.c.accepted_at, acceptances.c.withdrawn_at).where(
                acceptances.c.partner_id == self.partner
            )
            row = (await connection.execute(statement)).one()
        return row.accepted_at, row.withdrawn_at


@pytest.fixture(scope="module")
def company_url(cluster: Cluster) -> Iterator[str]:
    with copied(cluster) as url:
        yield url


@pytest.fixture(scope="module")
async def engines(company_url: str) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    async with engine_as(company_url, "app") as app, engine_as(company_url) as administrator:
        yield app, administrator


async def a_company(engines: tuple[AsyncEngine, AsyncEngine], **acceptance: object) -> Company:
    app, administrator = engines
    rows = a_row_everywhere(uuid4().hex, {"acceptances": acceptance})
    async with administrator.begin() as connection:
        await keep(connection, rows)
    return Company(app, administrator, rows)


async def test_a_partner_that_was_accepted_sees_the_tenants_business_and_none_of_its_secrets(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company = await a_company(engines, accepted_at=MOMENT, withdrawn_at=None)

    seen = await company.seen(Scope.of_partner(company.partner))

    assert seen == dict.fromkeys(
        [*ITS_OWN_BUSINESS, "partners", "tenants", "acceptances", "api_keys", "onboarding_links"], 1
    )
    assert set(await company.seen(Scope.of_tenant(company.tenant))) >= {*ITS_OWN_BUSINESS, *SEALED_AWAY}


async def test_a_partner_that_was_only_invited_sees_the_tenants_name_and_its_own_link_and_no_business(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company = await a_company(engines, accepted_at=None, withdrawn_at=None)

    for scope in (Scope.of_partner(company.partner), Scope.of_partner(company.partner).narrowed(company.tenant)):
        assert await company.seen(scope) == dict.fromkeys(
            ["partners", "tenants", "acceptances", "api_keys", "onboarding_links"], 1
        )


async def test_a_partner_whose_acceptance_was_withdrawn_sees_nothing_of_the_tenant(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company = await a_company(engines, accepted_at=MOMENT, withdrawn_at=MOMENT)

    for scope in (Scope.of_partner(company.partner), Scope.of_partner(company.partner).narrowed(company.tenant)):
        assert await company.seen(scope) == dict.fromkeys(["partners", "acceptances", "api_keys"], 1)


@pytest.mark.parametrize("narrowed", [False, True], ids=["for all its tenants", "for this tenant"])
async def test_a_partner_cannot_accept_itself_or_take_a_withdrawal_back(
    engines: tuple[AsyncEngine, AsyncEngine], *, narrowed: bool
) -> None:
    company = await a_company(engines, accepted_at=None, withdrawn_at=MOMENT)
    scope = Scope.of_partner(company.partner)

    for change in ({"accepted_at": MOMENT}, {"withdrawn_at": None}):
        with pytest.raises(DBAPIError, match="violates row-level security policy"):
            async with confined(company.app, scope.narrowed(company.tenant) if narrowed else scope) as connection:
                await connection.execute(sa.update(acceptances).values(**change))

    assert await company.acceptance() == (None, MOMENT)


async def test_a_partner_cannot_write_itself_an_acceptance_of_a_tenant_it_was_never_shown(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company, stranger = await a_company(engines), await a_company(engines)
    row = {
        "tenant_id": stranger.tenant,
        "partner_id": company.partner,
        "invited_at": MOMENT,
        "accepted_at": MOMENT,
        "withdrawn_at": None,
    }

    for scope in (Scope.of_partner(company.partner), Scope.of_partner(company.partner).narrowed(stranger.tenant)):
        with pytest.raises(DBAPIError, match="violates row-level security policy"):
            async with confined(company.app, scope) as connection:
                await connection.execute(sa.insert(acceptances).values(row))

    assert "connections" in await stranger.seen(Scope.of_tenant(stranger.tenant))
    assert (await company.acceptance())[0] == MOMENT


async def test_a_tenant_accepts_a_partner_and_sees_who_it_is(engines: tuple[AsyncEngine, AsyncEngine]) -> None:
    company = await a_company(engines, accepted_at=None, withdrawn_at=None)

    async with confined(company.app, Scope.of_tenant(company.tenant)) as connection:
        await connection.execute(sa.update(acceptances).values(accepted_at=MOMENT))
        names = (await connection.execute(sa.select(partners.c.name))).scalars().all()

    assert names == [company.rows["partners"]["name"]]
    assert await company.acceptance() == (MOMENT, None)


async def test_a_scope_of_one_tenant_sees_no_key_for_the_partners_other_tenants(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company = await a_company(engines, accepted_at=MOMENT, withdrawn_at=None)
    other: UUID = uuid4()
    accepted = {"tenant_id": other, "partner_id": company.partner, "withdrawn_at": None}
    async with company.administrator.begin() as connection:
        await connection.execute(sa.insert(tenants).values(id=other, name="もう一社", created_at=MOMENT))
        await connection.execute(sa.insert(acceptances).values(a_row(acceptances, company.rows, "x", accepted)))
        await connection.execute(
            sa.insert(api_keys).values(a_row(api_keys, company.rows, "x", {"id": "all", "tenant_id": None}))
        )
        await connection.execute(
            sa.insert(api_keys).values(a_row(api_keys, company.rows, "x", {"id": "other", "tenant_id": other}))
        )

    wide = Scope.of_partner(company.partner)
    assert (await company.seen(wide))["api_keys"] == 3
    assert (await company.seen(wide.narrowed(company.tenant)))["api_keys"] == 1


async def test_a_partner_cannot_make_a_key_for_a_tenant_that_never_let_it_in(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    company, stranger = await a_company(engines), await a_company(engines)
    key = a_row(api_keys, company.rows, "x", {"tenant_id": stranger.tenant})

    with pytest.raises(DBAPIError, match="violates row-level security policy"):
        async with confined(company.app, Scope.of_partner(company.partner)) as connection:
            await connection.execute(sa.insert(api_keys).values(key))
