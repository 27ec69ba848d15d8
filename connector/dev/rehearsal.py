"""The main job, done once from end to end through the surfaces that people and programs use."""

import asyncio
import time
from typing import Any

import aiohttp

from connector.dev import graph
from connector.dev.companies import PROVIDER, Cast, Company
from connector.dev.graph import Graph
from connector.dev.system import System
from connector.dev.visitor import join
from connector.secret import Secret

_PATIENCE = 60.0  # seconds for a worker to read everything
_LOOK_AGAIN = 0.1


class RehearsalFailedError(RuntimeError):
    """The main job did not go as it must; the message says where."""


async def ids_of(ask: Graph) -> dict[str, str]:
    """The graph's id of each tenant, by name."""
    answer = await ask.ask(graph.TENANTS)
    return {edge["node"]["name"]: edge["node"]["id"] for edge in answer["data"]["tenants"]["edges"]}


async def make_link(ask: Graph, tenant_id: str) -> str:
    """A fresh onboarding link."""
    answer = await ask.ask(graph.MAKE_LINK, tenant=tenant_id, provider=PROVIDER)
    payload = answer["data"]["createOnboardingLink"]
    if payload["userErrors"]:
        raise RehearsalFailedError(f"no link was made: {payload['userErrors']}")
    url: str = payload["link"]["url"]
    return url


async def connect(ask: Graph, company: Company) -> dict[str, dict[str, Any]]:
    """Joins by link as the company's administrator, and waits until its invoices are read; a fetch for each side."""
    tenant_id = (await ids_of(ask))[company.tenant.name]
    last = await join(await make_link(ask, tenant_id), pfid=company.pfid, password=company.password)
    if last.code != 200 or "/connect/confirm/" not in last.url:  # noqa: PLR2004 - HTTP OK
        raise RehearsalFailedError(f"joining ended on {last.url.split('?')[0]} with HTTP {last.code}")
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        answer = await ask.ask(graph.FETCHES, tenant=tenant_id)
        fetches = answer["data"]["tenant"]["fetches"]
        if fetches and all(each["reading"] in {"COMPLETE", "FAILED"} for each in fetches):
            return {each["side"]: each for each in reversed(fetches)}
        await asyncio.sleep(_LOOK_AGAIN)
    raise RehearsalFailedError(f"nothing was read within {_PATIENCE:.0f} seconds")


async def rehearse(system: System, cast: Cast, began: float) -> dict[str, Any]:
    """The report of one whole run; raises RehearsalFailedError when any part of it is not as it must be."""
    async with aiohttp.ClientSession() as session:
        ask = Graph(session, system.web_url, cast.key)
        fetches = await connect(ask, cast.connected)
        await connect(ask, cast.without_option)
        tenants = await ids_of(ask)
        queries, invoices = await _read_all(ask, tenants[cast.connected.tenant.name])
        queries += await _read_some(ask, tenants[cast.connected.tenant.name], invoices[0])
        issued = await _issued(ask, tenants[cast.connected.tenant.name], queries)
        refused = [
            await _refusal(ask, cast.without_option.tenant.name, tenants[cast.without_option.tenant.name]),
            await _stranger(session, system.web_url, tenants[cast.connected.tenant.name]),
        ]
        told = await _in_the_twin(session, system.twin_url, cast.connected, "invoices")
        issued_there = await _in_the_twin(session, system.twin_url, cast.connected, "issued")
    keys = {invoice["id"] for invoice in invoices}
    if {each["reading"] for each in fetches.values()} != {"COMPLETE"} or len(keys) != told or len(invoices) != told:
        raise RehearsalFailedError(f"the twin holds {told} invoices and the graph told {len(keys)}: {fetches}")
    if issued != issued_there:
        raise RehearsalFailedError(f"the twin issued {issued_there} invoices and the graph told {issued}: {fetches}")
    return {
        "tenants": len(tenants),
        "invoicesFetched": fetches["RECEIVER"]["rows"],
        "pages": fetches["RECEIVER"]["pages"],
        "issuedInvoicesFetched": issued,
        "queries": queries,
        "refused": refused,
        "seconds": round(time.monotonic() - began, 2),
    }


