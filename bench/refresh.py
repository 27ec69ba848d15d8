"""Whole refreshes: ours, beside a client per tenant under a row lock, and beside the bare POST."""

import asyncio
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import sqlalchemy as sa
from authlib.integrations.httpx_client import AsyncOAuth2Client
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bench.report import Ratio, Report
from connector.bootstrap import Installation
from connector.embedded import Servers, servers
from connector.providers.transport import Transport
from tests.long.refresh.fleet import Fleet, Twin, fleet
from tests.world import CLIENT_ID, CLIENT_SECRET, INFOMART

NUMBER = 1_500
ROUNDS = 3
PEERS_AT_ONCE = 20
OURS_AT_ONCE = 64
_PATH = "/openam/oauth2/access_token?realm=/api"
_PACE = {
    "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "1000000",
    "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": str(OURS_AT_ONCE),
}
_IN_FORM = "client_secret_post"
_PEER_TABLE = """
create table peer (id uuid primary key, nonce bytea not null, access bytea not null, refresh bytea not null,
    ends_at timestamptz not null)
"""


@dataclass(frozen=True, slots=True)
class _Setting:
    ours: Fleet
    installation: Installation
    admin: AsyncEngine
    peers: list[UUID]
    key: AESGCM
    url: str


async def run() -> Report:
    """All variants in turn, round by round, against one endpoint and one PostgreSQL."""
    figures: dict[str, list[float]] = {"ours": [], "authlib under a row lock": [], "bare POST": []}
    with servers() as own:
        async with _prepared(own) as setting:
            variants: list[tuple[str, Callable[[_Setting], Awaitable[None]]]] = [
                ("ours", _ours),
                ("authlib under a row lock", _peer),
                ("bare POST", _bare),
            ]
            for number in range(1 + ROUNDS):
                for name, variant in variants:
                    await setting.ours.make_due(setting.ours.members)
                    began = time.perf_counter()
                    await variant(setting)
                    if number > 0:  # the first round warms up
                        figures[name].append(NUMBER / (time.perf_counter() - began))
    return Report(
        bench="refresh",
        unit="whole refreshes per second",
        figures=figures,
        ratios=[
            Ratio("ours over authlib under a row lock", "ours", "authlib under a row lock", 6.0),
            Ratio("ours over the bare POST", "ours", "bare POST", 0.6),
        ],
    )


@asynccontextmanager
async def _prepared(own: Servers) -> AsyncIterator[_Setting]:
    server = subprocess.Popen(  # noqa: ASYNC220 - before anything is measured
        [sys.executable, "-m", "bench.tokens"], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]
    )
    try:
        assert server.stdout is not None
        twin = Twin(json.loads(server.stdout.readline())["url"])
        async with fleet(NUMBER, own.database_url, own.redis_url, twin, **_PACE) as ours:
            admin = create_async_engine(ours.database_url, pool_size=PEERS_AT_ONCE, max_overflow=0)
            peers, key = [uuid4() for _ in range(NUMBER)], AESGCM(AESGCM.generate_key(256))
            await _enlist_peers(admin, peers, key)
            async with ours.installation() as installation:
                yield _Setting(ours, installation, admin, peers, key, twin.url)
            await admin.dispose()
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()  # type: ignore[union-attr]  # it is a pipe


async def _enlist_peers(admin: AsyncEngine, peers: list[UUID], key: AESGCM) -> None:
    rows = []
    for peer in peers:
        nonce = os.urandom(12)
        sealed = key.encrypt(nonce, str(uuid4()).encode(), peer.bytes)
        rows.append({"id": peer, "nonce": nonce, "access": b"", "refresh": sealed, "ends_at": datetime.now(UTC)})
    async with admin.begin() as connection:
        await connection.execute(sa.text(_PEER_TABLE))
        insert = (
            "insert into peer (id, nonce, access, refresh, ends_at) values (:id, :nonce, :access, :refresh, :ends_at)"
        )
        await connection.execute(sa.text(insert), rows)


async def _ours(setting: _Setting) -> None:
    """What a worker's sweep does."""
    keeping = setting.installation.flows.keeping
    done = await keeping.renew_due(keeping.register.provider(INFOMART))
    assert done == NUMBER, done


async def _peer(setting: _Setting) -> None:
    """A client for each tenant, its row locked until the answer is stored, as the usual advice has it."""
    trust, room = ssl.create_default_context(), asyncio.Semaphore(PEERS_AT_ONCE)

    async def refresh(peer: UUID) -> None:
        async with room, setting.admin.begin() as connection:
            row = (
                await connection.execute(
                    sa.text("select nonce, refresh from peer where id = :id for update"), {"id": peer}
                )
            ).one()
            text = setting.key.decrypt(row.nonce, row.refresh, peer.bytes).decode()
            async with AsyncOAuth2Client(
                CLIENT_ID, CLIENT_SECRET, token_endpoint_auth_method=_IN_FORM, verify=trust
            ) as client:
                told = await client.refresh_token(f"{setting.url}{_PATH}", refresh_token=text)
            nonce = os.urandom(12)
            await connection.execute(
                sa.text(
                    "update peer set nonce = :nonce, access = :access, refresh = :refresh, ends_at = :ends_at"
                    " where id = :id"
                ),
                {
                    "id": peer,
                    "nonce": nonce,
                    "access": setting.key.encrypt(os.urandom(12), told["access_token"].encode(), peer.bytes),
                    "refresh": setting.key.encrypt(nonce, told["refresh_token"].encode(), peer.bytes),
                    "ends_at": datetime.now(UTC) + timedelta(seconds=int(told["expires_in"])),
                },
            )

    await asyncio.gather(*(refresh(peer) for peer in setting.peers))


async def _bare(setting: _Setting) -> None:
    """The limit: the same form on a fresh connection each, and nothing done with the answer."""
    transport, room = Transport("infomart", timedelta(seconds=60)), asyncio.Semaphore(OURS_AT_ONCE)
    form = f"grant_type=refresh_token&refresh_token={uuid4()}&client_id={CLIENT_ID}&client_secret={CLIENT_SECRET}"

    async def post() -> None:
        async with room:
            assert (await transport.post_token(f"{setting.url}{_PATH}", form=form)).whole

    await asyncio.gather(*(post() for _ in range(NUMBER)))
    await transport.close()
