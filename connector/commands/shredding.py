"""Commands that destroy a tenant's keys for ever, and print and verify the certificate of it."""

import getpass
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from connector.bootstrap import Flows
from connector.commands.operate import tenant_id, with_flows
from connector.commands.run import AsJson
from connector.commands.telling import tell
from connector.domain.certificate import Certificate, Order
from connector.errors import InvalidInput
from connector.flows.shredding import Prospect
from connector.ids import TenantId

_Tenant = Annotated[str, typer.Argument(help="Id of the tenant.")]


def shred(
    tenant: _Tenant,
    reason: Annotated[str, typer.Option(help="Why; it stands in the certificate.", show_default=False)],
    confirm: Annotated[
        str, typer.Option(help="The tenant's name, to do it; left out, it is only said what would happen.")
    ] = "",
    by: Annotated[str, typer.Option(help="Who does it.", show_default="who is logged in")] = "",
    with_invoices: Annotated[
        bool, typer.Option("--with-invoices", help="Delete its mirrored invoices as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Destroy a tenant's keys for ever, so that nobody can open its tokens, and print the certificate.

    Example: `connector tenants shred TENANT-ID --reason "契約終了" --confirm "みなと商事"`
    """
    whom = tenant_id(tenant)
    if not reason.strip():
        raise InvalidInput(path=["reason"], reason="say why; it stands in the certificate")
    if not confirm:
        found = with_flows(lambda flows: flows.shredding.prospect(whom))
        tell(_prospect(found), _foretold(found), as_json=as_json)
        return
    order = Order(reason=reason.strip(), by=by or _login(), without_invoices=with_invoices)
    certified, verified = with_flows(lambda flows: _shredded(flows, whom, order, confirm))
    _show(certified, verified=verified, as_json=as_json)


async def _shredded(flows: Flows, whom: TenantId, order: Order, confirm: str) -> tuple[Certificate, bool]:
    await flows.shredding.shred(whom, order, confirm=confirm)
    return await flows.shredding.certificate(whom)


def certificate(tenant: _Tenant, as_json: AsJson = False) -> None:
    """Print the certificate of a tenant that was shredded, and verify that nobody has changed it.

    Example: `connector tenants certificate TENANT-ID`
    """
    whom = tenant_id(tenant)
    certified, verified = with_flows(lambda flows: flows.shredding.certificate(whom))
    _show(certified, verified=verified, as_json=as_json)


def _show(certified: Certificate, *, verified: bool, as_json: bool) -> None:
    facts = {"certificate": certified.facts, "digest": certified.digest.hex(), "verified": verified}
    tell(facts, _told(certified.facts, certified.digest.hex(), verified=verified), as_json=as_json)
    raise typer.Exit(0 if verified else 1)


def _told(facts: Mapping[str, Any], digest: str, *, verified: bool) -> str:
    mark = "検証済み / verified" if verified else "改変されています / CHANGED SINCE IT WAS WRITTEN"
    return "\n".join(
        [
            "暗号消去証明書 / Certificate of shredding",
            f"  {facts['tenant']['name']}  {facts['tenant']['id']}",
            f"  {facts['shreddedAt']}  {facts['by']}  {facts['reason']}",
            *[f"  鍵 / key {key['id']}  {key['kekId']}  SHA-256 {key['wrappedSha256']}" for key in facts["keys"]],
            *[f"  {place}: {'–' if count is None else count}" for place, count in facts["unreadable"].items()],
            *[f"  {said['ja']}\n    {said['en']}" for said in facts["statements"]],
            f"  {digest}  {mark}",
        ]
    )


def _prospect(found: Prospect) -> Mapping[str, object]:
    return {
        "dryRun": True,
        "tenantId": str(found.tenant.id),
        "name": found.tenant.name,
        "keys": [str(key.id) for key in found.reach.keys],
        "wouldBeUnreadable": {
            **found.reach.sealed,
            "token journal": found.copies.journal,
            "escrow": found.copies.escrow,
        },
        "wouldBeDisconnected": [str(own) for own, _ in found.reach.connections],
        "invoices": found.reach.invoices,
    }


def _foretold(found: Prospect) -> str:
    counted = {**found.reach.sealed, "token journal": found.copies.journal, "escrow": found.copies.escrow}
    return "\n".join(
        [
            f"まだ何もしていません。 / Nothing was done yet: {found.tenant.name}",
            f"  破棄される鍵 / keys to be destroyed: {len(found.reach.keys)}",
            "  復号できなくなる件数 / would become unreadable:",
            *[f"    {place}: {'–' if count is None else count}" for place, count in counted.items()],
            f"  終了する連携 / connections to end: {len(found.reach.connections)}",
            f"  請求書（--with-invoices で削除） / invoices, deleted by --with-invoices only: {found.reach.invoices}",
            "  実行するには / to do it: --confirm (テナント名 / the tenant's name)",
        ]
    )


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return "unknown"
