"""Commands about keys: API keys, the key-encryption key that wraps everything, and tenants' data keys."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from connector.bootstrap import Flows
from connector.commands.operate import Partner, identity, tenant_id, with_flows
from connector.commands.run import AsJson
from connector.commands.telling import moment, tell
from connector.domain.access import Permission
from connector.domain.custody import Laggard
from connector.errors import InvalidInput
from connector.flows.resealing import Resealed
from connector.ids import DataKeyId, KeyId, PartnerId, TenantId
from connector.vault.kms.local import LocalFile

keys = typer.Typer(help="API keys, and the keys that everything is sealed with.", no_args_is_help=True)

_KEY_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


@keys.command("init")
def init_key(
    path: Annotated[Path, typer.Argument(help="Where to write the key file; it must not exist yet.")],
    name: Annotated[str, typer.Option(help="A name for the key, kept beside everything it wraps.")] = "",
    as_json: AsJson = False,
) -> None:
    """Make the key-encryption key that this installation seals everything with. Keep a copy apart from the database.

    Example: `connector keys init /etc/connector/kek.json`
    """
    kek_id = _name(name)
    LocalFile.create(path, kek_id)
    tell({"kekId": kek_id, "path": str(path)}, f"Made {kek_id}. Now set CONNECTOR_KEK=file:{path}", as_json=as_json)


@keys.command("add")
def add_key(
    path: Annotated[Path, typer.Argument(help="The key file to add to.")],
    name: Annotated[str, typer.Option(help="A name for the key, kept beside everything it wraps.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a fresh key to a key file, the old ones staying in it. Bring the file to every process, then rotate.

    Example: `connector keys add /etc/connector/kek.json`
    """
    kek_id = _name(name)
    LocalFile.add(path, kek_id)
    line = f"Added {kek_id} to {path}. Bring it to every process, keep a copy, then: connector keys rotate"
    tell({"kekId": kek_id, "path": str(path)}, line, as_json=as_json)


def _name(given: str) -> str:
    kek_id = given or f"local-{datetime.now(UTC):%Y%m%d}"
    if not _KEY_NAME.fullmatch(kek_id):
        raise InvalidInput(path=["name"], reason="a key's name has 1 to 64 letters, digits, dots and dashes")
    return kek_id


@keys.command("rotate")
def rotate(
    tenant: Annotated[list[str] | None, typer.Option(help="Rotate this tenant's data key; may be repeated.")] = None,
    all_tenants: Annotated[bool, typer.Option("--all-tenants", help="Rotate every tenant's data key.")] = False,
    due: Annotated[bool, typer.Option("--due", help="Rotate the data keys that are a year old.")] = False,
    leaked: Annotated[
        bool, typer.Option("--leaked", help="Renew the tokens, too: somebody may have read them.")
    ] = False,
    patience: Annotated[float, typer.Option(help="Seconds to wait for processes that lack the new key.", min=0)] = 300,
    as_json: AsJson = False,
) -> None:
    """Let the newest key wrap, once every process can open it, and put everything under it; or rotate data keys.

    Stopped in the middle, it is run again and goes on. Nothing is interrupted by it.

    Example: `connector keys rotate`
    """
    chosen = [bool(tenant), all_tenants, due]
    if sum(chosen) > 1 or (leaked and not any(chosen)):
        raise InvalidInput(path=["tenant"], reason="give one of --tenant, --all-tenants and --due; --leaked needs one")
    if any(chosen):
        _rotate_data_keys([tenant_id(each) for each in tenant or []], due=due, leaked=leaked, as_json=as_json)
    else:
        _rotate_kek(patience, as_json=as_json)


def _rotate_kek(patience: float, *, as_json: bool) -> None:
    with _progress(quiet=as_json) as progress:
        bar = progress.add_task("waiting for every process", total=None)

        def waiting(laggards: Sequence[Laggard]) -> None:
            progress.update(bar, description=f"waiting for {', '.join(f'{each.host}:{each.pid}' for each in laggards)}")

        def told(done: int, total: int) -> None:
            progress.update(bar, description="data keys rewrapped", completed=done, total=total)

        done = with_flows(
            lambda flows: flows.rotating.rotate(patience=timedelta(seconds=patience), waiting=waiting, told=told)
        )
    lagging = [
        {"host": each.host, "process": each.pid, "since": each.since.isoformat(), "seenAt": each.seen_at.isoformat()}
        for each in done.laggards
    ]
    facts = {
        "kekId": done.kek_id,
        "promoted": not done.laggards,
        "rewrapped": done.rewrapped,
        "left": done.left,
        "laggards": lagging,
    }
    lines = [f"{done.kek_id} wraps. {done.rewrapped} data keys rewrapped, {done.left} left."]
    if done.laggards:
        lines = [f"Nothing was changed: these cannot open {done.kek_id} yet. Give it to them, then run this again."]
        lines += [f"  {each.host}, process {each.pid}, since {each.since:%Y-%m-%d %H:%MZ}" for each in done.laggards]
    tell(facts, "\n".join(lines), as_json=as_json)
    raise typer.Exit(0 if done.complete else 1)


