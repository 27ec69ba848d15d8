"""Home is a page for a person: who is on the platform, what they have received, and what happened last."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from connector.twins.infomart.pages import PRIVATE, show
from connector.twins.infomart.world import World

_TAIL = 40
_LABELS = {
    "buyer_paid": "受取側 有料",
    "seller_paid": "発行側 有料",
    "api_option": "APIオプション",
    "journal_free": "仕訳自由項目",
    "uses_workflow": "ワークフロー",
}


@dataclass(frozen=True, slots=True)
class Home:
    """The page at `/`; it shows the sandbox's passwords, since a person needs them to sign in."""

    world: World

    def route(self) -> Route:
        """The front door."""
        return Route("/", self.answer, methods=["GET"])

    async def answer(self, _: Request) -> Response:
        """Members, clients and the ledger's tail."""
        world = self.world
        page = show(
            "home.html",
            now=world.clock.now(),
            today=world.clock.today(),
            labels=_LABELS,
            members=[(each, len(world.members.inbox(each))) for each in world.members.everyone()],
            clients=list(world.clients.values()),
            waiting=world.faults.waiting(),
            tail=[
                (
                    entry["seq"],
                    entry["at"],
                    entry["event"],
                    {key: fact for key, fact in entry.items() if key not in {"seq", "at", "event", "mng_nums"}},
                )
                for entry in world.ledger.last(_TAIL)
            ],
        )
        return HTMLResponse(page, headers=PRIVATE)
