"""A backup brings a shredded tenant's keys back, and the escrow's certificate takes them away again; two processes."""

import asyncio
import json
import os
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy.engine import make_url

from connector.domain.access import Scope
from connector.domain.certificate import Certificate
from connector.domain.connection import Cause, Standing
from connector.domain.sealing import TRUSTED_FOR
from connector.embedded import bound_to_us
from connector.errors import Unavailable
from connector.settings import read_settings
from tests.conftest import administer, in_database
from tests.connector.flows.bench import connection_of, joined, later
from tests.connector.flows.renewals import token
from tests.connector.flows.shreds import ORDER, another, counted, openable, shred
from tests.world import World


def backup_of(database_url: str) -> str:
    """A copy of the database as it is now, as a backup is one."""
    name = make_url(database_url).database
    backup = f"connector_backup_{uuid4().hex[:12]}"
    administer(
        in_database(database_url, "postgres"),
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'",  # noqa: S608 - ours
        f"create database {backup} template {name}",
    )
    return in_database(database_url, backup)


@pytest.mark.parametrize("forged", [False, True])
async def test_a_restored_backup_opens_everything_until_the_escrow_is_replayed_and_then_nothing(
    world: World, tmp_path: Path, escrow: str, *, forged: bool
) -> None:
    told = {"CONNECTOR_ESCROW": escrow, "CONNECTOR_JOURNAL": str(tmp_path / "journal")}
    began = world.clock.now() - timedelta(minutes=1)
    tenant = await joined(world, "みなと商事", invoices=0)
    neighbour = await joined(world, "港湾商会", invoices=0)
    connection, other = await connection_of(world, tenant), await connection_of(world, neighbour)
    backup = await asyncio.to_thread(backup_of, world.environment["DATABASE_URL"])
    async with another(world, **told) as ours:
        later(world, timedelta(minutes=4))
        await ours.flows.upkeep.access_token(tenant.id, connection.id)
        await ours.flows.upkeep.access_token(neighbour.id, other.id)
        await ours.flows.escrowing.copy()
        certificate = await ours.flows.shredding.shred(tenant.id, ORDER, confirm=tenant.name)
        assert certificate.facts["unreadable"]["escrow"] == 1
        escrowed = ours.flows.shredding.escrow
        assert escrowed is not None
        assert [each.tenant_id for each in await escrowed.keys()] == [neighbour.id]
        assert await escrowed.certificates() == [certificate]

    restored = replace(world, settings=read_settings({**world.environment, "DATABASE_URL": backup}))
    async with another(restored, **told, DATABASE_URL=backup) as back:
        # The danger: without a replay the backup's keys open every token that was shredded.
        assert await openable(restored, back, connection) == (2, 2)
    if forged:
        where = Path(escrow.removeprefix("file:"))
        if not escrow.startswith("file:"):
            pytest.skip("one kind of escrow is enough to be lied to by")
        path = where / f"{tenant.id.hex}.certificate"
        path.write_text(path.read_text().replace(str(tenant.id), str(neighbour.id)))
    async with another(restored, **told, DATABASE_URL=backup) as back:
        done = await back.flows.escrowing.replay(began)
    async with another(restored, **told, DATABASE_URL=backup) as back:
        if forged:
            assert (done.shredded, done.failed) == (0, 1)
            assert (await openable(restored, back, other))[0] == 4
            return
        assert (done.shredded, done.connections, done.advanced, done.failed) == (1, 1, 1, 0)
        assert await openable(restored, back, connection) == (0, 2)
        assert await openable(restored, back, other) == (4, 4)
        async with back.flows.upkeep.store.within(Scope.of_tenant(tenant.id)) as work:
            now = await work.connections.connection(connection.id)
        assert now is not None
        assert (now.standing, now.cause) == (Standing.DISCONNECTED, Cause.SHREDDED)
        assert await back.flows.shredding.certificate(tenant.id) == (certificate, True)
        assert (await back.flows.escrowing.replay(began)).shredded == 0


async def test_an_escrow_that_is_away_is_said_and_another_try_gives_it_the_certificate(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "escrow"
    told = {"CONNECTOR_ESCROW": f"file:{folder}", "CONNECTOR_JOURNAL": str(tmp_path / "journal")}
    tenant = await joined(world, "みなと商事", invoices=0)
    async with another(world, **told) as ours:
        folder.rmdir()
        with pytest.raises(Unavailable):
            await ours.flows.shredding.shred(tenant.id, ORDER, confirm=tenant.name)
        assert await counted(world, "data_keys", tenant) == 0
        folder.mkdir()
        again = await ours.flows.shredding.shred(tenant.id, ORDER, confirm=tenant.name)
        assert ours.flows.shredding.escrow is not None
        found = await ours.flows.shredding.escrow.certificates()
        assert [Certificate(each.document, each.digest) for each in found] == [again]


# Another process that has the tenant's key in memory, and is asked to use it before and after.
NEIGHBOUR = """
import asyncio, json, os, sys
from uuid import UUID
from connector.bootstrap import opened
from connector.domain.access import Scope
from connector.domain.connection import refresh_seat
from connector.errors import ConnectorError
from connector.secret import Secret
from connector.settings import read_settings

tenant, connection, forgetful = UUID(sys.argv[1]), UUID(sys.argv[2]), sys.argv[3] == "never looks"

async def main():
    async with opened(read_settings(os.environ)) as installation:
        flows, vault = installation.flows, installation.flows.upkeep.vault
        if forgetful:
            vault._there._keep_for = 900.0
            vault._there._kept.clear()
        async with flows.upkeep.store.within(Scope.of_tenant(tenant)) as work:
            known = await work.connections.connection(connection)
            grant = await work.connections.current_grant(connection)
        seat = refresh_seat(known, grant.id)
        tries = {
            "open": lambda: vault.open(grant.refresh_sealed, seat),
            "seal": lambda: vault.seal(Secret("x"), seat),
            "use": lambda: flows.upkeep.access_token(tenant, connection),
        }
        while True:
            told = {}
            for name, attempt in tries.items():
                try:
                    await attempt()
                    told[name] = "done"
                except ConnectorError as failure:
                    told[name] = failure.code
            print(json.dumps(told), flush=True)
            if not await asyncio.to_thread(sys.stdin.readline):
                return

asyncio.run(main())
"""


@pytest.mark.parametrize(("looks", "opens"), [("looks", "CREDENTIAL_UNREADABLE"), ("never looks", "done")])
async def test_another_process_with_the_key_in_memory_opens_nothing_after_five_seconds(
    world: World, looks: str, opens: str
) -> None:
    """And one that never looked at the key's row again would: that is the danger."""
    tenant = await joined(world, "みなと商事", invoices=0)
    await token(world, tenant)
    connection = await connection_of(world, tenant)
    process = await asyncio.create_subprocess_exec(
        *bound_to_us([sys.executable, "-c", NEIGHBOUR, str(tenant.id), str(connection.id), looks]),
        env={"PATH": os.defpath, "PYTHONUTF8": "1", **world.environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert json.loads(await process.stdout.readline()) == {"open": "done", "seal": "done", "use": "done"}

    await shred(world, tenant)
    await asyncio.sleep(TRUSTED_FOR.total_seconds())
    process.stdin.write(b"\n")
    assert json.loads(await process.stdout.readline()) == {"open": opens, "seal": opens, "use": "CONSENT_ENDED"}
    assert await counted(world, "data_keys", tenant) == 0
    process.stdin.close()
    assert await process.wait() == 0