def _rotate_data_keys(tenants: Sequence[TenantId], *, due: bool, leaked: bool, as_json: bool) -> None:
    with _progress(quiet=as_json) as progress:
        bar = progress.add_task("data keys rotated", total=None)

        async def job(flows: Flows) -> Resealed:
            chosen = tenants or await (flows.resealing.due() if due else flows.resealing.everyone())
            return await flows.resealing.rotate(
                chosen, leaked=leaked, told=lambda done, total: progress.update(bar, completed=done, total=total)
            )

        done = with_flows(job)
    facts = {
        "tenants": done.tenants,
        "resealed": done.resealed,
        "madeDue": done.made_due,
        "failed": done.failed,
        "unreadable": done.unreadable,
    }
    line = f"{done.tenants} tenants: {done.resealed} ciphertexts resealed, {done.failed} tenants failed."
    if leaked:
        line += f" {done.made_due} connections are renewed now."
    if done.unreadable:
        line += f" {done.unreadable} ciphertexts do not open and stay as they are; the log names them."
    tell(facts, line, as_json=as_json)
    raise typer.Exit(1 if done.failed or done.unreadable else 0)


@keys.command("retire")
def retire(
    key: Annotated[str, typer.Argument(help="The key-encryption key; with --tenant, the data key.")],
    oldest_backup: Annotated[
        str,
        typer.Option(help="When your oldest kept backup was taken, like 2026-11-20T00:00Z; `none`: there is none."),
    ] = "",
    tenant: Annotated[str | None, typer.Option(help="Retire an old data key of this tenant.")] = None,
    as_json: AsJson = False,
) -> None:
    """End an old key, if nothing needs it: no row, and no backup. Afterwards its use is refused, and an alarm.

    Example: `connector keys retire local-20250401 --oldest-backup 2026-11-20T00:00Z`
    """
    if tenant is None:
        _retire_kek(key, oldest_backup, as_json=as_json)
    else:
        _retire_data_key(tenant_id(tenant), DataKeyId(identity(key, "key")), as_json=as_json)


def _retire_data_key(tenant: TenantId, key: DataKeyId, *, as_json: bool) -> None:
    done = with_flows(lambda flows: flows.resealing.retire(tenant, key))
    kept = None if done.kept_until is None else done.kept_until.isoformat()
    line = f"{key} is retired."
    if not done.retired:
        line = f"{key} is not retired: {done.references} ciphertexts refer to it"
        line += "." if kept is None else f", and the escrow may until {kept}."
    tell({"retired": done.retired, "references": done.references, "keptUntil": kept}, line, as_json=as_json)
    raise typer.Exit(0 if done.retired else 1)


def _retire_kek(key: str, oldest_backup: str, *, as_json: bool) -> None:
    if not oldest_backup:
        reason = "say when your oldest kept backup was taken, or `none`: a backup is useless without the key it needs"
        raise InvalidInput(path=["oldest-backup"], reason=reason)
    oldest = None if oldest_backup == "none" else moment(oldest_backup, "oldest-backup")
    done = with_flows(lambda flows: flows.rotating.retire(key, oldest))
    since = None if done.unused_since is None else done.unused_since.isoformat()
    facts = {
        "retired": done.retired,
        "references": dict(done.references),
        "wraps": done.wraps,
        "unusedSince": since,
        "backupNeedsIt": done.backup_needs_it,
    }
    against = [f"{count} rows of {table} refer to it" for table, count in done.references.items()]
    against += ["it is the one that wraps now"] if done.wraps else []
    against += [f"it was in use until {since}, and a backup from before needs it"] if done.backup_needs_it else []
    line = f"{key} is not retired: {'; '.join(against)}." if against else f"{key} is retired; its use is refused now."
    tell(facts, line, as_json=as_json)
    raise typer.Exit(0 if done.retired else 1)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)


@keys.command("issue")
def issue_key(
    partner: Partner,
    name: Annotated[str, typer.Option(help="What the key is for.")] = "default",
    permission: Annotated[list[Permission], typer.Option(help="What the key may do; may be repeated.")] = [  # noqa: B006 - typer reads it once
        Permission.READ,
        Permission.ONBOARD,
        Permission.FETCH,
    ],
    tenant: Annotated[str | None, typer.Option(help="The only tenant it may act for.")] = None,
    days: Annotated[int | None, typer.Option(help="After how many days it ends.", min=1, max=3650)] = None,
    as_json: AsJson = False,
) -> None:
    """Issue an API key and print it, now and never again.

    Example: `connector keys issue --partner ID --name "ERP" --permission read`
    """
    owner = PartnerId(identity(partner, "partner"))
    only = None if tenant is None else tenant_id(tenant)
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    key, text = with_flows(
        lambda flows: flows.access.issue(owner, name=name, permissions=permission, tenant=only, expires_at=ends)
    )
    tell({"keyId": key.id, "key": text.reveal()}, text.reveal(), as_json=as_json)


@keys.command("revoke")
def revoke_key(
    key: Annotated[str, typer.Argument(help="Id of the key: the ten characters after cx_live_.")],
    partner: Partner,
    as_json: AsJson = False,
) -> None:
    """End an API key everywhere within five seconds.

    Example: `connector keys revoke 7zc6fqgwmh --partner ID`
    """
    owner = PartnerId(identity(partner, "partner"))
    with_flows(lambda flows: flows.access.revoke(owner, KeyId(key)))
    tell({"revoked": key}, f"{key} is revoked.", as_json=as_json)
