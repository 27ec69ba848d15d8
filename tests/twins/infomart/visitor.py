"""A visitor does what a person's browser and a connector do, one step at a time."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx2
from starlette.types import ASGIApp

PFID = "keiri@example.co.jp"
PASSWORD = "canary-password"
CLIENT_ID = "connector"
CLIENT_SECRET = "canary-client-secret"
CALLBACK = "https://connector.example.jp/callback"
SCOPE = "openid profile email qualified"
AUTHORIZE = "/openam/oauth2/authorize"
TOKEN = "/openam/oauth2/access_token?realm=/api"
INVOICES = "/v1/invoice/buyer/invoices"
JSON = {"Accept": "application/json"}
WINDOW = {"response_type": "json", "reception_date_from": "2026-01-01", "reception_date_to": "2026-12-31"}


def asking(**changes: str) -> dict[str, str]:
    """A proper authorisation request, with changes."""
    asked = {
        "realm": "/api",
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "state": "xyz",
        "access_type": "offline",
    }
    return asked | changes


def landed(answer: httpx2.Response) -> dict[str, str]:
    """What the callback is told by a redirect to it."""
    assert answer.status_code == 302
    address = answer.headers["Location"]
    assert address.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@dataclass(frozen=True, slots=True)
class Visitor:
    http: httpx2.AsyncClient

    async def decide(self, decision: str = "allow", pfid: str = PFID, password: str = PASSWORD, **ask: str) -> Any:
        form = {**asking(**ask), "pfid": pfid, "password": password, "decision": decision}
        return await self.http.post(AUTHORIZE, data=form)

    async def code(self, pfid: str = PFID, password: str = PASSWORD, **ask: str) -> str:
        return landed(await self.decide(pfid=pfid, password=password, **ask))["code"]

    async def exchange(self, **fields: str) -> httpx2.Response:
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **fields}
        return await self.http.post(TOKEN, data={name: value for name, value in form.items() if value})

    async def redeem(self, code: str, /, **fields: str) -> httpx2.Response:
        proper = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return await self.exchange(**(proper | fields))

    async def refresh(self, refresh_token: str, /, **fields: str) -> httpx2.Response:
        return await self.exchange(**({"grant_type": "refresh_token", "refresh_token": refresh_token} | fields))

    async def tokens(self, pfid: str = PFID, password: str = PASSWORD) -> dict[str, Any]:
        answer = await self.redeem(await self.code(pfid, password))
        assert answer.status_code == 200
        body: dict[str, Any] = answer.json()
        return body

    async def invoices(
        self, access_token: str, headers: Mapping[str, str] = JSON, /, **changes: str | None
    ) -> httpx2.Response:
        query = {name: value for name, value in {**WINDOW, **changes}.items() if value is not None}
        carried = {**headers, "Authorization": f"Bearer {access_token}"}
        return await self.http.get(INVOICES, params=query, headers=carried)

    async def sim(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self.http.post(f"/_sim/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def pass_time(self, seconds: float) -> None:
        await self.sim("clock", {"advance_seconds": seconds})

    async def events(self, *names: str) -> list[dict[str, Any]]:
        entries = (await self.http.get("/_sim/ledger")).json()["entries"]
        return [entry for entry in entries if not names or entry["event"] in names]


@asynccontextmanager
async def visiting(app: ASGIApp) -> AsyncIterator[Visitor]:
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://infomart.twin") as http:
        yield Visitor(http)


def refused_codes(answer: httpx2.Response) -> list[tuple[str, str | None]]:
    """The code and the item of each refusal, in order, of an answer that is nothing but refused."""
    body = answer.json()
    assert body["result"] == "1"
    assert "invoices" not in body
    return [(each["error_code"], each["error_item"]) for each in body["error_list"]]


def parsed(answer: httpx2.Response) -> ET.Element:
    """The root of an answer in XML."""
    return ET.fromstring(answer.text)  # noqa: S314  # our own twin's
