"""How fast pages of invoices become rows: ours, the usual way (HTTP client, json, ORM merge), and a bare COPY."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx2
import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import migrations
from bench.report import Ratio, Report
from connector.bootstrap import opened
from connector.domain.access import Scope
from connector.domain.connection import Connection
from connector.domain.entitlement import Flag
from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice, Side
from connector.embedded import servers
from connector.flows import looking
from connector.ids import ProviderKey, TenantId
from connector.ports import InvoicePage, ReadsReceivedInvoices, Store
from connector.secret import Secret
from connector.settings import read_settings
from connector.twins.infomart.app import create_twin
from connector.twins.infomart.clients import Client
from connector.vault.kms.local import LocalFile

COMPANIES = 4  # read at a time, as everywhere; each has so many pages
PAGES = 10
ROUNDS = 3
PER_PAGE = 100
_TODAY = datetime.now(UTC).date()
WINDOW = Window(first_day=_TODAY - timedelta(days=60), last_day=_TODAY + timedelta(days=1))


class _Base(DeclarativeBase):
    pass


class Merged(_Base):
    """The peer's table: the same columns, mapped the usual way."""

    __tablename__ = "merged_invoices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    number: Mapped[str | None]
    subject: Mapped[str | None]
    stage_code: Mapped[int | None]
    issue_date: Mapped[date | None]
    due_date: Mapped[date | None]
    counterparty_name: Mapped[str | None]
    total: Mapped[int | None]
    lines: Mapped[Any] = mapped_column(sa.JSON)
    raw: Mapped[Any] = mapped_column(sa.JSON)


@dataclass(frozen=True, slots=True)
class _Setting:
    store: Store
    reader: ReadsReceivedInvoices
    connections: list[Connection]
    admin: AsyncEngine
    url: str
    http: httpx2.AsyncClient


async def run() -> Report:
    """The report: invoices a second of each variant, alternating within each round."""
    figures: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, servers() as running:
        await asyncio.to_thread(migrations.upgrade, running.database_url)
        async with AsyncExitStack() as stack:
            setting = await _prepare(stack, Path(folder), running.database_url, running.redis_url)
            pages = [[each.read() for each in (await _page(setting, n)).listed] for n in range(1, PAGES + 1)]
            variants: Mapping[str, Callable[[Connection], Awaitable[None]]] = {
                "ours": lambda company: _ours(setting, company),
                "ours, nothing changed": lambda company: _ours(setting, company),
                "httpx2, json, ORM merge": lambda company: _merge(setting, company),
                "COPY alone": lambda company: _copy(setting, company, pages),
            }
            for _ in range(ROUNDS):
                for name, variant in variants.items():
                    if "nothing changed" not in name:
                        await _empty(setting.admin)
                    began = time.perf_counter()
                    await asyncio.gather(*(variant(each) for each in setting.connections))
                    figures.setdefault(name, []).append(COMPANIES * PAGES * PER_PAGE / (time.perf_counter() - began))
    return Report(
        "ingest",
        "invoices a second",
        figures,
        [
            Ratio("ours over the usual way", "ours", "httpx2, json, ORM merge", 20.0),
            Ratio("ours over COPY alone", "ours", "COPY alone", 0.6),
            Ratio("unchanged re-reading over COPY alone", "ours, nothing changed", "COPY alone", 0.85),
        ],
    )


async def _prepare(stack: AsyncExitStack, folder: Path, database_url: str, redis_url: str) -> _Setting:
    url = await asyncio.to_thread(_serve_pages, stack, folder, await _written_pages(folder))
    LocalFile.create(folder / "kek.json", "bench")
    settings = read_settings(
        {
            "CONNECTOR_MODE": "dev",
            "CONNECTOR_PUBLIC_URL": "http://127.0.0.1:8000",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "CONNECTOR_KEK": f"file:{folder / 'kek.json'}",
            "CONNECTOR_JOURNAL": str(folder / "journal"),
            "CONNECTOR_INFOMART_AUTH_URL": url,
            "CONNECTOR_INFOMART_API_URL": url,
            "CONNECTOR_INFOMART_CLIENT_ID": "bench",
            "CONNECTOR_INFOMART_CLIENT_SECRET": "bench",
        }
    )
    installation = await stack.enter_async_context(opened(settings))
    flows = installation.flows
    provider = flows.fetching.register.provider(ProviderKey("infomart"))
    assert provider.received_invoices is not None
    partner = await flows.enrolling.add_partner("bench")
    connections = []
    for _ in range(COMPANIES):
        declared = {Flag.API_OPTION: True}
        tenant = await flows.enrolling.add_tenant(partner.id, "bench", provider=provider.key, declared=declared)
        async with installation.store.within(Scope.of_tenant(tenant.id)) as work:
            connections.append(await work.connections.prepare(TenantId(tenant.id), provider.key, datetime.now(UTC)))
    admin = create_async_engine(database_url, pool_size=COMPANIES)
    stack.push_async_callback(admin.dispose)
    async with admin.begin() as database:
        await database.run_sync(_Base.metadata.create_all)
    http = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=30))
    return _Setting(installation.store, provider.received_invoices, connections, admin, url, http)


