"""The control routes, under `/_sim`, let tests and people change the world; the real provider has none of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from connector.twins.infomart.clients import read_client
from connector.twins.infomart.faults import read_fault
from connector.twins.infomart.joining import join
from connector.twins.infomart.sim_inbox import Inboxes
from connector.twins.infomart.sim_issuing import Issuing
from connector.twins.infomart.sim_knobs import Behaviour
from connector.twins.infomart.sim_masters import Keeping
from connector.twins.infomart.sim_tokens import Tokens
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World

_FARTHEST_LEAP = 10 * 366 * 86_400  # ten years of seconds


@dataclass(frozen=True, slots=True)
class Sim:
    """Reads the ledger, moves the clock, and changes members, clients and faults."""

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
                Route("/clients", telling(self.save_client), methods=["POST"]),
                Route("/faults", self.faults, methods=["GET"]),
                Route("/faults", telling(self.plan_fault), methods=["POST"]),
                Route("/faults", self.forget_faults, methods=["DELETE"]),
                *Tokens(self.world).routes(),
                *Behaviour(self.world).routes(),
                *Issuing(self.world).routes(),
                *Inboxes(self.world).routes(),
                *Keeping(self.world).routes(),
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
