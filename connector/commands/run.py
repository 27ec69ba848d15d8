"""Commands that keep something running."""

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
import uvloop

import migrations
from connector import logs
from connector.asgi import create_app
from connector.bootstrap import opened
from connector.commands.telling import tell
from connector.dev.command import run_dev
from connector.errors import Misconfigured
from connector.settings import Settings, migrator_address, read_settings
from workers.main import work

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a line.")]
FailingAsJson = Annotated[bool, typer.Option("--json", help="Print what keeps it from starting as one JSON object.")]

_STALE = 60.0  # seconds without a heartbeat after which a worker counts as stuck

health = typer.Typer(help="Whether a process is well; for probes.", no_args_is_help=True)


def _settings() -> Settings:
    settings = read_settings(os.environ)
    logs.set_up(settings.mode, settings.log_level)
    return settings


def _heartbeat() -> Path:
    """The file a worker touches; one for each user of a machine."""
    return Path(tempfile.gettempdir()) / f"connector-worker-{os.getuid()}.alive"


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 picks a free one.")] = 8000,
    as_json: FailingAsJson = False,  # noqa: ARG001 - read where failures are told
) -> None:
    """Serve the graph, the onboarding site and health.

    Example: `connector serve --host 0.0.0.0 --port 8000`
    """
    uvloop.run(_serve(_settings(), host, port))


async def _serve(settings: Settings, host: str, port: int) -> None:
    async with opened(settings) as installation:
        config = uvicorn.Config(
            create_app(installation),
            host=host,
            port=port,
            access_log=False,  # an address may carry a code or a link, and neither belongs into any log
            log_config=None,
            server_header=False,
            lifespan="off",
        )
        with installation.watched():
            await uvicorn.Server(config).serve()


def worker(as_json: FailingAsJson = False) -> None:  # noqa: ARG001 - read where failures are told
    """Read providers in the background, by ring and by clock.

    Example: `connector worker`
    """
    uvloop.run(work(_settings(), _heartbeat()))


@health.command("worker")
def health_worker(as_json: AsJson = False) -> None:
    """Whether this user's worker on this machine has been round its timetable within the last minute.

    Example: `connector health worker`
    """
    try:
        age = time.time() - _heartbeat().stat().st_mtime
    except FileNotFoundError:
        age = float("inf")
    well = age < _STALE
    tell({"well": well}, "well" if well else "no heartbeat", as_json=as_json)
    raise typer.Exit(0 if well else 1)


def migrate(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema; safe to run twice and from many places at once.

    Example: `CONNECTOR_MIGRATOR_DATABASE_URL=postgresql://… connector migrate`
    """
    try:
        migrations.upgrade(migrator_address(os.environ).reveal())
    except migrations.RolesMissing as cause:
        raise Misconfigured(problems=[str(cause)]) from None
    except migrations.BadAddress:
        raise Misconfigured(problems=["CONNECTOR_MIGRATOR_DATABASE_URL: is not a database address"]) from None
    except OSError as cause:
        raise Misconfigured(
            problems=[f"CONNECTOR_MIGRATOR_DATABASE_URL: the database cannot be reached ({cause})"]
        ) from None
    tell({"migrated": True}, "The database has the newest schema.", as_json=as_json)


def dev(
    once: Annotated[bool, typer.Option(help="Do the main job once, report and stop.")] = False,
    as_json: AsJson = False,
    port: Annotated[int, typer.Option(help="Port of the web application; 0 picks a free one.")] = 8000,
) -> None:
    """Start everything on this machine, with a provider to develop against and companies to try it with.

    Example: `connector dev --once --json`
    """
    raise typer.Exit(run_dev(once=once, as_json=as_json, port=port))


def twin(
    context: typer.Context,
    provider: Annotated[str, typer.Argument(help="The provider to stand in for: infomart.")],
    as_json: FailingAsJson = False,  # noqa: ARG001 - read where failures are told
) -> None:
    """Run a provider's stand-in to develop against; `--help` after the provider lists its options.

    Example: `connector twin infomart --port 9000`
    """
    if provider != "infomart":
        raise Misconfigured(problems=[f"there is no twin of {provider!r}; there is one of: infomart"])
    command = [sys.executable, "-m", f"connector.twins.{provider}", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - our own program, no shell
