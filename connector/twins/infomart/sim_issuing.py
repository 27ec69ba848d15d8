"""Control routes about the issuing side: what was really issued, what people do with it on screen, and its masters."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.twins.infomart.issued_history import fill
from connector.twins.infomart.issuers import Issuer, Layout
from connector.twins.infomart.joining import MOST_ISSUED
from connector.twins.infomart.members import Member
from connector.twins.infomart.outbox import Issued
from connector.twins.infomart.stages import STEPS, Stages
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World

_LONGEST_SPREAD = 3_660


@dataclass(frozen=True, slots=True)
class Issuing:
    """Shows and moves the invoices of issuers, and changes masters as a person on screen would."""

    world: World

    def routes(self) -> list[Route]:
        """Everything about the issuing side of one member."""
        member = "/members/{pfid}"
        return [
            Route(f"{member}/issued", self.issued, methods=["GET"]),
            Route(f"{member}/issued", telling(self.move), methods=["POST"]),
            Route(f"{member}/issued/fill", telling(self.fill), methods=["POST"]),
            Route(f"{member}/masters", self.masters, methods=["GET"]),
            Route(f"{member}/masters", telling(self.change_masters), methods=["POST"]),
        ]

    async def issued(self, request: Request) -> Response:
        """Every invoice as it truly is, whether the list shows it yet or not."""
        member, issuer = self._whose(request)
        Stages(self.world, member).settle()
        return JSONResponse({"issued": [each.truth() for each in issuer.outbox]})

    async def move(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Steps are taken with some invoices: `{"return": [mng_num]}`; `hold` and `release` open and close them."""
        member, issuer = self._whose(request)
        stages = Stages(self.world, member)
        stages.settle()
        known = {*STEPS, "hold", "release"}
        if unknown := sorted(set(body) - known):
            raise ValueError(f"unknown steps: {', '.join(unknown)}; known: {', '.join(sorted(known))}")
        found = {name: _invoices(issuer, name, numbers) for name, numbers in body.items()}
        taken = [each.mng_num for invoices in found.values() for each in invoices]
        if len(set(taken)) < len(taken):
            raise ValueError("an invoice takes one step at a time")
        for name in STEPS.keys() & found.keys():
            STEPS[name].check(found[name])
        for name, invoices in found.items():
            if name in STEPS:
                stages.take(name, invoices)
            else:
                self._hold(member, invoices, 1 if name == "hold" else -1)
        return await self.issued(request)

    async def fill(self, request: Request, body: Mapping[str, Any]) -> Response:
        """Invoices of earlier days: `{"count": 40, "spread_days": 60}`; they are added to what there is."""
        member, _ = self._whose(request)
        count, spread = body.get("count"), body.get("spread_days", 60)
        if set(body) - {"count", "spread_days"} or type(count) is not int or not 0 < count <= MOST_ISSUED:
            raise ValueError(f"count must be 1 to {MOST_ISSUED}")
        if type(spread) is not int or not 1 <= spread <= _LONGEST_SPREAD:
            raise ValueError(f"spread_days must be 1 to {_LONGEST_SPREAD}")
        return JSONResponse({"added": fill(self.world, member, count, spread)})

    async def masters(self, request: Request) -> Response:
        """Publishers, customers, accounts and layouts."""
        _, issuer = self._whose(request)
        return JSONResponse(_as_json(issuer))

    async def change_masters(self, request: Request, body: Mapping[str, Any]) -> Response:
        """What a person does on screen: set up layouts, repeat a publisher's code, connect a customer."""
        member, issuer = self._whose(request)
        if unknown := sorted(set(body) - {"layouts", "publishers", "connect"}):
            raise ValueError(f"unknown keys: {', '.join(unknown)}")
        layouts = [Layout(**each) for each in _objects(body, "layouts")]
        publishers = _objects(body, "publishers")
        if not all(isinstance(each.get("publisher_mng_num"), str) for each in publishers):
            raise ValueError("a publisher has its publisher_mng_num")
        connect: Any = body.get("connect", {})
        if not isinstance(connect, dict):
            raise ValueError("connect must be an object")  # noqa: TRY004  # told like every wrong body
        for code, pfid in connect.items():
            if code not in issuer.masters.customers or self.world.members.find(pfid) is None:
                raise ValueError(f"connect names a customer's code and a member's PFID, not {code!r} and {pfid!r}")
        issuer.layouts |= {each.invoice_setting_code: each for each in layouts}
        issuer.masters.publishers += [dict(each) for each in publishers]
        for code, pfid in connect.items():
            customer = issuer.masters.customers[code]
            customer.connected_to, customer.invite_status = pfid, "2"
        self.world.ledger.write("masters_changed_on_screen", pfid=member.pfid, **body)
        return await self.masters(request)

    def _hold(self, member: Member, invoices: list[Issued], change: int) -> None:
        """Somebody has them open on screen, or has closed them."""
        for issued in invoices:
            self.world.held[issued.mng_num] = max(0, self.world.held[issued.mng_num] + change)
            event = "invoice_held" if change > 0 else "invoice_released"
            self.world.ledger.write(event, pfid=member.pfid, mng_num=issued.mng_num)

    def _whose(self, request: Request) -> tuple[Member, Issuer]:
        member = self.world.members.find(request.path_params["pfid"])
        if member is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "no such member")
        return member, self.world.issuers.of(member)


def _invoices(issuer: Issuer, name: str, numbers: Any) -> list[Issued]:
    if not isinstance(numbers, list):
        raise ValueError(f"{name} must be a list of management numbers")  # noqa: TRY004  # told like every wrong body
    found = [issuer.outbox.find(number) for number in numbers]
    if strangers := [number for number, each in zip(numbers, found, strict=True) if each is None]:
        raise ValueError(f"not in this outbox: {strangers}")
    return [each for each in found if each is not None]


def _objects(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    listed = body.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise ValueError(f"{name} must be a list of objects")
    return listed


def _as_json(issuer: Issuer) -> dict[str, Any]:
    customers = issuer.masters.customers.values()
    return {
        "publishers": issuer.masters.publishers,
        "customers": [{**each.block(), "connected_to": each.connected_to} for each in customers],
        "accounts": list(issuer.masters.accounts.values()),
        "layouts": [asdict(each) for each in issuer.layouts.values()],
    }
