"""A small HTTP proxy: it passes on what it is asked to pass on, and remembers where to and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class PassingProxy:
    url: str = ""
    lines: list[str] = field(default_factory=list)  # the first line of each request
    refuses: bool = False  # a line to anybody, as a proxy does that does not know the caller

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, _, rest = head.partition("\r\n")
        self.lines.append(first)
        method, target, version = first.split(" ")
        if self.refuses:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there, onwards = await asyncio.open_connection(parts.hostname, parts.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            asked = [each for each in rest.splitlines() if each and not each.lower().startswith("connection:")]
            # One request a line: a second one would come with an address that only a proxy understands.
            onwards.write("\r\n".join([f"{method} {path} {version}", *asked, "Connection: close", "", ""]).encode())
        await asyncio.gather(_pour(reader, onwards), _pour(there, writer))


async def _pour(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError), closing(drain):  # either side may be gone, which is all there is to know
        while chunk := await source.read(65_536):
            drain.write(chunk)
            await drain.drain()


@asynccontextmanager
async def passing_proxy() -> AsyncIterator[PassingProxy]:
    """The proxy on a socket."""
    proxy = PassingProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
