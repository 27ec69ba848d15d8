"""The command line: `connector serve`, `worker`, `migrate`, and what an operator does by hand."""

import sys

import typer

from connector.commands.connections import connections, upkeep
from connector.commands.escrow import escrow
from connector.commands.keys import keys
from connector.commands.operate import fetch, link, partners, tenants
from connector.commands.run import dev, health, migrate, serve, twin, worker
from connector.commands.shredding import certificate, shred
from connector.commands.telling import tell_failure
from connector.commands.unsealing import unreadable
from connector.errors import ConnectorError

app = typer.Typer(
    name="connector",
    help="One GraphQL API over Japan's B2B invoicing platforms, for many companies at once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(serve)
app.command()(worker)
app.command()(migrate)
app.command()(dev)
app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(twin)
tenants.command("shred")(shred)
tenants.command("certificate")(certificate)
connections.command("unreadable")(unreadable)
app.add_typer(partners, name="partners")
app.add_typer(tenants, name="tenants")
app.add_typer(keys, name="keys")
app.add_typer(connections, name="connections")
app.add_typer(upkeep, name="upkeep")
app.add_typer(escrow, name="escrow")
app.command()(link)
app.command()(fetch)
app.add_typer(health, name="health")


def main() -> None:
    """Runs one command; a foreseen failure ends it with what to do and exit code 2."""
    try:
        app()
    except ConnectorError as failure:
        tell_failure(failure, as_json="--json" in sys.argv)
        sys.exit(2)
