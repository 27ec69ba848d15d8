"""Asks a key service that may hang: in threads of its own, bound to one context, never longer than a second or so."""

import asyncio
import ipaddress
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from urllib.parse import urlsplit

import structlog

from connector.errors import Misconfigured, Unavailable, Whose

T = TypeVar("T")

OPTIONS = frozenset({"seconds"})  # of every service that is asked over a network
DEADLINE = "1"  # seconds
AT_ONCE = 32  # questions under way; a service that hangs can hold no other thread of the process
_LONGEST = 60

_log = structlog.get_logger("connector.kms")


def bound(context: bytes) -> bytes:
    """What a wrapped key is bound to: the context, apart from everything else that the same key may seal."""
    return b"connector.kek.1" + context


class Asking:
    """The line to one key service."""

    def __init__(self, service: str, options: Mapping[str, str]) -> None:
        self.service = service
        self.deadline = _seconds(options.get("seconds", DEADLINE))  # a caller waits no longer, for a free thread too
        self.patience = 0.8 * self.deadline  # how long its library waits, so that its thread comes free again
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="key-service")

    async def ask(self, question: Callable[[], T]) -> T:
        """The answer to a blocking question; raises Unavailable when there is none in time."""
        try:
            async with asyncio.timeout(self.deadline):
                return await asyncio.get_running_loop().run_in_executor(self._threads, question)
        except TimeoutError:
            raise self.away("no answer in time") from None

    def away(self, reason: str) -> Unavailable:
        """Nothing happened there; what is asked next may be answered."""
        _log.warning("the key service is away", service=self.service, reason=reason)
        return Unavailable(whose=Whose.OURS)

    def refused(self, reason: str, said: str = "") -> Misconfigured:
        """An operator must act there, and no wrapped key is at fault; what it `said` is for the log alone."""
        _log.error("the key service refuses us", service=self.service, reason=reason, said=said)
        return Misconfigured(problems=[f"CONNECTOR_KEK: {self.service} refuses to use the key: {reason}"])

    def close(self) -> None:
        """Takes no more questions; one under way ends by its library's own time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def refuse_plain_http(variable: str, url: str) -> None:
    """Raises Misconfigured for an address over which an open key would cross a network unsealed."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not _loopback(parts.hostname or ""):
        raise Misconfigured(problems=[f"{variable}: is not https://, which is needed for all but loopback"])


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST:
        raise Misconfigured(problems=[f"CONNECTOR_KEK: seconds={text} is not above 0 and at most {_LONGEST}"])
    return seconds


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
