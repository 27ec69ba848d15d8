"""The world is everything one twin remembers; it lives in memory and ends with the process."""

from asyncio import Future, Task, create_task, shield
from collections import Counter
from collections.abc import Coroutine, Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from starlette.responses import Response

from connector.twins.infomart.answers import disguise
from connector.twins.infomart.calls import Calls
from connector.twins.infomart.clients import Client
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.drift import Drift
from connector.twins.infomart.faults import Faults
from connector.twins.infomart.formats import Format, write
from connector.twins.infomart.grants import Grants
from connector.twins.infomart.issuers import Issuers
from connector.twins.infomart.knobs import Knobs
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.maintenance import Calendar
from connector.twins.infomart.members import Member, Members

T = TypeVar("T")


@dataclass(slots=True)
class World:
    """One platform with its members, clients, grants and misfortunes."""

    clock: Clock
    ledger: Ledger
    members: Members
    grants: Grants
    faults: Faults
    die: Random
    knobs: Knobs
    issuers: Issuers = field(default_factory=Issuers)
    clients: dict[str, Client] = field(default_factory=dict)
    extra_keys: bool = False  # shuffle keys and add unknown ones in every answer [IM-9]
    calls: Calls = field(default_factory=Calls)
    incident: float = 0.0  # the share of renewals refused for no fault of the token's
    maintenance: bool = False  # every operation shows the maintenance page [IM-4]
    calendar: Calendar = field(default_factory=Calendar)
    misspelt: bool = False  # the lifetime comes as `exires_in`, as the published page spells it
    drifts: dict[str, Drift] = field(default_factory=dict)  # by PFID: whose list moves between two readings

    held: Counter[int] = field(default_factory=Counter)  # invoices that somebody is changing at this moment [IM-110]
    _going_on: set[Task[Any]] = field(default_factory=set)

    @property
    def lifetime_key(self) -> str:
        """The name under which an answer states its token's lifetime."""
        return "exires_in" if self.misspelt else "expires_in"

    def register(self, client: Client) -> None:
        """The client may ask for access from now on, and its earlier registration no longer counts."""
        self.clients[client.id] = client
        self.ledger.write("client_saved", client_id=client.id, redirect_uris=list(client.redirect_uris))

    def answer(
        self,
        body: dict[str, Any],
        *,
        code: int = 200,
        headers: dict[str, str] | None = None,
        form: Format = Format.JSON,
    ) -> Response:
        """An answer of the provider, disguised if the twin was told to."""
        told = disguise(body, self.die) if self.extra_keys else body
        return Response(write(told, form), status_code=code, headers=headers, media_type=form.media_type)

    def let_drift(self, member: Member) -> None:
        """The member's list has been read once more; it moves now, if it was told to."""
        if (drift := self.drifts.get(member.pfid)) is None:
            return
        inbox, clock = self.members.inbox(member), self.clock
        if happened := drift.shake(inbox, today=clock.today(), now=clock.now(), codes=member.codes):
            self.ledger.write("invoices_drifted", pfid=member.pfid, **happened)

    def go_on(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """The work is done to its end, whoever waits for what is returned, or gives up."""
        task = create_task(work)
        self._going_on.add(task)
        task.add_done_callback(self._going_on.discard)
        return shield(task)

    @contextmanager
    def holding(self, invoices: AbstractSet[int]) -> Iterator[None]:
        """Nobody else may change these meanwhile."""
        self.held.update(invoices)
        try:
            yield
        finally:
            self.held.subtract(invoices)
