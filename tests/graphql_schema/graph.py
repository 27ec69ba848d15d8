"""The graph as partners meet it, over HTTP in this process; companies are written straight into the mirror."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import sqlalchemy as sa
from starlette.applications import Starlette

from connector.asgi import create_app
from connector.bootstrap import Installation, opened
from connector.domain.access import Partner, Permission, Scope, Tenant
from connector.domain.connection import Connection, Standing
from connector.domain.entitlement import Flag
from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice, InvoiceFilter, Side
from connector.ids import ConnectionId, FetchId, InvoiceId, TenantId
from connector.secret import Secret
from connector.settings import read_settings
from connector.store.key_tables import processes
from graphql_schema import identity
from tests.store.companies import an_invoice
from tests.world import GRANTED, INFOMART, MovableClock, environment

NOWHERE = "http://127.0.0.1:1"  # the graph answers from the mirror, so no provider is ever called


@dataclass(frozen=True, slots=True)
class Company:
    """A partner with its key, and a tenant that joined it."""

    partner: Partner
    key: Secret
    tenant: Tenant
    connection: Connection
    graph_id: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A running application, and the installation inside it."""

    app: Starlette
    installation: Installation
    http: httpx2.AsyncClient
    clock: MovableClock
    database_url: str

    async def post(self, body: object, key: Secret | None, **headers: str) -> httpx2.Response:
        """One request as it is, whatever it holds."""
        given = {"authorization": f"Bearer {key.reveal()}"} if key else {}
        if isinstance(body, bytes):
            return await self.http.post("/graphql", content=body, headers={**given, **headers})
        return await self.http.post("/graphql", json=body, headers={**given, **headers})

    async def ask(self, document: str, key: Secret, **variables: object) -> dict[str, Any]:
        """What the graph answers, errors included."""
        answer = await self.post({"query": document, "variables": variables}, key)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def code(self, document: str, key: Secret, **variables: object) -> str:
        """The code of the one error there is."""
        (error,) = (await self.ask(document, key, **variables))["errors"]
        return str(error["extensions"]["code"])

    async def a_partner(self, name: str = "株式会社サンプルソフト") -> tuple[Partner, Secret]:
        partner = await self.installation.flows.enrolling.add_partner(name)
        return partner, await self.a_key(partner)

    async def a_key(self, partner: Partner, *permissions: Permission, name: str = "鍵", **told: Any) -> Secret:
        chosen = list(permissions or Permission)
        return (await self.installation.flows.access.issue(partner.id, name=name, permissions=chosen, **told))[1]

    async def invited(self, partner: Partner, name: str, declared: Mapping[Flag, bool] = GRANTED) -> Tenant:
        enrolling = self.installation.flows.enrolling
        return await enrolling.add_tenant(partner.id, name, provider=INFOMART, declared=declared)

    async def joined(self, partner: Partner, name: str, declared: Mapping[Flag, bool] = GRANTED) -> Tenant:
        """A tenant that accepted the partner and has an active connection."""
        tenant, now = await self.invited(partner, name, declared), self.clock.now()
        async with self.installation.store.within(Scope.of_tenant(tenant.id)) as work:
            await work.directory.accept(tenant.id, partner.id, now)
            connection = await work.connections.prepare(tenant.id, INFOMART, now)
            await work.connections.put(replace(connection, standing=Standing.ACTIVE))
        return tenant

    async def connection_of(self, tenant: TenantId) -> Connection:
        async with self.installation.store.within(Scope.of_tenant(tenant)) as work:
            return (await work.connections.of_tenants([tenant]))[tenant][0]

    async def a_company(
        self,
        invoices: Sequence[FetchedInvoice] = (),
        *,
        name: str = "株式会社湊",
        declared: Mapping[Flag, bool] = GRANTED,
        side: Side = Side.RECEIVER,
    ) -> Company:
        partner, key = await self.a_partner()
        tenant = await self.joined(partner, name, declared)
        company = Company(partner, key, tenant, await self.connection_of(tenant.id), tenant_id(tenant.id))
        await self.mirror(company, invoices, side)
        return company

    async def mirror(
        self, company: Company, invoices: Sequence[FetchedInvoice], side: Side = Side.RECEIVER
    ) -> list[str]:
        """Writes invoices as a fetch would; the graph's ids of all there are of that side, newest first."""
        now = self.clock.now()
        window = Window.recent(now.date(), side)
        async with self.installation.store.within(Scope.of_tenant(company.tenant.id)) as work:
            await work.mirror.put(company.connection, invoices, now, window=window)
            page = await work.mirror.invoices(side, company.tenant.id, InvoiceFilter(), first=100, after=None)
        return [invoice_id(company.tenant.id, each.id, side) for each in page.items]


def tenant_id(tenant: TenantId) -> str:
    return identity.write(identity.TENANT, tenant)


def connection_id(tenant: TenantId, connection: ConnectionId) -> str:
    return identity.write(identity.CONNECTION, tenant, connection)


def invoice_id(tenant: TenantId, invoice: InvoiceId, side: Side = Side.RECEIVER) -> str:
    kind = identity.RECEIVED_INVOICE if side is Side.RECEIVER else identity.ISSUED_INVOICE
    return identity.write(kind, tenant, invoice)


def fetch_id(tenant: TenantId, fetch: FetchId) -> str:
    return identity.write(identity.FETCH, tenant, fetch)


def many_invoices(count: int, **told: Any) -> list[FetchedInvoice]:
    """Invoices of different days, so that their order is certain."""
    return [
        an_invoice(f"{number:04}", issue_date=date.fromordinal(date(2026, 1, 1).toordinal() + number), **told)
        for number in range(count)
    ]


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that any engine of this process sends meanwhile."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def of_the_request(sent: list[str]) -> list[str]:
    """The questions among them, without their scopes and without this process's own beats, which come at any moment."""
    return [each for each in sent if "set_config" not in each and processes.name not in each]


@asynccontextmanager
async def graph_in(database_url: str, redis_url: str, kek: Path, *, mode: str = "dev") -> AsyncIterator[Graph]:
    """The real application over an in-process transport."""
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        public_url = "http://127.0.0.1" if mode == "dev" else "https://connector.example"
        told = environment(database_url, redis_url, kek, public_url=public_url, provider_url=NOWHERE)
        told |= {"CONNECTOR_MODE": mode, "CONNECTOR_ALLOW_LOCAL_KEK": "true"}
        app = create_app(await stack.enter_async_context(opened(read_settings(told), clock=clock)))
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        http = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=public_url))
        yield Graph(app, app.state.installation, http, clock, database_url)
