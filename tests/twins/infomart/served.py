"""A twin in a process of its own, reached over real sockets."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx2

PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Served:
    process: subprocess.Popen[str]
    url: str
    http: httpx2.Client

    def sim(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.http.post(f"/_sim/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ledger(self, *events: str) -> list[dict[str, Any]]:
        entries = self.http.get("/_sim/ledger").json()["entries"]
        return [entry for entry in entries if entry["event"] in events]

    def say(self, request: str) -> bytes:
        """Every byte the twin sends before it closes the connection."""
        address = urlsplit(self.url)
        heard = b""
        with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as line:
            line.sendall(request.replace("\n", "\r\n").encode())
            while chunk := line.recv(65_536):
                heard += chunk
        return heard


@contextmanager
def serve(*words: str) -> Iterator[Served]:
    command = [sys.executable, "-m", "connector.twins.infomart", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            with httpx2.Client(base_url=url, timeout=PATIENCE) as http:
                yield Served(process, url, http)
        finally:
            process.terminate()
            process.wait(PATIENCE)
