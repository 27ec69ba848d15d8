"""Control routes about one member's inbox: what people do with invoices on screen, and how the list moves."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.twins.infomart.approvals import approved, rejected
from connector.twins.infomart.dice import dice
from connector.twins.infomart.drift import read_drift
from connector.twins.infomart.inbox import Inbox, Received, Sent
from connector.twins.infomart.journals import read_bookings
from connector.twins.infomart.members import Member
from connector.twins.infomart.stages import Stages
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World

_MOST_ADDED = 10_000
_LISTS = ("remove", "approve", "reject", "return", "issue_again", "untax")
_MAPS = ("restatus", "move")
_KEYS = {"add", "place", "reception_date", "shuffle", *_LISTS, *_MAPS}


def member_of(world: World, request: Request) -> Member:
    """The member in the path; 404 if there is none."""
    member = world.members.find(request.path_params["pfid"])
    if member is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, "no such member")
    return member


@dataclass(frozen=True, slots=True)
class Inboxes:
    """Moves invoices as the receiver's people and their issuers do."""

    world: World

    def routes(self) -> list[Route]:
        """Everything below one member's invoices, and the drift of its list."""
        invoices = "/members/{pfid}/invoices"
        return [
            Route(invoices, self.invoices, methods=["GET"]),
            Route(invoices, telling(self.change), methods=["POST"]),
            Route(invoices + "/{number:int}", self.history, methods=["GET"]),
            Route(invoices + "/{number:int}/journals", telling(self.book), methods=["POST"]),
            Route("/members/{pfid}/drift", self.drift, methods=["GET"]),
            Route("/members/{pfid}/drift", telling(self.let_drift), methods=["POST"]),
            Route("/members/{pfid}/drift", self.stand_still, methods=["DELETE"]),
        ]

    async def invoices(self, request: Request) -> Response:
        """What is in the member's inbox: number, day and code of each."""
        return JSONResponse(self._listed(member_of(self.world, request)))

    async def change(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Invoices arrive, leave, move on, go back to their issuers or change places: all that is asked, or nothing."""
        member = member_of(self.world, request)
        wish = read_wish(body, member, self.world.clock.today())
        trial = self.world.members.inbox(member).copy()
        self._fulfil(wish, member, trial)
        now = self.world.clock.now()
        added = trial.deliver(wish.add, wish.reception_date, now=now, place=wish.place)
        self.world.members.keep(member, inbox=trial)
        self._tell_issuers(wish, trial)
        facts = {"added": added, "removed": wish.numbers["remove"], "restatused": wish.as_json("restatus")}
        others = {name: wish.numbers[name] for name in _LISTS[1:] if wish.numbers[name]}
        self.world.ledger.write("invoices_changed", pfid=member.pfid, **facts, **others)
        return JSONResponse({"added": added, **self._listed(member)})

    async def history(self, request: Request) -> Response:
        """Where one invoice stands and how it came there, which no API of the provider tells [IM-57]."""
        received = self._received(request)
        return JSONResponse(
            {
                "mng_num": received.mng_num,
                "wf_status": received.past[-1].wf_status,
                "history": [
                    {"at": step.at.isoformat(), "deed": step.deed, "wf_status": step.wf_status}
                    for step in received.past
                ],
            }
        )

    async def book(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Journals are entered on screen (flow 6): `{"details": {"1": [journal]}}`, as API 6 tells them."""
        member, received = member_of(self.world, request), self._received(request)
        details, masters = body.get("details"), self.world.members.masters(member)
        if not isinstance(details, dict):
            raise ValueError("details must give line numbers their journals")  # noqa: TRY004  # told like the others
        entered = {int(seq): read_bookings(told, masters) for seq, told in details.items()}
        self.world.members.inbox(member).change(received.mng_num, entered=entered)
        booked = {str(seq): len(bookings) for seq, bookings in entered.items()}
        self.world.ledger.write("journals_entered", pfid=member.pfid, mng_num=received.mng_num, booked=booked)
        return JSONResponse({"booked": booked})

    async def drift(self, request: Request) -> Response:
        """How the member's list moves between readings; null: it does not."""
        drift = self.world.drifts.get(member_of(self.world, request).pfid)
        return JSONResponse({"drift": drift.as_json() if drift is not None else None})

    async def let_drift(self, request: Request, body: Mapping[str, Any]) -> Response:
        """From now on the list moves after each reading."""
        drift = read_drift(body)
        member = member_of(self.world, request)
        self.world.drifts[member.pfid] = drift
        self.world.ledger.write("drift_set", pfid=member.pfid, **drift.as_json())
        return await self.drift(request)

    async def stand_still(self, request: Request) -> Response:
        """The list moves no more."""
        member = member_of(self.world, request)
        self.world.drifts.pop(member.pfid, None)
        self.world.ledger.write("drift_ended", pfid=member.pfid)
        return await self.drift(request)

    def _fulfil(self, wish: "Wish", member: Member, inbox: Inbox) -> None:
        now, today = self.world.clock.now(), self.world.clock.today()
        inbox.remove(wish.numbers["remove"])
        inbox.stand(wish.restatus, deed="restatused", now=now)
        moves: tuple[tuple[str, str, Callable[..., int]], ...] = (
            ("approve", "approved", approved),
            ("reject", "rejected", rejected),
        )
        for name, deed, onward in moves:
            codes = {
                number: onward(inbox.find(number).wf_status, uses_workflow=member.uses_workflow)
                for number in wish.numbers[name]
            }
            inbox.stand(codes, deed=deed, now=now)
        inbox.hand_back(wish.numbers["return"], now=now)
        if theirs := [number for number in wish.numbers["issue_again"] if inbox.find(number).sent is not None]:
            raise ValueError(f"issued again by their issuers only, through API 3: {theirs}")
        inbox.issue_again(wish.numbers["issue_again"], today=today, now=now)
        for number in wish.numbers["untax"]:
            inbox.change(number, untaxed=True)
        for number, place in wish.move.items():
            inbox.move(number, place)
        if wish.shuffle is not None:
            inbox.shuffle(dice("shuffle", wish.shuffle))

    def _tell_issuers(self, wish: "Wish", inbox: Inbox) -> None:
        """Issuers who are members themselves see that their invoices were opened, or came back."""
        touched = {*wish.numbers["approve"], *wish.numbers["reject"], *wish.numbers["return"], *wish.restatus}
        for number in sorted(touched):
            sent = inbox.find(number).sent
            if sent is None:
                continue
            stages = Stages(self.world, self._issuer(sent))
            if sent.issued.seal_date is None:
                stages.open(sent.issued)
            if number in wish.numbers["return"]:
                stages.send_back(sent.issued)

    def _issuer(self, sent: Sent) -> Member:
        outboxes = ((member, self.world.issuers.of(member).outbox) for member in self.world.members.everyone())
        return next(member for member, outbox in outboxes if outbox.find(sent.issued.mng_num) is not None)

    def _received(self, request: Request) -> Received:
        inbox = self.world.members.inbox(member_of(self.world, request))
        try:
            return inbox.find(request.path_params["number"])
        except ValueError as wrong:
            raise HTTPException(HTTPStatus.NOT_FOUND, str(wrong)) from wrong

    def _listed(self, member: Member) -> dict[str, Any]:
        inbox = self.world.members.inbox(member)
        return {
            "invoices": [
                {
                    "mng_num": each.mng_num,
                    "reception_date": each.reception_date.isoformat(),
                    "wf_status": each.wf_status,
                }
                for each in inbox.everything()
            ],
            "returned": [each.mng_num for each in inbox.returned()],
        }


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall happen in an inbox."""

    add: int
    place: int | None
    reception_date: date
    numbers: Mapping[str, list[int]]
    restatus: Mapping[int, int]
    move: Mapping[int, int]
    shuffle: int | None

    def as_json(self, name: str) -> dict[str, int]:
        """One of the maps, for the ledger."""
        return {str(number): value for number, value in getattr(self, name).items()}


def read_wish(body: Mapping[str, Any], member: Member, today: date) -> Wish:
    """The wish that this JSON object describes; ValueError says what is wrong with it."""
    if unknown := sorted(set(body) - _KEYS):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    add = _whole(body, "add") or 0
    if not 0 <= add <= _MOST_ADDED:
        raise ValueError(f"add must be 0 to {_MOST_ADDED}")
    numbers = {name: body.get(name, []) for name in _LISTS}
    for name, listed in numbers.items():
        if not isinstance(listed, list) or not all(type(number) is int for number in listed):
            raise ValueError(f"{name} must be a list of management numbers")
    restatus, move = body.get("restatus", {}), body.get("move", {})
    if not isinstance(restatus, dict) or not all(code in member.codes for code in restatus.values()):
        raise ValueError(f"restatus must give management numbers one of the member's codes: {member.codes}")
    if not isinstance(move, dict) or not all(type(place) is int and place >= 0 for place in move.values()):
        raise ValueError("move must give management numbers their places, from 0")
    named = [*numbers["remove"], *map(int, restatus), *numbers["approve"], *numbers["reject"], *numbers["return"]]
    if len(set(named)) < len(named):
        raise ValueError("an invoice cannot both leave and move on, nor take two steps at once")
    return Wish(
        add,
        _whole(body, "place"),
        date.fromisoformat(body.get("reception_date", today.isoformat())),
        numbers,
        {int(number): code for number, code in restatus.items()},
        {int(number): place for number, place in move.items()},
        _whole(body, "shuffle"),
    )


def _whole(body: Mapping[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is not None and (type(value) is not int or value < 0):
        raise ValueError(f"{name} must be a whole number from 0")
    return value
