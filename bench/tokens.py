"""A token endpoint that costs next to nothing: it takes every refresh token and gives a new pair. Run as a process."""

import asyncio
import json
import sys
from typing import cast
from uuid import uuid4

import uvloop

_MINT = b"POST /_sim/grants"


class Endpoint(asyncio.Protocol):
    """HTTP as far as one POST needs it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A line is up."""
        self._line = cast("asyncio.Transport", transport)  # uvloop's own is no subclass of it
        self._heard = b""

    def data_received(self, data: bytes) -> None:
        """Answers once the whole request is there."""
        self._heard += data
        head, found, body = self._heard.partition(b"\r\n\r\n")
        if not found:
            return
        fields = head.lower()
        length = int(fields.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self._heard = body[length:]
        told = _minted(body) if head.startswith(_MINT) else _renewed()
        close = b"connection: close" in fields
        answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(told)
        self._line.write(answer + (b"Connection: close\r\n\r\n" if close else b"\r\n") + told)
        if close:
            self._line.close()


def _renewed() -> bytes:
    return b'{"access_token":"%s","refresh_token":"%s","token_type":"Bearer","expires_in":300}' % (
        str(uuid4()).encode(),
        str(uuid4()).encode(),
    )


def _minted(body: bytes) -> bytes:
    made = [
        {"pfid": f"{number}@example.co.jp", "access_token": str(uuid4()), "refresh_token": str(uuid4())}
        for number in range(json.loads(body)["count"])
    ]
    return json.dumps({"grants": made}).encode()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Endpoint, "127.0.0.1", 0, backlog=1024)
    port = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{port}"}) + "\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_serve())
