"""Home is a page for a person: who is on the platform, what was issued, with which masters, and what happened last."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from connector.twins.infomart.captions import CONTRACT, EVENTS, INVITATIONS, STAGES
from connector.twins.infomart.pages import PRIVATE, show
from connector.twins.infomart.stages import Stages
from connector.twins.infomart.world import World

_TAIL = 60
_NEWEST = 30
_OWN_COLUMN = {"seq", "at", "event", "pfid"}
_MOST_LETTERS = 120  # of one fact of an entry; a page of numbers helps nobody


@dataclass(frozen=True, slots=True)
class Home:
    """The page at `/`; it shows the sandbox's passwords, since a person needs them to sign in."""

    world: World

    def route(self) -> Route:
        """The front door."""
        return Route("/", self.answer, methods=["GET"])

    async def answer(self, request: Request) -> Response:
        """Members, issued invoices, masters, and the ledger's tail, of one event if `?event=` names it."""
        world = self.world
        members = world.members.everyone()
        for member in members:
            Stages(world, member).settle()
        issuers = [(member, world.issuers.of(member)) for member in members]
        issued = [(member, each) for member, issuer in issuers for each in issuer.outbox]
        event = request.query_params.get("event") or None
        page = show(
            "home.html",
            now=world.clock.now(),
            today=world.clock.today(),
            contract=CONTRACT,
            stages=STAGES,
            invitations=INVITATIONS,
            events=EVENTS,
            members=[(member, len(world.members.inbox(member)), len(issuer.outbox)) for member, issuer in issuers],
            issued=sorted(issued, key=lambda each: each[1].mng_num, reverse=True)[:_NEWEST],
            issued_in_all=len(issued),
            issuers=[(member, issuer) for member, issuer in issuers if member.seller_paid],
            clients=list(world.clients.values()),
            waiting=world.faults.waiting(),
            counts=sorted(world.ledger.events().items(), key=lambda each: EVENTS.get(each[0], each[0])),
            event=event,
            tail=[_row(entry) for entry in world.ledger.last(_TAIL, event)],
        )
        return HTMLResponse(page, headers=PRIVATE)


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    facts = {
        name: _short(fact) for name, fact in entry.items() if name not in _OWN_COLUMN and fact not in (None, {}, [])
    }
    return {"seq": entry["seq"], "at": entry["at"], "event": entry["event"], "pfid": entry.get("pfid"), "facts": facts}


def _short(fact: Any) -> str:
    match fact:
        case dict():
            text = "、".join(f"{name} {each}" for name, each in fact.items())
        case list():
            text = "、".join(map(str, fact))
        case _:
            text = str(fact)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"
