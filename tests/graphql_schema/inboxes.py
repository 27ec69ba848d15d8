"""Tenants with invoices, and what is asked of the inbox they share."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from connector.domain.access import Partner, Tenant
from connector.domain.entitlement import Flag
from connector.domain.invoice import FetchedInvoice, Side
from connector.secret import Secret
from tests.graphql_schema.graph import Company, Graph, tenant_id
from tests.store.companies import an_invoice
from tests.world import GRANTED

INBOX = """
query ($first: Int, $after: String, $filter: ReceivedInvoiceFilter) { viewer {
  receivedInvoices(first: $first, after: $after, filter: $filter) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor tenantName node { id tenantId key } }
} } }
"""
FRESH = "{ viewer { receivedInvoices { completeness { tenants leftOut stale asOf } } } }"


async def a_tenant(
    graph: Graph,
    partner: Partner,
    key: Secret,
    name: str,
    *invoices: FetchedInvoice,
    declared: Mapping[Flag, bool] = GRANTED,
    side: Side = Side.RECEIVER,
) -> Company:
    tenant: Tenant = await graph.joined(partner, name, declared)
    company = Company(partner, key, tenant, await graph.connection_of(tenant.id), tenant_id(tenant.id))
    await graph.mirror(company, invoices, side)
    return company


def on(day: int, name: str, **told: Any) -> FetchedInvoice:
    return an_invoice(f"{name}-{day}", issue_date=date(2026, 3, day), **told)


async def collected(graph: Graph, key: Secret, **variables: object) -> dict[str, Any]:
    told = await graph.ask(INBOX, key, **{"first": 50, **variables})
    assert "errors" not in told, told
    page: dict[str, Any] = told["data"]["viewer"]["receivedInvoices"]
    return page


def keys(page: dict[str, Any]) -> list[str]:
    return [edge["node"]["key"] for edge in page["edges"]]
