"""Control routes about how the platform behaves: its knobs, and the calendar of its maintenance."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.twins.infomart.maintenance import read_calendar
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Turns knobs."""

    world: World

    def routes(self) -> list[Route]:
        """Knobs and calendar."""
        return [
            Route("/knobs", self.knobs, methods=["GET"]),
            Route("/knobs", telling(self.turn), methods=["POST"]),
            Route("/maintenance/calendar", self.calendar, methods=["GET"]),
            Route("/maintenance/calendar", telling(self.announce), methods=["POST"]),
        ]

    async def knobs(self, _: Request) -> Response:
        """Where every knob stands."""
        return JSONResponse(self.world.knobs.as_json())

    async def turn(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Some knobs are turned, all of them or none."""
        self.world.knobs.turn(body)
        self.world.ledger.write("knobs_turned", **body)
        return await self.knobs(request)

    async def calendar(self, _: Request) -> Response:
        """The closed times of every month, in Japan."""
        return JSONResponse(self.world.calendar.as_json())

    async def announce(self, request: Request, body: Mapping[str, Any]) -> Response:
        """The closed times from now on: `{"monthly": [{"day": 12, "starts": "22:00", "minutes": 480}]}`."""
        self.world.calendar = read_calendar(body)
        self.world.ledger.write("maintenance_announced", **self.world.calendar.as_json())
        return await self.calendar(request)
