"""An installation under test: the real application over HTTP, a twin, and the people who use them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.types import ASGIApp

from connector.asgi import create_app
from connector.bootstrap import Flows, opened
from connector.dev.visitor import Page, join
from connector.domain.access import Partner, Permission, Scope, Tenant
from connector.domain.entitlement import Flag
from connector.domain.fetch import Fetch
from connector.ids import ProviderKey, TenantId
from connector.secret import Secret
from connector.settings import Settings, read_settings
from connector.twins.infomart.app import create_twin
from connector.twins.infomart.clients import Client
from connector.twins.infomart.clock import Clock as TwinClock
from connector.twins.infomart.joining import join as brought_in
from connector.twins.infomart.line import CuttableProtocol
from connector.twins.infomart.world import World as TwinWorld
from graphql_schema import identity

INFOMART = ProviderKey("infomart")
CLIENT_ID = "test-client"
CLIENT_SECRET = "test-client-secret"
GRANTED = {Flag.RECEIVER_PAID_MEMBER: True, Flag.ISSUER_PAID_MEMBER: False, Flag.API_OPTION: True}
ON_BOTH_SIDES = {**GRANTED, Flag.ISSUER_PAID_MEMBER: True}


class MovableClock:
    """A clock that a test may push forward; otherwise it runs as usual."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@asynccontextmanager
async def served(app: ASGIApp, port: int = 0, *, speaking: type[asyncio.Protocol] | None = None) -> AsyncIterator[str]:
    """The application on a real socket of 127.0.0.1; its address."""
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        log_config=None,
        access_log=False,
        lifespan="on",
        http=speaking or "auto",
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        if running.done():
            running.result()
        await asyncio.sleep(0.005)
    try:
        number: int = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{number}"
    finally:
        server.should_exit = True
        await running


@dataclass(frozen=True, slots=True)
class TwinServer:
    """A twin on a socket, its world within reach."""

    url: str
    world: TwinWorld

    def ledger(self, *events: str) -> list[Mapping[str, Any]]:
        """What the provider remembers, which is what really happened."""
        told: list[Mapping[str, Any]] = [json.loads(json.dumps(each)) for each in self.world.ledger.after(0)]
        return [each for each in told if each["event"] in events]

    def add_member(self, pfid: str, *, invoices: int, **flags: object) -> None:
        """A company at the provider; its password is its id."""
        company = {"pfid": pfid, "name": f"株式会社{pfid}", "password": pfid, "invoices": invoices, **flags}
        brought_in(self.world, company)


@asynccontextmanager
async def twin_server() -> AsyncIterator[TwinServer]:
    """A twin without members; its client is registered once the application's address is known."""
    app = create_twin(clients=[], members=[], clock=TwinClock())
    async with served(app, speaking=CuttableProtocol) as url:  # so that its faults cut real connections
        yield TwinServer(url=url, world=app.state.world)


def environment(database_url: str, redis_url: str, kek: Path, *, public_url: str, provider_url: str) -> dict[str, str]:
    """What a process of the installation is told."""
    return {
        "CONNECTOR_MODE": "dev",
        "CONNECTOR_PUBLIC_URL": public_url,
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "CONNECTOR_KEK": f"file:{kek}",
        "CONNECTOR_JOURNAL": str(kek.parent / "journal"),
        "CONNECTOR_INFOMART_AUTH_URL": provider_url,
        "CONNECTOR_INFOMART_API_URL": provider_url,
        "CONNECTOR_INFOMART_CLIENT_ID": CLIENT_ID,
        "CONNECTOR_INFOMART_CLIENT_SECRET": CLIENT_SECRET,
    }


