"""The control routes, under `/_sim`, let tests and people change the world; the real provider has none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from connector.twins.infomart.clients import read_client
from connector.twins.infomart.faults import read_fault
from connector.twins.infomart.joining import join
from connector.twins.infomart.members import Member
from connector.twins.infomart.sim_issuing import Issuing
from connector.twins.infomart.sim_knobs import Behaviour
from connector.twins.infomart.sim_tokens import Tokens
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World

_MOST_ADDED = 10_000
_FARTHEST_LEAP = 10 * 366 * 86_400  # ten years of seconds


@dataclass(frozen=True, slots=True)
class Sim:
    """Reads the ledger, moves the clock, and changes members, invoices, clients and faults."""

    world: World

    def routes(self) -> Mount:
        """Everything under `/_sim`; a wrong request answers 400 and changes nothing."""
        return Mount(
            "/_sim",
            routes=[
                Route("/ledger", self.ledger, methods=["GET"]),
                Route("/clock", self.clock, methods=["GET"]),
                Route("/clock", telling(self.advance), methods=["POST"]),
                Route("/members", self.members, methods=["GET"]),
                Route("/members", telling(self.save_member), methods=["POST"]),
                Route("/members/{pfid}/invoices", self.invoices, methods=["GET"]),
                Route("/members/{pfid}/invoices", telling(self.change_invoices), methods=["POST"]),
                Route("/clients", telling(self.save_client), methods=["POST"]),
                Route("/faults", self.faults, methods=["GET"]),
                Route("/faults", telling(self.plan_fault), methods=["POST"]),
                Route("/faults", self.forget_faults, methods=["DELETE"]),
                *Tokens(self.world).routes(),
                *Behaviour(self.world).routes(),
                *Issuing(self.world).routes(),
            ],
        )

    async def ledger(self, request: Request) -> Response:
        """Entries numbered after `?after=`, and the newest number there is."""
        after = request.query_params.get("after", "0")
        if not after.isdecimal():
            raise HTTPException(HTTPStatus.BAD_REQUEST, "after must be a whole number")
        ledger = self.world.ledger
        return JSONResponse({"entries": ledger.after(int(after)), "last_seq": len(ledger)})

    async def clock(self, _: Request) -> Response:
        """The twin's time and its day in Japan."""
        clock = self.world.clock
        return JSONResponse({"now": clock.now().isoformat(), "today": clock.today().isoformat()})

    async def advance(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Time moves on by `advance_seconds`."""
        seconds: Any = body.get("advance_seconds")
        if type(seconds) not in {int, float} or not 0 <= seconds <= _FARTHEST_LEAP:
            raise ValueError(f"advance_seconds must be a number from 0 to {_FARTHEST_LEAP}")
        self.world.clock.advance(timedelta(seconds=seconds))
        self.world.ledger.write("clock_advanced", seconds=seconds)
        return await self.clock(request)

    async def members(self, _: Request) -> Response:
        """Every member, without passwords."""
        members = self.world.members
        return JSONResponse({"members": [members.describe(each) for each in members.everyone()]})

    async def save_member(self, _: Request, body: Mapping[str, Any]) -> Response:
        """A member is added, or the one with this PFID changed."""
        return JSONResponse(self.world.members.describe(join(self.world, body)))

    async def invoices(self, request: Request) -> Response:
        """What is in the member's inbox: number, day and code of each."""
        return JSONResponse(self._listed(self._member(request)))

    async def change_invoices(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Invoices arrive (`add`, `reception_date`), leave (`remove`) or move on (`restatus`)."""
        member = self._member(request)
        inbox, today = self.world.members.inbox(member), self.world.clock.today()
        change = _read_change(body, member, today)
        inbox.change(remove=change.remove, restatus=change.restatus)
        added = inbox.deliver(change.add, change.reception_date)
        self.world.ledger.write(
            "invoices_changed",
            pfid=member.pfid,
            added=added,
            removed=change.remove,
            restatused={str(number): code for number, code in change.restatus.items()},
        )
        return JSONResponse({"added": added, **self._listed(member)})

    async def save_client(self, _: Request, body: Mapping[str, Any]) -> Response:
        """A client is registered, or the one with this id replaced."""
        client = read_client(body)
        self.world.register(client)
        return JSONResponse({"client_id": client.id, "redirect_uris": list(client.redirect_uris)})

    async def faults(self, _: Request) -> Response:
        """What is still to go wrong."""
        return JSONResponse({"waiting": self.world.faults.waiting(), "extra_keys": self.world.extra_keys})

    async def plan_fault(self, request: Request, body: Mapping[str, Any]) -> Response:
        """A fault waits for the next calls; or `extra_keys` is switched for all of them."""
        if set(body) == {"extra_keys"}:
            if type(body["extra_keys"]) is not bool:
                raise ValueError("extra_keys must be true or false")
            self.world.extra_keys = body["extra_keys"]
            self.world.ledger.write("extra_keys_switched", on=self.world.extra_keys)
        else:
            fault = read_fault(body)
            self.world.faults.add(fault)
            self.world.ledger.write(
                "fault_planned", operation=fault.operation, kind=fault.kind, count=fault.count, skip=fault.skip
            )
        return await self.faults(request)

    async def forget_faults(self, request: Request) -> Response:
        """Nothing more will go wrong."""
        self.world.faults.clear()
        self.world.ledger.write("faults_forgotten")
        return await self.faults(request)

    def _member(self, request: Request) -> Member:
        member = self.world.members.find(request.path_params["pfid"])
        if member is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such member")
        return member

    def _listed(self, member: Member) -> dict[str, Any]:
        return {
            "invoices": [
                {
                    "mng_num": each.mng_num,
                    "reception_date": each.reception_date.isoformat(),
                    "wf_status": each.wf_status,
                }
                for each in self.world.members.inbox(member).everything()
            ]
        }


@dataclass(frozen=True, slots=True)
class _Change:
    add: int
    reception_date: date
    remove: list[int]
    restatus: dict[int, int]


def _read_change(body: Mapping[str, Any], member: Member, today: date) -> _Change:
    if unknown := sorted(set(body) - {"add", "reception_date", "remove", "restatus"}):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    add, remove, restatus = body.get("add", 0), body.get("remove", []), body.get("restatus", {})
    if type(add) is not int or not 0 <= add <= _MOST_ADDED:
        raise ValueError(f"add must be 0 to {_MOST_ADDED}")
    if not isinstance(remove, list) or not all(type(number) is int for number in remove):
        raise ValueError("remove must be a list of management numbers")
    if not isinstance(restatus, dict) or not all(code in member.codes for code in restatus.values()):
        raise ValueError(f"restatus must give management numbers one of the member's codes: {member.codes}")
    codes = {int(number): code for number, code in restatus.items()}
    if set(codes) & set(remove):
        raise ValueError("an invoice cannot both leave and move on")
    return _Change(add, date.fromisoformat(body.get("reception_date", today.isoformat())), remove, codes)
