"""The key-encryption keys that this process can reach, as one key service; the database says which of them wraps."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from connector.domain.custody import BEAT, CANARY, Kek
from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen, ConnectorError, Misconfigured, Unavailable
from connector.ports import Custody, KeyService

_NO_ANSWER = (Unavailable, Misconfigured)  # a service is away, or an operator must act there
_PROVEN_FOR = 15 * 60.0  # seconds until a key that opened its canary has to prove it again

_log = structlog.get_logger("connector.keychain")


class Keychain:
    """Wraps with the key that is promoted, and unwraps with the one that wrapped.

    `look` gives the services there are, those that the settings name first in front; it is asked again whenever a key
    is missing, so that a key added to a file is found by itself.
    """

    def __init__(
        self,
        look: Callable[[], Sequence[KeyService]],
        custody: Custody,
        *,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._custody = custody
        self._seconds = seconds
        self._proven: dict[str, tuple[float, KeyService]] = {}

    async def foremost(self) -> str:
        """The key that this process would wrap with if nothing were promoted yet; a rotation leads to it."""
        return await self._look()[0].current()

    async def current(self) -> str:
        """The key that wraps now, everywhere."""
        keks = await self._promoted()
        return keks[0].id if keks else await self.foremost()

    async def wrap(self, key: bytes, context: bytes) -> WrappedKey:
        """The key wrapped for `context`; raises Unavailable when this process cannot reach the key that wraps now."""
        promoted = await self._promoted()
        return await self.wrap_under(promoted[0].id if promoted else await self.foremost(), key, context)

    async def wrap_under(self, kek_id: str, key: bytes, context: bytes) -> WrappedKey:
        """The key wrapped by this very key-encryption key, or by a newer version of it if its service says so."""
        service = await self._named(kek_id)
        if service is None:
            service = await self._opening(await self._known(kek_id))
        if service is None:
            raise self._behind(kek_id)
        wrapped = await service.wrap(key, context)
        if wrapped.kek_id != kek_id:  # a service with versions of its own has gone on
            await self._custody.enrol(wrapped.kek_id, await self._canary_from(service))
        return wrapped

    async def unwrap(self, wrapped: WrappedKey, context: bytes) -> bytes:
        """The key inside; raises Unavailable when it is this process that lacks the key, and CannotOpen otherwise."""
        failure: ConnectorError | None = None
        for service in await self._likely(wrapped.kek_id):
            try:
                return await service.unwrap(wrapped, context)
            except CannotOpen:
                continue
            except _NO_ANSWER as cause:  # another may open it
                failure = cause
        if failure is not None:
            raise failure
        kek = await self._known(wrapped.kek_id)
        if kek is not None and kek.retired_at is None and await self._opening(kek) is None:
            raise self._behind(wrapped.kek_id)
        raise CannotOpen(purpose="data_key")

    async def held(self) -> Sequence[str]:
        """The keys this process can open, each proven by its canary.

        Raises Unavailable when a service is away that is needed, and Misconfigured when it refuses us.
        """
        held = []
        for kek in await self._custody.keks():
            try:
                if kek.retired_at is None and await self._opening(kek) is not None:
                    held.append(kek.id)
            except _NO_ANSWER:
                if kek.needed:
                    raise
        return held

    async def canary(self) -> WrappedKey:
        """A canary for the foremost key: the installation's pepper, wrapped by it."""
        service = self._look()[0]
        return WrappedKey(await service.current(), await self._canary_from(service))

    async def close(self) -> None:
        """Leaves the line to every service."""
        for service in self._look():
            await service.close()

    async def _canary_from(self, service: KeyService) -> bytes:
        first = (await self._promoted())[0]
        pepper = await self.unwrap(first.wrapped_canary(), CANARY)
        return (await service.wrap(pepper, CANARY)).blob

    async def _promoted(self) -> Sequence[Kek]:
        return [kek for kek in await self._custody.keks() if kek.promoted_at is not None]

    async def _known(self, kek_id: str) -> Kek | None:
        return next((kek for kek in await self._custody.keks() if kek.id == kek_id), None)

    async def _named(self, kek_id: str) -> KeyService | None:
        for service in self._look():
            with suppress(*_NO_ANSWER):
                if await service.current() == kek_id:
                    return service
        return None

    async def _likely(self, kek_id: str) -> Sequence[KeyService]:
        """The services in the order in which they may open what this key wrapped."""
        until, proven = self._proven.get(kek_id, (0.0, None))
        first = proven if proven is not None and until > self._seconds() else await self._named(kek_id)
        rest = [service for service in self._look() if service is not first]
        return rest if first is None else [first, *rest]

    async def _opening(self, kek: Kek | None) -> KeyService | None:
        """The service that opens the key's canary; None: none does. Raises what those said that did not answer."""
        if kek is None:
            return None
        until, proven = self._proven.get(kek.id, (0.0, None))
        if proven is not None and until > self._seconds() and proven in self._look():
            return proven
        failure: ConnectorError | None = None
        for service in self._look():
            try:
                await service.unwrap(kek.wrapped_canary(), CANARY)
            except CannotOpen:
                continue
            except _NO_ANSWER as cause:
                failure = cause
            else:
                self._proven[kek.id] = (self._seconds() + _PROVEN_FOR, service)
                return service
        self._proven.pop(kek.id, None)
        if failure is not None:
            raise failure
        return None

    @staticmethod
    def _behind(kek_id: str) -> Unavailable:
        _log.error("a key-encryption key of this installation is not in reach of this process", key=kek_id)
        return Unavailable(wait=BEAT)
