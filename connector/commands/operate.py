"""Commands by which an operator adds partners, tenants, keys and links, and asks for a fetch."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from connector import logs
from connector.bootstrap import Flows, opened
from connector.commands.run import AsJson
from connector.commands.telling import tell
from connector.domain.access import Scope
from connector.domain.entitlement import Flag
from connector.domain.fetch import Fetch, Reading
from connector.errors import InvalidInput, NotEntitled, Unavailable
from connector.ids import PartnerId, ProviderKey, TenantId
from connector.settings import read_settings

T = TypeVar("T")

Partner = Annotated[str, typer.Option("--partner", help="Id of the partner.", show_default=False)]
PaidMember = Annotated[
    bool | None, typer.Option(help="Whether its receiver side has paid membership.", show_default="unknown")
]
IssuerPaidMember = Annotated[
    bool | None, typer.Option(help="Whether its issuer side has paid membership.", show_default="unknown")
]
ApiOption = Annotated[bool | None, typer.Option(help="Whether it bought the API option.", show_default="unknown")]
Workflow = Annotated[bool | None, typer.Option(help="Whether it works with approvals.", show_default="unknown")]

partners = typer.Typer(help="Software companies that call the graph.", no_args_is_help=True)
tenants = typer.Typer(help="Customer companies of partners.", no_args_is_help=True)

_ENDED = {Reading.COMPLETE, Reading.FAILED}
_LOOK_AGAIN = 0.2  # seconds


def with_flows(job: Callable[[Flows], Awaitable[T]]) -> T:
    """What a job brings that needs the installation open."""
    settings = read_settings(os.environ)
    logs.set_up(settings.mode, "WARNING")

    async def run() -> T:
        async with opened(settings) as installation:
            return await job(installation.flows)

    return asyncio.run(run())


def identity(text: str, name: str) -> UUID:
    """The id a person typed for a thing of this name; raises InvalidInput for what is none."""
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput(
            path=[name], reason=f"{text!r} is not an id like the ones `connector {name}s add` prints"
        ) from None


def tenant_id(text: str) -> TenantId:
    """The tenant a person named; raises InvalidInput for what is no id."""
    return TenantId(identity(text, "tenant"))


@partners.callback()
def _partners() -> None:
    """Software companies that call the graph."""


@tenants.callback()
def _tenants() -> None:
    """Customer companies of partners."""


@partners.command("add")
def add_partner(name: Annotated[str, typer.Argument(help="The company's name.")], as_json: AsJson = False) -> None:
    """Add a partner and print its id.

    Example: `connector partners add "株式会社サンプルソフト"`
    """
    partner = with_flows(lambda flows: flows.enrolling.add_partner(name))
    tell({"partnerId": str(partner.id), "name": partner.name}, f"{partner.id}  {partner.name}", as_json=as_json)


@tenants.command("add")
def add_tenant(
    name: Annotated[str, typer.Argument(help="The company's name.")],
    partner: Partner,
    provider: Annotated[str, typer.Option(help="The provider its contract is with.")] = "infomart",
    paid_member: PaidMember = None,
    issuer_paid_member: IssuerPaidMember = None,
    api_option: ApiOption = None,
    workflow: Workflow = None,
    as_json: AsJson = False,
) -> None:
    """Add a tenant that the partner may invite, with what is known of its contract, and print its id.

    Example: `connector tenants add "みなと商事" --partner ID --paid-member --api-option`
    """
    declared = _declared(paid_member, issuer_paid_member, api_option, workflow)
    owner = PartnerId(identity(partner, "partner"))
    tenant = with_flows(
        lambda flows: flows.enrolling.add_tenant(owner, name, provider=ProviderKey(provider), declared=declared)
    )
    tell({"tenantId": str(tenant.id), "name": tenant.name}, f"{tenant.id}  {tenant.name}", as_json=as_json)


@tenants.command("declare")
def declare(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    provider: Annotated[str, typer.Option(help="The provider its contract is with.")] = "infomart",
    paid_member: PaidMember = None,
    issuer_paid_member: IssuerPaidMember = None,
    api_option: ApiOption = None,
    workflow: Workflow = None,
    as_json: AsJson = False,
) -> None:
    """Say what is now known of a tenant's contract; what is left out stays as it was.

    Example: `connector tenants declare TENANT-ID --api-option`
    """
    whom = tenant_id(tenant)
    declared = _declared(paid_member, issuer_paid_member, api_option, workflow)
    with_flows(lambda flows: flows.enrolling.declare(whom, provider=ProviderKey(provider), declared=declared))
    facts = {flag.value: value for flag, value in declared.items()}
    tell({"declared": facts}, f"Declared: {facts}", as_json=as_json)


def _declared(
    paid_member: bool | None, issuer_paid_member: bool | None, api_option: bool | None, workflow: bool | None
) -> dict[Flag, bool]:
    said = {
        Flag.RECEIVER_PAID_MEMBER: paid_member,
        Flag.ISSUER_PAID_MEMBER: issuer_paid_member,
        Flag.API_OPTION: api_option,
        Flag.RECEIVER_WORKFLOW: workflow,
    }
    return {flag: value for flag, value in said.items() if value is not None}


def link(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    partner: Partner,
    provider: Annotated[str, typer.Option(help="The provider to connect.")] = "infomart",
    as_json: AsJson = False,
) -> None:
    """Make a one-time onboarding link and print it, now and never again.

    Example: `connector link TENANT-ID --partner ID`
    """
    scope = Scope.of_partner(PartnerId(identity(partner, "partner")))
    whom = tenant_id(tenant)
    made, url = with_flows(lambda flows: flows.onboarding.invite(scope, whom, ProviderKey(provider)))
    facts = {"url": url.reveal(), "expiresAt": made.expires_at.isoformat()}
    tell(facts, url.reveal(), as_json=as_json)


def fetch(
    tenant: Annotated[str, typer.Argument(help="Id of the tenant.")],
    wait: Annotated[bool, typer.Option(help="Show progress until a worker has read everything.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600.0,
    as_json: AsJson = False,
) -> None:
    """Ask for a tenant's recent invoices to be read now, and watch it happen.

    Example: `connector fetch TENANT-ID`
    """
    whom = tenant_id(tenant)
    done = with_flows(lambda flows: _fetch(flows, whom, wait=wait, timeout=timeout, quiet=as_json))
    facts = [
        {
            "side": each.window.side.value,
            "reading": each.reading.value,
            "pages": each.pages,
            "rows": each.rows,
            "problem": each.problem,
        }
        for each in done
    ]
    line = "\n".join(
        f"{each.window.side.value} side {each.reading.value}: {each.rows} invoices on {each.pages} pages"
        for each in done
    )
    tell({"fetches": facts}, line or "Nothing to read: the tenant has no active connection.", as_json=as_json)
    # A tenant is rarely on both sides by contract: a side that is refused for want of it takes nothing from the other.
    covered = [each for each in done if each.problem != NotEntitled.code]
    if not covered or any(each.reading is Reading.FAILED for each in covered):
        raise typer.Exit(1)


async def _fetch(flows: Flows, tenant: TenantId, *, wait: bool, timeout: float, quiet: bool) -> list[Fetch]:  # noqa: ASYNC109 - a person's patience
    scope = Scope.of_tenant(tenant)
    asked = list(await flows.fetching.request(scope, tenant))
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    deadline = time.monotonic() + timeout
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        bars = {each.id: progress.add_task("invoices read", total=None) for each in asked}
        while wait and any(each.reading not in _ENDED for each in asked):
            if time.monotonic() > deadline:
                raise Unavailable
            await asyncio.sleep(_LOOK_AGAIN)
            asked = [await flows.reading.fetch(scope, tenant, each.id) or each for each in asked]
            for each in asked:
                total = each.rows if each.reading in _ENDED else None
                progress.update(bars[each.id], completed=each.rows, total=total)
    return asked
