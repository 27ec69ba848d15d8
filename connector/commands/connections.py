"""Commands that show how connections stand, and what an outage will have cost."""

from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from connector.bootstrap import Flows
from connector.commands.operate import tenant_id, with_flows
from connector.commands.run import AsJson
from connector.commands.telling import tell
from connector.domain.access import Scope
from connector.domain.connection import Connection
from connector.domain.plan import Plan
from connector.explaining import Explanation
from connector.explaining import explain as say
from connector.flows.planning import Whose
from connector.ids import ProviderKey, TenantId

connections = typer.Typer(help="How tenants' connections stand.", no_args_is_help=True)
upkeep = typer.Typer(help="Keeping consents alive.", no_args_is_help=True)

_SHOWN = 20  # connections at risk that are named one by one


@connections.callback()
def _connections() -> None:
    """How tenants' connections stand."""


@upkeep.callback()
def _upkeep() -> None:
    """Keeping consents alive."""


@connections.command("explain")
def explain(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    as_json: AsJson = False,
) -> None:
    """Explain a tenant's connections: what is wrong, since when, who acts and how, and what happens otherwise.

    Example: `connector connections explain TENANT-ID`
    """
    whom = tenant_id(tenant)
    found = with_flows(lambda flows: _explained(flows, whom))
    told = [_facts(connection, said) for connection, said in found]
    lines = [_lines(connection, said) for connection, said in found]
    tell({"connections": told}, "\n\n".join(lines) or "連携はありません。 / There is no connection.", as_json=as_json)


async def _explained(flows: Flows, tenant: TenantId) -> list[tuple[Connection, Explanation]]:
    reading = flows.reading
    known = await reading.connections(Scope.of_tenant(tenant), [tenant])
    breakers = await reading.breakers()
    return [(each, say(each, breakers.get(each.provider))) for each in known.get(tenant, ())]


def _facts(connection: Connection, said: Explanation) -> Mapping[str, object]:
    return {
        "connectionId": str(connection.id),
        "provider": connection.provider,
        "standing": connection.standing.value,
        "cause": None if connection.cause is None else connection.cause.value,
        "since": said.since.isoformat(),
        "nextLookAt": None if said.next_look_at is None else said.next_look_at.isoformat(),
        "whoActs": said.actor.value,
        **{name: getattr(said.en, name) for name in ("what", "why", "action", "otherwise")},
        **{f"{name}Ja": getattr(said.ja, name) for name in ("what", "why", "action", "otherwise")},
    }


def _lines(connection: Connection, said: Explanation) -> str:
    looked_at = "" if said.next_look_at is None else f"  次の確認 / next look {said.next_look_at:%Y-%m-%d %H:%M}Z"
    head = f"{connection.provider}  {connection.standing.value.upper()}  {said.since:%Y-%m-%d %H:%M}Z から / since"
    words = [f"  {ja}\n    {en}" for ja, en in zip(_words(said, ja=True), _words(said, ja=False), strict=True)]
    return "\n".join([head + looked_at, *words])


def _words(said: Explanation, *, ja: bool) -> list[str]:
    told = said.ja if ja else said.en
    return [told.what, told.why, told.action, told.otherwise]


@upkeep.command("plan")
def plan(as_json: AsJson = False) -> None:
    """Say which consents will be lost after an outage, when, and at which rate they could be saved.

    Example: `connector upkeep plan`
    """
    plans = with_flows(lambda flows: flows.planning.plans())
    if as_json:
        tell({"providers": {key: _planned(each) for key, each in plans.items()}}, "", as_json=True)
        return
    _show(plans)


def _planned(told: Plan[Whose]) -> Mapping[str, object]:
    return {
        "ended": len(told.ended),
        "willBeLost": [
            {"tenantId": str(each.what[0]), "connectionId": str(each.what[1]), "endsAt": each.ends_at.isoformat()}
            for each in told.lost
        ],
        "canBeSaved": told.saved,
        "doneAt": told.done_at.isoformat(),
        "neededPerSecond": round(told.needed_per_second, 3),
    }


def _show(plans: Mapping[ProviderKey, Plan[Whose]]) -> None:
    console = Console(highlight=False)
    for key, told in plans.items():
        console.print(
            f"{key}: {told.saved} can be saved by {told.done_at:%Y-%m-%d %H:%M}Z, {len(told.lost)} will be lost, "
            f"{len(told.ended)} have ended; {told.needed_per_second:.2f} a second would save all that can be.",
            soft_wrap=True,
        )
        if told.lost:
            table = Table("tenant", "connection", "ends")
            for each in told.lost[:_SHOWN]:
                table.add_row(*map(str, each.what), f"{each.ends_at:%Y-%m-%d %H:%M}Z")
            console.print(table)
