"""A receiver speaks the buying side's operations, in either generation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from connector.twins.infomart.profiles import PROFILES
from tests.twins.infomart.visitor import PASSWORD, PFID, WINDOW, Visitor

V1, V2 = PROFILES


@dataclass(frozen=True, slots=True)
class Receiver:
    visitor: Visitor
    generation: str = "v1"
    pfid: str = PFID

    async def ask(self, operation: str, **fields: Any) -> httpx2.Response:
        profile = V1 if self.generation == "v1" else V2
        wire = profile.wires[operation]
        token = (await self.visitor.tokens(self.pfid, PASSWORD))["access_token"]
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
        said = {"response_type": "json", **fields}
        if wire.method == "GET":
            return await self.visitor.http.get(wire.path, params=said, headers=headers)
        return await self.visitor.http.post(wire.path, json=said, headers=headers)

    async def masters(self, **fields: Any) -> Any:
        return told(await self.ask("masters", **fields))

    async def change(self, **arrays: Any) -> httpx2.Response:
        return await self.ask("save_masters", **arrays)

    async def save(self, *suppliers: Mapping[str, Any]) -> httpx2.Response:
        return await self.ask("suppliers", suppliers=list(suppliers))

    async def invoices(self, **wishes: Any) -> list[dict[str, Any]]:
        body = told(await self.ask("invoices", **{**WINDOW, **wishes}))
        found: list[dict[str, Any]] = body["invoices" if self.generation == "v1" else "invdata"]
        return found

    async def has(self, **flags: bool) -> None:
        await self.visitor.sim("members", {"pfid": self.pfid, **flags})

    async def sim(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self.visitor.sim(f"members/{self.pfid}/{path}", body)

    async def seen(self, path: str) -> Any:
        return (await self.visitor.http.get(f"/_sim/members/{self.pfid}/{path}")).json()

    async def deeds(self, *events: str) -> list[dict[str, Any]]:
        """What the ledger says of these events, without what differs from run to run."""
        entries = await self.visitor.events(*events)
        return [{key: fact for key, fact in each.items() if key not in {"seq", "at", "request_id"}} for each in entries]


def told(answer: httpx2.Response) -> Any:
    """The body of an answer in which nothing is refused."""
    body = answer.json()
    assert (answer.status_code, body["result"], body["error_list"]) == (200, "0", []), body
    return body


def refused(answer: httpx2.Response) -> list[tuple[str, str | None, int | None]]:
    """Code, item and index of each refusal, in order."""
    body = answer.json()
    assert body["result"] == "1"
    return [(each["error_code"], each["error_item"], each["error_index"]) for each in body["error_list"]]
