"""The command runs one twin on the loopback interface until it is told to stop."""

import argparse
import ctypes
import json
import signal
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import Any, Never

import uvicorn

from connector.twins.infomart.app import DEFAULT_SEED, create_twin
from connector.twins.infomart.clients import Client
from connector.twins.infomart.grants import Rotation
from connector.twins.infomart.line import CuttableProtocol

_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_PATIENCE_SECONDS = 2  # how long a running call may hold up the end


def main(words: Sequence[str] | None = None) -> None:
    """Serves until SIGTERM or SIGINT, then exits 0."""
    options = _options(words)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)  # uvicorn puts its own in front and repeats the signal here when it has finished
    if options.die_with_parent and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    try:
        app = create_twin(
            seed=options.seed,
            ledger_file=options.ledger,
            clients=_clients(options.client) if options.client else None,
            members=options.member or None,
            extra_keys=options.extra_keys,
            rotation=options.rotation,
            mark=options.mark,
        )
    except ValueError as wrong:
        sys.exit(f"cannot start: {wrong}")
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    with socket.create_server((options.host, options.port), family=family) as listener:
        address = json.dumps({"url": _url(listener)})
        if options.ready_file is not None:
            options.ready_file.write_text(address + "\n", encoding="utf-8")
        sys.stdout.write(address + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(
            app,
            http=CuttableProtocol,
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m connector.twins.infomart", description="A stand-in for Infomart, for this machine only."
    )
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="the same seed invents the same invoices")
    parser.add_argument("--ledger", type=Path, metavar="FILE", help="append every ledger entry here as a JSON line")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="write the bound address here, too")
    parser.add_argument(
        "--client",
        type=_client,
        action="append",
        metavar="ID:SECRET:REDIRECT_URI",
        help="register a client in place of the sandbox's; name it again to add a redirect URI",
    )
    parser.add_argument(
        "--member",
        type=_member,
        action="append",
        metavar="JSON",
        help="add a member in place of the sandbox's, as POST /_sim/members takes it",
    )
    parser.add_argument("--extra-keys", action="store_true", help="shuffle keys and add unknown ones in every answer")
    parser.add_argument(
        "--rotation",
        type=Rotation,
        choices=list(Rotation),
        default=Rotation.STRICT,
        help="what becomes of a refresh token that was used",
    )
    parser.add_argument("--mark", default="", metavar="TEXT", help="every token begins with it, for searches")
    parser.add_argument("--die-with-parent", action="store_true", help="stop when the starting process ends (Linux)")
    return parser.parse_args(words)


def _loopback(host: str) -> str:
    address = "127.0.0.1" if host == "localhost" else host
    try:
        safe = ip_address(address).is_loopback
    except ValueError:
        safe = False
    if not safe:
        raise argparse.ArgumentTypeError(f"{host} is not a loopback address; the control routes have no guard")
    return address


def _client(words: str) -> Client:
    name, _, rest = words.partition(":")
    secret, _, redirect_uri = rest.partition(":")
    try:
        return Client(name, secret, (redirect_uri,) if redirect_uri else ())
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong


def _member(words: str) -> dict[str, Any]:
    try:
        member = json.loads(words)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong
    if not isinstance(member, dict):
        raise argparse.ArgumentTypeError("a member is a JSON object")
    return member


def _clients(named: Sequence[Client]) -> list[Client]:
    clients: dict[str, Client] = {}
    for client in named:
        known = clients.get(client.id)
        addresses = (known.redirect_uris if known else ()) + client.redirect_uris
        clients[client.id] = replace(client, redirect_uris=addresses)
    return list(clients.values())


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _leave(_number: int, _frame: FrameType | None) -> Never:
    sys.exit(0)


if __name__ == "__main__":
    main()