async def _written_pages(folder: Path) -> Path:
    """Every page as the twin writes it, kept in files so that the provider's own speed takes no part."""
    member = {"pfid": "b", "name": "b", "password": "b", "invoices": PAGES * PER_PAGE, "spread_days": 50}
    twin = create_twin(members=[member], clients=[Client("c", "s", ("http://127.0.0.1/cb",))])
    transport = httpx2.ASGITransport(twin)
    async with httpx2.AsyncClient(transport=transport, base_url="http://twin") as http:
        asked = {"realm": "/api", "response_type": "code", "client_id": "c", "redirect_uri": "http://127.0.0.1/cb"}
        asked |= {"scope": "openid profile email qualified", "state": "s"}
        answer = await http.post(
            "/openam/oauth2/authorize", data={**asked, "pfid": "b", "password": "b", "decision": "allow"}
        )
        code = httpx2.URL(answer.headers["location"]).params["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://127.0.0.1/cb"}
        told = await http.post(
            "/openam/oauth2/access_token?realm=/api", data={**form, "client_id": "c", "client_secret": "s"}
        )
        headers = {"Authorization": f"Bearer {told.json()['access_token']}", "Accept": "application/json"}
        for number in range(1, PAGES + 1):
            query = {
                "response_type": "json",
                "reception_date_from": WINDOW.first_day.isoformat(),
                "reception_date_to": WINDOW.last_day.isoformat(),
                "page_no": str(number),
            }
            page = await http.get("/v1/invoice/buyer/invoices", params=query, headers=headers)
            assert len(page.json()["invoices"]) == PER_PAGE
            (folder / f"page-{number}.json").write_bytes(page.content)
    return folder


def _serve_pages(stack: AsyncExitStack, folder: Path, pages: Path) -> str:
    command = [sys.executable, "-m", "bench.pages", str(pages)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])  # noqa: S603 - our own program
    stack.callback(server.wait)
    stack.callback(server.terminate)
    assert server.stdout is not None
    stack.callback(server.stdout.close)
    assert folder.exists()
    url: str = json.loads(server.stdout.readline())["url"]
    return url


async def _page(setting: _Setting, number: int) -> InvoicePage:
    return await setting.reader.received_page(Secret("t"), WINDOW, number, uses_workflow=True)


async def _ours(setting: _Setting, connection: Connection) -> None:
    for number in range(1, PAGES + 1):
        page = await _page(setting, number)
        async with setting.store.within(Scope.of_tenant(connection.tenant_id)) as work:
            invoices = await looking.changed(work, connection, Side.RECEIVER, page.listed)
            await work.mirror.put(connection, invoices, datetime.now(UTC))


async def _merge(setting: _Setting, connection: Connection) -> None:
    for number in range(1, PAGES + 1):
        answer = await setting.http.get("/v1/invoice/buyer/invoices", params={"page_no": str(number)})
        async with AsyncSession(setting.admin) as session, session.begin():
            for told in answer.json()["invoices"]:
                await session.merge(_merged(connection, told))


def _merged(connection: Connection, told: dict[str, Any]) -> Merged:
    return Merged(
        id=uuid5(connection.tenant_id, str(told["invoice_mng_num"])),
        key=str(told["invoice_mng_num"]),
        number=told.get("inv_no"),
        subject=told.get("inv_name"),
        stage_code=told.get("wf_status"),
        issue_date=_day(told.get("send_date")),
        due_date=_day(told.get("pay_due_date")),
        counterparty_name=told.get("company_name_s"),
        total=told.get("inv_amount"),
        lines=told.get("details"),
        raw=told,
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


async def _copy(setting: _Setting, connection: Connection, pages: list[list[FetchedInvoice]]) -> None:
    """The limit: the same documents, ready made, through PostgreSQL's own bulk path."""
    async with setting.admin.connect() as database:
        driver = (await database.get_raw_connection()).driver_connection
        assert driver is not None
        for page in pages:
            rows = [_row(connection, each) for each in page]
            records = [tuple(row.values()) for row in rows]
            await driver.copy_records_to_table("received_invoices", records=records, columns=list(rows[0]))


def _row(own: Connection, told: FetchedInvoice) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "tenant_id": own.tenant_id,
        "id": uuid5(own.tenant_id, told.key),
        "connection_id": own.id,
        "provider": own.provider,
        "key": told.key,
        "stage": told.stage.value,
        "currency": "JPY",
        "tax_summary": "[]",
        "lines": msgspec.json.encode(told.lines).decode(),
        "raw": told.raw.decode(),
        "digest": told.key.encode(),
        "first_seen_at": now,
        "changed_at": now,
    }


async def _empty(admin: AsyncEngine) -> None:
    async with admin.begin() as connection:
        await connection.execute(sa.text("truncate received_invoices, merged_invoices"))
