"""Control routes about tokens: how they rotate, how many were minted, which of them live, who asked how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.twins.infomart.grants import Rotation
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World

_MOST_MINTED = 100_000
_SCOPE = "openid profile email qualified"
_SWITCHES = ("maintenance", "misspelt")


@dataclass(frozen=True, slots=True)
class Tokens:
    """Mints grants by the thousand, and says by its own account which tokens would be taken."""

    world: World

    def routes(self) -> list[Route]:
        """Everything about tokens."""
        return [
            Route("/rotation", telling(self.rotate_by), methods=["POST"]),
            Route("/incident", telling(self.refuse), methods=["POST"]),
            *(Route(f"/{name}", telling(self._switch(name)), methods=["POST"]) for name in _SWITCHES),
            Route("/grants", telling(self.mint), methods=["POST"]),
            Route("/tokens/alive", telling(self.alive), methods=["POST"]),
            Route("/counts", self.counts, methods=["GET"]),
        ]

    async def rotate_by(self, _: Request, body: Mapping[str, Any]) -> Response:
        """What becomes of used refresh tokens from now on: `{"rotation": "strict"}`, `grace` or `non_rotating`."""
        self.world.grants.rotation = Rotation(str(body.get("rotation")))
        self.world.ledger.write("rotation_changed", rotation=self.world.grants.rotation)
        return JSONResponse({"rotation": self.world.grants.rotation})

    async def refuse(self, _: Request, body: Mapping[str, Any]) -> Response:
        """The share of renewals that are refused as dead though their tokens live: `{"share": 0.05}`."""
        share: Any = body.get("share")
        if type(share) not in {int, float} or not 0 <= share <= 1:
            raise ValueError("share must be a number from 0 to 1")
        self.world.incident = float(share)
        self.world.ledger.write("incident", share=share)
        return JSONResponse({"share": share})

    def _switch(self, name: str) -> Any:
        async def switch(_: Request, body: Mapping[str, Any]) -> Response:
            if type(body.get("on")) is not bool:
                raise ValueError("on must be true or false")
            setattr(self.world, name, body["on"])
            self.world.ledger.write(f"{name}_switched", on=body["on"])
            return JSONResponse({"on": body["on"]})

        return switch

    async def mint(self, _: Request, body: Mapping[str, Any]) -> Response:
        """So many grants that nobody was asked for, each to a member of its own: `{"count": 100, "client_id": …}`."""
        count: Any = body.get("count")
        if type(count) is not int or not 0 < count <= _MOST_MINTED:
            raise ValueError(f"count must be 1 to {_MOST_MINTED}")
        client_id = str(body.get("client_id") or next(iter(self.world.clients), ""))
        if client_id not in self.world.clients:
            raise ValueError("client_id must be a registered client")
        made = []
        for number in range(count):
            pfid = f"minted-{number + 1}@example.co.jp"
            tokens = self.world.grants.mint(pfid, client_id=client_id, scope=_SCOPE)
            made.append({"pfid": pfid, "access_token": tokens.access, "refresh_token": tokens.refresh})
        self.world.ledger.write("grants_minted", count=count, client_id=client_id)
        return JSONResponse({"grants": made})

    async def alive(self, _: Request, body: Mapping[str, Any]) -> Response:
        """Which refresh tokens would earn a new pair now: `{"refresh_tokens": […]}` -> `{"alive": [true, …]}`."""
        texts: Any = body.get("refresh_tokens")
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise ValueError("refresh_tokens must be a list of strings")
        return JSONResponse({"alive": [self.world.grants.alive(text) for text in texts]})

    async def counts(self, _: Request) -> Response:
        """Calls of the token endpoint since the start: all, by member, and the most of one member's at once."""
        calls = self.world.calls
        return JSONResponse(
            {"calls": calls.total, "by_pfid": dict(calls.of_member), "most_at_once": calls.most_at_once}
        )
