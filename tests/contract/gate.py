"""A door on loopback before a key service: shut, a caller is refused; opened again, the same address works."""

import asyncio
from contextlib import suppress
from typing import Self


class Gate:
    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._inside: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.shut()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Whoever is inside is thrown out, and nobody comes in."""
        assert self._server is not None
        self._server.close()
        for writer in list(self._inside):
            writer.transport.abort()

    async def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        ends = {writer, back}
        self._inside |= ends
        try:
            await asyncio.gather(_pour(reader, back), _pour(there, writer))
        finally:
            self._inside -= ends


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await source.read(65_536):
            target.write(content)
            await target.drain()
    target.close()
