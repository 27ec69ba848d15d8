"""The world is everything one twin remembers; it lives in memory and ends with the process."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from starlette.responses import JSONResponse

from connector.twins.infomart.answers import disguise
from connector.twins.infomart.calls import Calls
from connector.twins.infomart.clients import Client
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.faults import Faults
from connector.twins.infomart.grants import Grants
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.members import Members


@dataclass(slots=True)
class World:
    """One platform with its members, clients, grants and misfortunes."""

    clock: Clock
    ledger: Ledger
    members: Members
    grants: Grants
    faults: Faults
    die: Random
    clients: dict[str, Client] = field(default_factory=dict)
    extra_keys: bool = False  # shuffle keys and add unknown ones in every answer [IM-9]
    calls: Calls = field(default_factory=Calls)
    incident: float = 0.0  # the share of renewals refused for no fault of the token's
    maintenance: bool = False  # every operation shows the maintenance page [IM-4]
    misspelt: bool = False  # the lifetime comes as `exires_in`, as the published page spells it

    @property
    def lifetime_key(self) -> str:
        """The name under which an answer states its token's lifetime."""
        return "exires_in" if self.misspelt else "expires_in"

    def register(self, client: Client) -> None:
        """The client may ask for access from now on, and its earlier registration no longer counts."""
        self.clients[client.id] = client
        self.ledger.write("client_saved", client_id=client.id, redirect_uris=list(client.redirect_uris))

    def answer(self, body: dict[str, Any], *, code: int = 200, headers: dict[str, str] | None = None) -> JSONResponse:
        """A JSON answer of the provider, disguised if the twin was told to."""
        told = disguise(body, self.die) if self.extra_keys else body
        return JSONResponse(told, status_code=code, headers=headers)
