"""Commands that show how connections stand, and what an outage will have cost."""

from collections.abc import Iterator, Mapping
from datetime import datetime
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
from connector.errors import InvalidInput, NotFound
from connector.explaining import Actor, Explanation
from connector.explaining import explain as say
from connector.flows.planning import Whose
from connector.ids import ProviderKey, TenantId

connections = typer.Typer(help="How tenants' connections stand.", no_args_is_help=True)
upkeep = typer.Typer(help="Keeping consents alive.", no_args_is_help=True)

_ACTORS = {
    Actor.NOBODY: ("誰も必要ありません。", "Nobody needs to."),
    Actor.WE: ("システムが自動で行います。", "The system does, by itself."),
    Actor.PROVIDER: ("連携先です。", "The provider does."),
    Actor.OPERATOR: ("運用者です。", "The operator must."),
    Actor.TENANT: ("テナントです。", "The tenant must."),
}
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
    if await reading.tenant(Scope.of_tenant(tenant), tenant) is None:
        raise NotFound(noun="tenant")
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
    standing, since = connection.standing.value.upper(), f"{said.since:%Y-%m-%d %H:%M}Z"
    head = f"{connection.provider}  {standing}  since {since}  {connection.id}"
    words = [
        ("what", said.ja.what, said.en.what),
        ("why", said.ja.why, said.en.why),
        ("who acts", *_ACTORS[said.actor]),
        ("how", said.ja.action, said.en.action),
        ("otherwise", said.ja.otherwise, said.en.otherwise),
    ]
    lines = [f"  {label:<11}{ja}\n  {'':<11}{en}" for label, ja, en in words]
    if said.next_look_at is not None:
        lines.append(f"  {'next look':<11}{said.next_look_at:%Y-%m-%d %H:%M}Z")
    return "\n".join([head, *lines])


@connections.command("recall")
def recall(
    provider: Annotated[str, typer.Option(help="Key of the provider, such as infomart.", show_default=False)],
    since: Annotated[str, typer.Option(help="From when on, such as 2026-04-01T09:00+09:00.", show_default=False)],
    do_it: Annotated[bool, typer.Option("--yes", help="Do it; left out, it is only said whom it concerns.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the provider again about connections given up since a moment, after it called living tokens dead.

    Example: `connector connections recall --provider infomart --since 2026-04-01T09:00+09:00 --yes`
    """
    moment, key = _moment(since), ProviderKey(provider)
    if do_it:
        number = with_flows(lambda flows: flows.recalling.recall(key, moment))
        text = f"{number} recalled: upkeep presents their tokens now; `connector connections explain` says how it went."
    else:
        number = len(with_flows(lambda flows: flows.recalling.given_up(key, moment)))
        text = f"{number} would be recalled. Type the same with --yes to do it."
    tell(
        {"provider": provider, "since": moment.isoformat(), "recalled": do_it, "connections": number},
        text,
        as_json=as_json,
    )


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise InvalidInput(path=["since"], reason=f"{text!r} is not a moment like 2026-04-01T09:00+09:00")
    return moment


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
        "perSecond": told.per_second,
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
        console.print(f"{key}: {' '.join(_sentences(told))}", soft_wrap=True)
        gone = [("has ended", each) for each in told.ended] + [("will be lost", each) for each in told.lost]
        if gone:
            table = Table("tenant", "connection", "", "end of consent")
            for what, each in gone[:_SHOWN]:
                table.add_row(*map(str, each.what), what, f"{each.ends_at:%Y-%m-%d %H:%M}Z")
            console.print(table)
        if len(gone) > _SHOWN:
            console.print(f"and {len(gone) - _SHOWN} more; --json names all that will be lost")


def _sentences(told: Plan[Whose]) -> Iterator[str]:
    if not told.saved and not told.lost:
        yield "no consent is waiting to be renewed."
    else:
        pace = f"at the {told.per_second:g} a second of one process"
        if told.saved:
            which = f"all {told.saved}" if not told.lost else f"{told.saved} of {told.saved + len(told.lost)}"
            yield f"{which} can be saved, {pace} by {told.done_at:%Y-%m-%d %H:%M}Z."
        if told.lost:
            yield (
                f"{len(told.lost)} will be lost {pace}; {told.needed_per_second:.3g} a second would save them: "
                "run more workers, or raise CONNECTOR_…_TOKEN_CALLS_PER_SECOND as far as the provider allows."
            )
    if told.ended:
        yield f"{len(told.ended)} ended unrenewed: these tenants must connect again (connector link)."