@dataclass(frozen=True, slots=True)
class World:
    """A served installation and everybody around it."""

    url: str
    settings: Settings
    environment: Mapping[str, str]
    twin: TwinServer
    clock: MovableClock
    flows: Flows
    http: httpx2.AsyncClient
    partner: Partner
    key: Secret

    async def ask(self, document: str, key: Secret | None = None, **variables: object) -> dict[str, Any]:
        """What the graph answers, errors included."""
        answer = await self.http.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"Authorization": f"Bearer {(key or self.key).reveal()}"},
        )
        told: dict[str, Any] = answer.json()
        return told

    async def enrol(self, name: str, partner: Partner | None = None, declared: Mapping[Flag, bool] = GRANTED) -> Tenant:
        """A tenant that its partner may invite."""
        owner = partner or self.partner
        return await self.flows.enrolling.add_tenant(owner.id, name, provider=INFOMART, declared=declared)

    async def link(self, tenant: Tenant, partner: Partner | None = None) -> str:
        """A fresh onboarding link."""
        scope = Scope.of_partner((partner or self.partner).id)
        _, url = await self.flows.onboarding.invite(scope, tenant.id, INFOMART)
        return url.reveal()

    async def join(self, tenant: Tenant, pfid: str, partner: Partner | None = None) -> Page:
        """The tenant's administrator walks from link to active connection; the last page seen."""
        return await self.walk(await self.link(tenant, partner), pfid)

    @staticmethod
    async def walk(link: str, pfid: str) -> Page:
        """The walk from a link to an active connection; the last page seen."""
        return await join(link, pfid=pfid, password=pfid)

    async def read_all(self, tenant: Tenant) -> list[Fetch]:
        """Does what a worker does for every open fetch of the tenant."""
        done = []
        for due_tenant, fetch in await self.flows.fetching.store.fetches_due(self.clock.now(), most=1000):
            if due_tenant == tenant.id:
                finished = await self.flows.fetching.read(due_tenant, fetch)
                assert finished is not None
                done.append(finished)
        return done

    async def connected(self, name: str, *, invoices: int, partner: Partner | None = None, **flags: object) -> Tenant:
        """A tenant that has joined and whose invoices were read; with `issued` ones it is on both sides."""
        pfid = f"{name}@example.co.jp"
        issues = "issued" in flags
        self.twin.add_member(pfid, invoices=invoices, **{"seller_paid": issues, **flags})
        tenant = await self.enrol(name, partner, ON_BOTH_SIDES if issues else GRANTED)
        await self.join(tenant, pfid, partner)
        await self.read_all(tenant)
        return tenant

    async def another_partner(self, name: str) -> tuple[Partner, Secret]:
        """A second partner and its key."""
        partner = await self.flows.enrolling.add_partner(name)
        _, key = await self.flows.access.issue(partner.id, name="test", permissions=list(Permission))
        return partner, key


def graph_id(tenant: Tenant | TenantId) -> str:
    """The tenant's id as the graph writes it."""
    return identity.write(identity.TENANT, tenant.id if isinstance(tenant, Tenant) else tenant)


@asynccontextmanager
async def serving(database_url: str, redis_url: str, kek: Path, twin: TwinServer) -> AsyncIterator[World]:
    """The real application on a socket, and the same flows at hand for what operators and workers do."""
    clock = MovableClock()
    async with AsyncExitStack() as stack:
        # The address must be known before the application is made: it is part of every link and callback.
        gate = _Gate()
        url = await stack.enter_async_context(served(gate))
        told = environment(database_url, redis_url, kek, public_url=url, provider_url=twin.url)
        settings = read_settings(told)
        installation = await stack.enter_async_context(opened(settings, clock=clock))
        gate.app = create_app(installation)
        twin.world.register(Client(CLIENT_ID, CLIENT_SECRET, (f"{url}/callback/infomart",)))
        flows = installation.flows
        http = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=30))
        partner = await flows.enrolling.add_partner("株式会社サンプルソフト")
        _, key = await flows.access.issue(partner.id, name="test", permissions=list(Permission))
        yield World(url, settings, told, twin, clock, flows, http, partner, key)


class _Gate:
    """Stands at an address before the application behind it is made."""

    app: Starlette | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        assert self.app is not None
        await self.app(scope, receive, send)
