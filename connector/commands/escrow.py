"""Commands for the day a database was restored: the escrow brings its tokens back to now."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from connector.commands.operate import with_flows
from connector.commands.run import AsJson
from connector.commands.telling import moment, tell
from connector.flows.escrowing import RETAINED, Replayed

escrow = typer.Typer(help="The second copy of every token answer.", no_args_is_help=True)


@escrow.callback()
def _escrow() -> None:
    """The second copy of every token answer."""


@escrow.command("replay")
def replay(
    since: Annotated[
        str,
        typer.Option(help="A moment before the backup was taken, like 2026-11-20T00:00Z.", show_default="35 days ago"),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Put the newest tokens in use after the database was restored, before any worker is started.

    Example: `connector escrow replay --since 2026-11-20T00:00Z`
    """
    began = moment(since, "since") if since else datetime.now(UTC) - RETAINED
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=as_json, transient=True) as progress:
        bar = progress.add_task("connections brought back", total=None)
        done: Replayed = with_flows(
            lambda flows: flows.escrowing.replay(
                began, lambda count, total: progress.update(bar, completed=count, total=total)
            )
        )
    facts = {
        "answers": done.answers,
        "connections": done.connections,
        "advanced": done.advanced,
        "failed": done.failed,
        "keys": done.keys,
        "shredded": done.shredded,
    }
    line = (
        f"{done.connections} connections found: {done.advanced} brought up to now, {done.failed} failed; "
        f"{done.keys} data keys put back, {done.shredded} tenants shredded again."
    )
    tell(facts, line, as_json=as_json)
    raise typer.Exit(1 if done.failed else 0)
