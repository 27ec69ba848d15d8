"""One world for a whole module: starting it costs more than a test does, and each test brings a tenant of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.world import TwinServer, World


@dataclass(frozen=True, slots=True)
class TwinSince(TwinServer):
    """A twin whose ledger begins where this test does."""

    seq: int

    def ledger(self, *events: str) -> list[Mapping[str, Any]]:
        return [each for each in TwinServer.ledger(self, *events) if each["seq"] > self.seq]


def anew(shared: World) -> World:
    """The same world without misfortunes waiting, its ledger empty to whoever asks from now on."""
    world = shared.twin.world
    world.faults.clear()
    return replace(shared, twin=TwinSince(shared.twin.url, world, len(world.ledger)))
