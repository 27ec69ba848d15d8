"""A fleet: thousands of connections that were never clicked together, at a twin that runs in a process of its own."""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

import migrations
from connector.bootstrap import Installation, opened
from connector.domain.connection import Connection, Standing, access_seat, refresh_seat
from connector.embedded import bound_to_us
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId, new_id
from connector.ports import Vault
from connector.secret import Secret
from connector.settings import read_settings
from connector.vault.kms.local import LocalFile
from tests.conftest import administer, in_database
from tests.world import CLIENT_ID, CLIENT_SECRET, INFOMART, environment

MONTH = timedelta(days=31)
_AT_ONCE = 10


@dataclass(slots=True)
class AheadClock:
    """The machine's clock, moved on by as much as a proof says."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class Twin:
    """A twin in its own process, and its control routes."""

    url: str

    def ask(self, path: str, body: Mapping[str, Any] | None = None, method: str | None = None) -> Any:
        """What a control route answers."""
        request = urllib.request.Request(  # noqa: S310 - an address of this machine
            f"{self.url}/_sim/{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method or ("GET" if body is None else "POST"),
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    def know(self, secret: str = CLIENT_SECRET) -> None:
        """Our client has this secret from now on."""
        told = {"client_id": CLIENT_ID, "client_secret": secret, "redirect_uris": ["http://127.0.0.1/callback"]}
        self.ask("clients", told)


@contextmanager
def twin_process(folder: Path, *options: str) -> Any:
    """A twin that dies with us."""
    ready = folder / f"twin-{uuid4().hex[:6]}.json"
    words = ["-m", "connector.twins.infomart", "--die-with-parent", "--ready-file", str(ready), *options]
    process = subprocess.Popen(bound_to_us([sys.executable, *words]), stdout=subprocess.DEVNULL)
    try:
        while not (ready.exists() and ready.read_text().strip()):
            assert process.poll() is None, "the twin did not start"
            time.sleep(0.02)
        twin = Twin(json.loads(ready.read_text())["url"])
        twin.know()
        yield twin
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Member:
    """One connection of the fleet, and the company it has at the provider."""

    tenant_id: TenantId
    connection_id: ConnectionId
    pfid: str


@dataclass(slots=True)
class Fleet:
    """Connections, the database they are in, and whatever has to be told to a process that works on them."""

    environment: Mapping[str, str]
    database_url: str
    folder: Path
    twin: Twin
    members: Sequence[Member] = field(default_factory=list)

    @asynccontextmanager
    async def installation(self, clock: AheadClock | None = None) -> AsyncIterator[Installation]:
        """Our product, opened in this process."""
        async with opened(read_settings(self.environment), clock=clock or AheadClock()) as installation:
            yield installation

    def database_url_of(self, name: str) -> str:
        """The address of another database of the same server."""
        return in_database(self.database_url, name)

    async def administer(self, statement: str, **values: object) -> Sequence[Mapping[str, Any]]:
        """What the administrator sees or does."""
        async with _administrator(self.database_url) as engine, engine.begin() as connection:
            found = await connection.execute(sa.text(statement), values)
            return [dict(row) for row in found.mappings()] if found.returns_rows else []

    async def make_due(self, members: Sequence[Member], at: datetime | None = None) -> None:
        """Upkeep is to look at these connections now."""
        await self.administer(
            "update connections set due_at = :at where id = any(:ids)",
            at=at or datetime.now(UTC) - timedelta(seconds=1),
            ids=[each.connection_id for each in members],
        )

    async def standings(self, members: Sequence[Member] | None = None) -> Counter[str]:
        """How many connections stand where."""
        chosen = [each.connection_id for each in (self.members if members is None else members)]
        rows = await self.administer(
            "select standing, count(*) as n from connections where id = any(:ids) group by standing", ids=chosen
        )
        return Counter({row["standing"]: row["n"] for row in rows})

    async def dead(self, members: Sequence[Member] | None = None) -> list[Member]:
        """Those whose refresh token in use the provider would not take any more, by its own account."""
        chosen = list(self.members if members is None else members)
        rows = await self.administer(
            "select c.id, c.tenant_id, c.provider, c.standing, c.changed_at, g.id as grant_id, g.refresh_sealed"
            " from connections c join grants g on g.tenant_id = c.tenant_id and g.id = c.grant_id"
            " where c.id = any(:ids)",
            ids=[each.connection_id for each in chosen],
        )
        async with self.installation() as installation:
            vault = installation.flows.upkeep.vault
            held = {row["id"]: (await vault.open(row["refresh_sealed"], _seat(row))).reveal() for row in rows}
        alive: list[bool] = []
        texts = [held[each.connection_id] for each in chosen]
        for start in range(0, len(texts), 1000):
            alive += self.twin.ask("tokens/alive", {"refresh_tokens": texts[start : start + 1000]})["alive"]
        return [each for each, lives in zip(chosen, alive, strict=True) if not lives]


def _seat(row: Mapping[str, Any]) -> Any:
    connection = Connection(
        tenant_id=row["tenant_id"],
        id=row["id"],
        provider=row["provider"],
        standing=Standing(row["standing"]),
        consent_ends_at=None,
        changed_at=row["changed_at"],
    )
    return refresh_seat(connection, row["grant_id"])


@asynccontextmanager
async def _administrator(database_url: str) -> AsyncIterator[AsyncEngine]:
    url = database_url.replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def fleet(number: int, database_url: str, redis_url: str, twin: Twin, **told: str) -> AsyncIterator[Fleet]:
    """So many connections, each consented to a moment ago and due in a week."""
    name = f"fleet_{uuid4().hex[:8]}"
    # asyncio.run inside: its own thread keeps it away from the loop that runs here
    await asyncio.to_thread(administer, database_url, f"create database {name}")
    own = in_database(database_url, name)
    try:
        await asyncio.to_thread(migrations.upgrade, own)
        with tempfile.TemporaryDirectory(prefix="fleet-") as home:
            folder = Path(home)
            LocalFile.create(folder / "kek.json", "fleet")
            words = environment(
                own, redis_url, folder / "kek.json", public_url="http://127.0.0.1:1", provider_url=twin.url
            )
            made = Fleet({**words, **told}, own, folder, twin)
            made.members = await _enlisted(made, number)
            yield made
    finally:
        await asyncio.to_thread(administer, database_url, f"drop database {name} with (force)")


async def _enlisted(made: Fleet, number: int) -> list[Member]:
    tokens = made.twin.ask("grants", {"count": number, "client_id": CLIENT_ID})["grants"]
    members = [Member(TenantId(new_id()), ConnectionId(new_id()), each["pfid"]) for each in tokens]
    now = datetime.now(UTC)
    async with _administrator(made.database_url) as engine, engine.begin() as connection:
        await connection.execute(
            sa.text("insert into tenants (id, name, created_at) values (:id, :name, :now)"),
            [{"id": each.tenant_id, "name": f"テナント {each.pfid}", "now": now} for each in members],
        )
    async with made.installation() as installation:
        vault, room = installation.flows.upkeep.vault, asyncio.Semaphore(_AT_ONCE)

        async def sealed(member: Member, told: Mapping[str, str]) -> dict[str, Any]:
            async with room:
                return await _grant(vault, member, told, now)

        pairs = zip(members, tokens, strict=True)
        grants = await asyncio.gather(*(sealed(member, told) for member, told in pairs))
    lines = [
        {
            "t": each.tenant_id,
            "c": each.connection_id,
            "g": grant["id"],
            "p": INFOMART,
            "e": now + MONTH,
            "n": now,
            "d": now + timedelta(days=7),
        }
        for each, grant in zip(members, grants, strict=True)
    ]
    async with _administrator(made.database_url) as engine, engine.begin() as connection:
        await connection.execute(
            sa.text(
                "insert into connections (tenant_id, id, provider, standing, consent_ends_at, grant_id, changed_at,"
                " due_at) values (:t, :c, :p, 'active', :e, :g, :n, :d)"
            ),
            lines,
        )
        await connection.execute(
            sa.text(
                "insert into grants (tenant_id, id, connection_id, access_sealed, refresh_sealed, access_ends_at,"
                " refresh_ends_at, obtained_at) values (:t, :id, :c, :access, :refresh, :until, :ends, :n)"
            ),
            grants,
        )
    return members


async def _grant(vault: Vault, member: Member, told: Mapping[str, str], now: datetime) -> dict[str, Any]:
    sealer, own = await vault.prepare(member.tenant_id), GrantId(new_id())
    connection = Connection(
        tenant_id=member.tenant_id,
        id=member.connection_id,
        provider=ProviderKey(INFOMART),
        standing=Standing.ACTIVE,
        consent_ends_at=None,
        changed_at=now,
    )
    return {
        "t": member.tenant_id,
        "c": member.connection_id,
        "id": own,
        "access": sealer.seal(Secret(told["access_token"]), access_seat(connection, own)),
        "refresh": sealer.seal(Secret(told["refresh_token"]), refresh_seat(connection, own)),
        "until": now + timedelta(minutes=5),
        "ends": now + MONTH,
        "n": now,
    }
