"""The key service goes away while the provider's answers are on their way: none is lost, and nobody new is asked."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.contract.key_servers import openbao
from tests.contract.stands import VAULT_TOKEN, VaultStand
from tests.long.refresh import children
from tests.long.refresh.fleet import fleet, twin_process

_ANSWERED_AFTER = 8.0  # seconds: all of the first batches are asked before the first answer makes room
_UNDER_WAY = 300  # three batches of a hundred, which one process has under way
_PACE = {
    "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000",
    "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": str(_UNDER_WAY),
}


@dataclass(frozen=True, slots=True)
class Keyless:
    """What a key service that was away cost."""

    asked: int  # before it went; the answers to these came when it was gone
    new_calls: int  # while it was away
    dead: int
    not_active: int


async def key_service_away(
    *, number: int, folder: Path, database_url: str, redis_url: str, mistake: str | None = None
) -> Keyless:
    """The whole fleet is due; the key service stands still as soon as everybody of the first batches has been asked."""
    with twin_process(folder) as twin, _vault(folder) as vault:
        told = {**_PACE, "CONNECTOR_KEK": vault.key("fleet"), **vault.environment(vault.server.port)}
        with _said_to_libraries(told):
            async with fleet(number, database_url, redis_url, twin, **told) as ours:
                # Whoever starts proves one data key of each wrapper, and keeps it: that tenant would go on, safely.
                [proven] = await ours.administer("select tenant_id from data_keys order by created_at desc limit 1")
                due = [each for each in ours.members if each.tenant_id != proven["tenant_id"]]
                await ours.make_due(due)
                twin.ask("faults", {"operation": "token", "kind": "late", "seconds": _ANSWERED_AFTER, "count": number})
                child = children.start(children.renew_due, dict(ours.environment), 0.0, mistake=mistake)
                while (asked := twin.ask("counts")["calls"]) < min(len(due), _UNDER_WAY):  # noqa: ASYNC110 - another process's work
                    await asyncio.sleep(0.02)
                with vault.server.standing_still():
                    assert await children.ended(child) == 0
                    new_calls = twin.ask("counts")["calls"] - asked
                twin.ask("faults", method="DELETE")
                for ahead in (60.0, 300.0, 600.0):
                    sweeping = children.start(children.sweep_until_quiet, dict(ours.environment), ahead)
                    assert await children.ended(sweeping) == 0
                standings = await ours.standings()
                return Keyless(asked, new_calls, len(await ours.dead()), number - standings["active"])


@contextmanager
def _vault(folder: Path) -> Iterator[VaultStand]:
    for server in openbao(folder, VAULT_TOKEN):
        yield VaultStand(server)


@contextmanager
def _said_to_libraries(told: dict[str, str]) -> Iterator[None]:
    """hvac reads its own variables, in this process as in a child."""
    own = {name: value for name, value in told.items() if name.startswith("VAULT_")}
    before = {name: os.environ.get(name) for name in own}
    os.environ |= own
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
