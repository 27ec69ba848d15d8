"""Control routes about what a receiver keeps: its journal masters and its supplier list, seeded and shown whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connector.twins.infomart.changing_masters import apply_fields, read_change
from connector.twins.infomart.chart import invent
from connector.twins.infomart.masters import Kind, Masters, ObstacleError
from connector.twins.infomart.rules import Findings
from connector.twins.infomart.saving_suppliers import read_supplier
from connector.twins.infomart.sim_inbox import member_of
from connector.twins.infomart.supplier_list import CODE, Invited, SupplierList
from connector.twins.infomart.telling import telling
from connector.twins.infomart.world import World


@dataclass(frozen=True, slots=True)
class Keeping:
    """Seeds and shows masters and suppliers; the option and the paid membership do not matter here."""

    world: World

    def routes(self) -> list[Route]:
        """Masters and suppliers of one member."""
        return [
            Route("/members/{pfid}/journal_masters", self.masters, methods=["GET"]),
            Route("/members/{pfid}/journal_masters", telling(self.seed_masters), methods=["POST"]),
            Route("/members/{pfid}/suppliers", self.suppliers, methods=["GET"]),
            Route("/members/{pfid}/suppliers", telling(self.seed_suppliers), methods=["POST"]),
        ]

    async def masters(self, request: Request) -> Response:
        """Every master of the member, kind by kind."""
        masters = self.world.members.masters(member_of(self.world, request))
        return JSONResponse({kind.value: [each.as_json() for each in masters.listed(kind)] for kind in Kind})

    async def seed_masters(self, request: Request, body: Mapping[str, Any]) -> Response:
        """`{"replace": {"accounts": […]}}`: these and no others; `{"invent": {"accounts": n}, "seed": s}`: more."""
        member = member_of(self.world, request)
        _know(body, "replace", "invent", "seed")
        wanted, seed = body.get("invent", {}), body.get("seed", 1)
        if not isinstance(wanted, dict) or not all(type(count) is int for count in (*wanted.values(), seed)):
            raise ValueError("invent must give kinds their numbers, and seed be one")
        counts = {Kind(name): count for name, count in wanted.items()}
        masters = _read_masters(body["replace"]) if "replace" in body else self.world.members.masters(member).copy()
        for master in invent(masters, counts, seed):
            masters.save(master)
        self.world.members.keep(member, masters=masters)
        told = {kind.value: len(masters.listed(kind)) for kind in Kind}
        self.world.ledger.write("masters_seeded", pfid=member.pfid, **told)
        return await self.masters(request)

    async def suppliers(self, request: Request) -> Response:
        """Every supplier of the member."""
        suppliers = self.world.members.supplier_list(member_of(self.world, request))
        return JSONResponse({"suppliers": [each.as_json() for each in suppliers]})

    async def seed_suppliers(self, request: Request, body: Mapping[str, Any]) -> Response:
        """`{"replace": [supplier]}`: these and no others; `{"connect": [code]}`: these have joined the platform."""
        member = member_of(self.world, request)
        _know(body, "replace", "connect")
        known = self.world.members.supplier_list(member).copy()
        suppliers = _read_suppliers(body["replace"]) if "replace" in body else known
        joined = body.get("connect", [])
        if not isinstance(joined, list):
            raise ValueError("connect must be a list of codes")  # noqa: TRY004  # told like the others
        for code in joined:
            suppliers.stand(code, Invited.CONNECTED)
        self.world.members.keep(member, supplier_list=suppliers)
        self.world.ledger.write("suppliers_seeded", pfid=member.pfid, suppliers=len(list(suppliers)), connected=joined)
        return await self.suppliers(request)


def _know(body: Mapping[str, Any], *names: str) -> None:
    if unknown := sorted(set(body) - set(names)):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")


def _read_masters(arrays: Any) -> Masters:
    """The masters of these arrays, in the shape in which API 5 takes them; ValueError for one that it would refuse."""
    if not isinstance(arrays, dict) or not set(arrays) <= set(Kind):
        raise ValueError(f"replace gives some of {', '.join(Kind)} a list each")
    masters = Masters()
    for kind in Kind:
        for place, element in enumerate(arrays.get(kind, [])):
            change = read_change(kind, place, element)
            _check(change.faults)
            try:
                masters.save(apply_fields(change, None))
            except ObstacleError as obstacle:
                raise ValueError(f"{change.path}: {obstacle.obstacles}") from obstacle
    return masters


def _read_suppliers(elements: Any) -> SupplierList:
    """The same for suppliers; `invite_status` says how far each has come."""
    if not isinstance(elements, list):
        raise ValueError("replace must be a list of suppliers")  # noqa: TRY004  # told like the others
    suppliers = SupplierList()
    for place, element in enumerate(elements):
        wanted = read_supplier(place, element)
        _check(wanted.faults)
        try:
            suppliers.save(wanted.code, wanted.given)
        except ObstacleError as obstacle:
            raise ValueError(f"{element[CODE]}: {obstacle.obstacles}") from obstacle
        suppliers.stand(wanted.code, Invited(element.get("invite_status", Invited.NEVER)))
    return suppliers


def _check(faults: Findings) -> None:
    if faults.refusals:
        raise ValueError(", ".join(f"{each.error_code} {each.error_item}" for each in faults.refusals))
