"""The app puts the twin together: one world, and the routes that show it."""

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from connector.twins.infomart.api import routes
from connector.twins.infomart.changing_masters import SAVE_MASTERS
from connector.twins.infomart.clients import Client, read_client
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.consent import Consent
from connector.twins.infomart.dice import dice
from connector.twins.infomart.exchange import Exchange
from connector.twins.infomart.faults import Faults
from connector.twins.infomart.grants import Grants, Rotation
from connector.twins.infomart.home import Home
from connector.twins.infomart.joining import join
from connector.twins.infomart.knobs import Knobs
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.listing import ISSUED
from connector.twins.infomart.members import Members
from connector.twins.infomart.misfortune import EXCHANGE
from connector.twins.infomart.operations import Operation
from connector.twins.infomart.reading_masters import MASTERS
from connector.twins.infomart.received import INVOICES
from connector.twins.infomart.registering import REGISTER
from connector.twins.infomart.saving_suppliers import SUPPLIERS
from connector.twins.infomart.sim import Sim
from connector.twins.infomart.updating import UPDATE
from connector.twins.infomart.world import World

OPERATIONS: tuple[Operation[Any], ...] = (ISSUED, REGISTER, UPDATE, MASTERS, SAVE_MASTERS, INVOICES, SUPPLIERS)
DEFAULT_SEED = 1


def create_twin(
    *,
    seed: int = DEFAULT_SEED,
    clock: Clock | None = None,
    ledger_file: Path | None = None,
    clients: Iterable[Client] | None = None,
    members: Iterable[Mapping[str, Any]] | None = None,
    extra_keys: bool = False,
    rotation: Rotation = Rotation.STRICT,
    mark: str = "",
) -> Starlette:
    """A platform of its own as an ASGI application, with its world at `app.state.world`.

    Members are given as `POST /_sim/members` takes them. Clients or members left out are those of `sandbox.json`.
    """
    sandbox = json.loads(files(__package__).joinpath("sandbox.json").read_text(encoding="utf-8"))
    clock = clock or Clock()
    ledger = Ledger(clock, ledger_file)
    knobs = Knobs()
    world = World(
        clock=clock,
        ledger=ledger,
        members=Members(clock, ledger, seed),
        grants=Grants(clock, ledger, knobs, rotation, mark),
        faults=Faults((EXCHANGE, *(operation.name for operation in OPERATIONS))),
        die=dice(seed, "disguise"),
        knobs=knobs,
        extra_keys=extra_keys,
    )
    for client in map(read_client, sandbox["clients"]) if clients is None else clients:
        world.register(client)
    for member in sandbox["members"] if members is None else members:
        join(world, member)
    app = Starlette(
        routes=[
            Home(world).route(),
            *Consent(world).routes(),
            *Exchange(world).routes(),
            *routes(world, *OPERATIONS),
            Sim(world).routes(),
        ]
    )
    app.state.world = world
    return app
