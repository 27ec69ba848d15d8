"""Companies and invoices for tests that are not about them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import orjson

from connector.domain.access import Partner, Scope, Tenant
from connector.domain.connection import Connection
from connector.domain.fetch import Fetch, Window
from connector.domain.invoice import Counterparty, FetchedInvoice, InvoiceLine, Journal, Posting, Stage
from connector.domain.tax import Bucket, TaxSummary
from connector.ids import PartnerId, ProviderKey, TenantId, new_id
from connector.ports import Store

NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)
PROVIDER = ProviderKey("infomart")
MARCH = Window(first_day=date(2026, 3, 1), last_day=date(2026, 3, 31))


@dataclass(frozen=True, slots=True)
class Company:
    """A partner, and a tenant that accepted it and has a connection."""

    partner: PartnerId
    tenant: TenantId
    connection: Connection

    @property
    def scope(self) -> Scope:
        return Scope.of_tenant(self.tenant)


async def a_company(store: Store, *, accepted: bool = True, name: str = "株式会社湊") -> Company:
    partner = Partner(id=PartnerId(new_id()), name="株式会社サンプルソフト")
    async with store.within(Scope.of_partner(partner.id)) as work:
        await work.directory.add_partner(partner)
    tenant = Tenant(id=TenantId(new_id()), name=name, created_at=NOW)
    async with store.within(Scope.of_tenant(tenant.id)) as work:
        await work.directory.add_tenant(tenant)
        await work.directory.invite(tenant.id, partner.id, NOW)
        if accepted:
            await work.directory.accept(tenant.id, partner.id, NOW)
        connection = await work.connections.prepare(tenant.id, PROVIDER, NOW)
    return Company(partner.id, tenant.id, connection)


async def a_fetch(store: Store, company: Company, window: Window = MARCH) -> Fetch:
    async with store.within(company.scope) as work:
        fetch, _ = await work.fetches.request(company.tenant, company.connection.id, window, NOW)
    return fetch


def an_invoice(key: str = "1001", **told: Any) -> FetchedInvoice:
    """An invoice as the provider tells it; every part below the header is there."""
    answer = told.pop("answer", {"invoice_mng_num": key})
    fields: dict[str, Any] = {
        "number": f"請求-{key}",
        "subject": "三月分",
        "stage": Stage.UNPROCESSED,
        "stage_code": 50,
        "issue_date": date(2026, 3, 31),
        "due_date": date(2026, 4, 30),
        "counterparty": Counterparty(code="C-01", name="株式会社青空", registration_number="T1234567890123"),
        "net": Decimal(1000),
        "tax": Decimal(100),
        "total": Decimal(1100),
        "tax_summary": [TaxSummary(bucket=Bucket.STANDARD_10, net=Decimal(1000), tax=None, gross=Decimal(1100))],
        "lines": [a_line()],
        "raw": orjson.dumps(answer),
        "content": orjson.dumps(answer, option=orjson.OPT_SORT_KEYS),
    }
    return FetchedInvoice(key=key, **{**fields, **told})


def a_line(**told: Any) -> InvoiceLine:
    side = Posting(
        account_code="601",
        account_name="仕入高",
        sub_account_code=None,
        sub_account_name=None,
        department_code="10",
        department_name="本店",
    )
    fields: dict[str, Any] = {
        "position": 1,
        "date": date(2026, 3, 20),
        "slip_number": "S-1",
        "product_code": "P-1",
        "name": "食材",
        "quantity": Decimal("2.5"),
        "unit": "kg",
        "unit_price": Decimal(400),
        "net": Decimal(1000),
        "tax": None,
        "gross": None,
        "tax_rate": None,
        "reduced_rate": None,
        "remarks": "冷蔵",
        "journals": [Journal(slip_date=None, amount=Decimal(1000), summary="三月分仕入", debit=side, credit=side)],
    }
    return InvoiceLine(**{**fields, **told})
