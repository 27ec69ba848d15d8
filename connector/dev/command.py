"""`connector dev`: starts everything and says where to click, or does the main job once and reports."""

import asyncio
import json
import signal
import sys
import threading
import time

import aiohttp
from rich.cells import cell_len
from rich.console import Console

from connector.dev.companies import Cast, enrol
from connector.dev.graph import Graph
from connector.dev.rehearsal import RehearsalFailedError, connect, ids_of, make_link, rehearse
from connector.dev.system import NotStartedError, System, running
from connector.embedded import EmbeddedUnavailable

_INTERRUPTED = 130  # as shells say it
_LABELS = 30  # columns

_console = Console(stderr=True, highlight=False)


def run_dev(*, once: bool, as_json: bool, port: int) -> int:
    """Runs the system; the exit code is 0 when all went well, and 130 when `once` was interrupted before its end."""
    began = time.monotonic()
    stopping = threading.Event()
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        with running(0 if once else port) as system:
            cast = asyncio.run(enrol(system.settings))
            if once:
                _report(asyncio.run(rehearse(system, cast, began)), as_json=as_json)
                return 0
            facts = asyncio.run(_where_to_click(system, cast))
            _invite(facts, as_json=as_json)
            stopping.wait()
    except KeyboardInterrupt:
        _console.print("stopped")
        return _INTERRUPTED if once else 0
    except (RehearsalFailedError, NotStartedError, EmbeddedUnavailable) as failure:
        _console.print(f"[bold red]connector dev:[/] {failure}", markup=True)
        return 1
    return 0


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


async def _where_to_click(system: System, cast: Cast) -> dict[str, str]:
    async with aiohttp.ClientSession() as session:
        ask = Graph(session, system.web_url, cast.key)
        await connect(ask, cast.connected)
        await connect(ask, cast.without_option)
        link = await make_link(ask, (await ids_of(ask))[cast.inviting.tenant.name])
    return {
        "graphiql": f"{system.web_url}/ide/#key={cast.key.reveal()}",
        "graphql": f"{system.web_url}/graphql",
        "key": cast.key.reveal(),
        "onboardingLink": link,
        "login": cast.inviting.pfid,
        "password": cast.inviting.password,
        "twin": system.twin_url,
        "logs": str(system.logs),
    }


def _invite(facts: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(facts, ensure_ascii=False), flush=True)  # noqa: T201 - the answer
        return
    out = Console(file=sys.stdout, highlight=False)
    out.print("\n[bold green]起動しました[/] — everything is running. Ctrl-C stops it all.\n")
    for label, text in (
        ("GraphiQL", facts["graphiql"]),
        ("招待リンク / onboarding link", facts["onboardingLink"]),
        ("  login, password", f"{facts['login']}  {facts['password']}"),
        ("GraphQL", facts["graphql"]),
        ("  header", f"Authorization: Bearer {facts['key']}"),
        ("Provider twin", facts["twin"]),
        ("Logs", facts["logs"]),
    ):
        # Never cut to the width of the terminal: these are copied, and half an address leads nowhere.
        out.print(f"[bold]{label:<{_LABELS - cell_len(label) + len(label)}}[/] {text}", soft_wrap=True)
    out.print()


def _report(report: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(report, ensure_ascii=False))  # noqa: T201 - the answer
        return
    _console.print(
        f"[bold green]All well[/] in {report['seconds']} s: {report['tenants']} tenants, "
        f"{report['invoicesFetched']} invoices on {report['pages']} pages"
    )