async def _read_all(ask: Graph, tenant_id: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    queries, invoices, after = [], [], None
    while True:
        answer = _whole(await ask.ask(graph.INVOICES, tenant=tenant_id, after=after))
        page = answer["tenant"]["receivedInvoices"]
        nodes = [edge["node"] for edge in page["edges"]]
        invoices += nodes
        queries.append({"name": "Invoices", "rows": len(nodes), "totalCount": page["totalCount"]})
        if not page["pageInfo"]["hasNextPage"]:
            return queries, invoices
        after = page["pageInfo"]["endCursor"]


async def _read_some(ask: Graph, tenant_id: str, first: dict[str, Any]) -> list[dict[str, Any]]:
    wanted = {"stages": ["APPROVED"], "totalFrom": "10000"}
    page = _whole(await ask.ask(graph.FILTERED, tenant=tenant_id, filter=wanted))["tenant"]["receivedInvoices"]
    nodes = [edge["node"] for edge in page["edges"]]
    if not nodes or any(node["stage"] != "APPROVED" or float(node["total"]) < 10000 for node in nodes):  # noqa: PLR2004 - as asked above
        raise RehearsalFailedError(f"the filter let the wrong invoices through: {nodes}")
    one = _whole(await ask.ask(graph.NODE, id=first["id"]))["node"]
    if one["number"] != first["number"]:
        raise RehearsalFailedError("an invoice asked for by id is not the one listed")
    return [
        {"name": "Filtered", "rows": len(nodes), "totalCount": page["totalCount"]},
        {"name": "One", "rows": 1, "totalCount": 1},
    ]


async def _issued(ask: Graph, tenant_id: str, queries: list[dict[str, Any]]) -> int:
    """How many issued invoices the graph tells, and another line of the report."""
    page = _whole(await ask.ask(graph.ISSUED, tenant=tenant_id))["tenant"]["issuedInvoices"]
    rows = len({edge["node"]["key"] for edge in page["edges"]})
    queries.append({"name": "Issued", "rows": rows, "totalCount": page["totalCount"]})
    return rows


async def _refusal(ask: Graph, name: str, tenant_id: str) -> dict[str, Any]:
    answer = await ask.ask(graph.INVOICES, tenant=tenant_id)
    codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
    if codes != ["NOT_ENTITLED"] or "api_option" not in answer["errors"][0]["message"]:
        raise RehearsalFailedError(f"a tenant without the API option was answered: {answer}")
    return {"tenant": name, "code": codes[0], "message": answer["errors"][0]["message"]}


async def _stranger(session: aiohttp.ClientSession, web_url: str, tenant_id: str) -> dict[str, Any]:
    answer = await Graph(session, web_url, Secret("cx_live_nobody")).ask(graph.INVOICES, tenant=tenant_id)
    codes = [error["extensions"]["code"] for error in answer["errors"]]
    if codes != ["KEY_REFUSED"]:
        raise RehearsalFailedError(f"a stranger was answered: {codes}")
    return {"tenant": "(a stranger's key)", "code": codes[0], "message": answer["errors"][0]["message"]}


async def _in_the_twin(session: aiohttp.ClientSession, twin_url: str, company: Company, held: str) -> int:
    """How many invoices the provider itself says it holds, received (`invoices`) or `issued`."""
    async with session.get(f"{twin_url}/_sim/members/{company.pfid}/{held}") as answer:
        return len((await answer.json())[held])


def _whole(answer: dict[str, Any]) -> dict[str, Any]:
    if answer.get("errors"):
        raise RehearsalFailedError(f"the graph answered with errors: {answer['errors']}")
    data: dict[str, Any] = answer["data"]
    return data
