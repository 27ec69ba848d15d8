"""The one way out: bounded in time and size, never redirected, and silent about what it carries.

Nothing is retried, with one exception that is aiohttp's own and harmless: a GET whose line is closed without an answer
is asked once more on a fresh one (RFC 9110, 9.2.2). It would do the same with a PUT, so writes go out through `_once`.
"""

import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import orjson
import structlog
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from connector.domain.renewal import TokenReply
from connector.errors import ConnectorError, OutcomeUnknown, Unavailable, Whose

_CONNECT_WITHIN = 5.0  # seconds
_LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; a full page is some 100 kB
_LONGEST_WAIT = 3600  # seconds
_LONGEST_FIGURE = 9  # digits of a number of seconds that is worth reading
_JSON = {"Content-Type": "application/json"}

_log = structlog.get_logger("connector.transport")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole; `code` is the HTTP status, and the names of headers are in lower case."""

    code: int
    headers: Mapping[str, str]
    body: bytes
    whole: bool = True  # False: the line broke before the end

    def wait(self, otherwise: timedelta) -> timedelta:
        """How long the answer asks us to wait, bounded to an hour."""
        asked = self.headers.get("retry-after", "").strip()
        if not asked.isdecimal() or len(asked) > _LONGEST_FIGURE:
            return otherwise
        return timedelta(seconds=min(int(asked), _LONGEST_WAIT))


def explain_silence(cause: Exception) -> ConnectorError:
    """A call that never left may be tried again; a call that went unanswered may not.

    A proxy that refuses to make the line (`ClientHttpProxyError`) was told where to, and nothing else.
    """
    if isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.ClientHttpProxyError):
        return Unavailable(wait=timedelta(seconds=30), whose=Whose.LINE)
    return OutcomeUnknown()


def _lower(headers: Mapping[str, str]) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_last_look: ContextVar[Callable[[], None] | None] = ContextVar("last_look", default=None)


class _LookingConnector(aiohttp.TCPConnector):
    """Lets whoever asks look once more when the line stands and nothing is sent: making it may have taken long."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the signature is aiohttp's
    ) -> Connection:
        """The line, looked at; raises what the look raises."""
        connection = await super().connect(req, traces, timeout)
        try:
            if (look := _last_look.get()) is not None:
                look()
        except BaseException:
            connection.close()
            raise
        return connection


def _once() -> aiohttp.ClientMiddlewareType:
    """Lets one request out; whoever would send it a second time learns that the first may have happened."""
    left = False

    async def let_out(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        nonlocal left
        if left:
            raise OutcomeUnknown
        left = True
        return await send(request)

    return let_out


class Transport:
    """HTTP to one provider. Reads of its API share connections; writes and calls to its token endpoint never do.

    `proxy`: scheme, host and port of the one that everything goes through; None: straight to the provider.
    """

    def __init__(self, provider: str, call_limit: timedelta, proxy: str | None = None) -> None:
        self._provider = provider
        self._proxy = proxy
        self._reads = self._session(call_limit, aiohttp.TCPConnector(limit=100))
        # A reset on a reused idle connection could not be told from a lost answer, so each of these has its own.
        self._writes = self._session(call_limit, aiohttp.TCPConnector(limit=100, force_close=True))
        # Nor has a token call a limit here: whoever asks decides how long to listen, since the answer may hold the
        # only token.
        self._tokens = self._session(None, _LookingConnector(limit=0, force_close=True))

    def _session(self, limit: timedelta | None, connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
        total = None if limit is None else limit.total_seconds()
        timeout = aiohttp.ClientTimeout(total=total, connect=_CONNECT_WITHIN)
        jar = aiohttp.DummyCookieJar()
        return aiohttp.ClientSession(connector=connector, timeout=timeout, cookie_jar=jar, proxy=self._proxy)

    async def get(self, url: str, *, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """The answer to a read; raises Unavailable or OutcomeUnknown when there is none."""
        return await self._ask(self._reads, "GET", url, params=query, headers=headers)

    async def search(self, url: str, *, body: Mapping[str, str | int], headers: Mapping[str, str]) -> Answer:
        """The answer to a read that is asked for by POST, with JSON; raises Unavailable or OutcomeUnknown as `get`."""
        return await self._ask(self._reads, "POST", url, data=orjson.dumps(body), headers={**headers, **_JSON})

    async def write(self, method: str, url: str, *, body: Mapping[str, object], headers: Mapping[str, str]) -> Answer:
        """The answer to something that must not happen twice, sent once whatever its method says of repetition.

        Raises Unavailable when it never left, OutcomeUnknown when no whole answer came back.
        """
        told, marked = orjson.dumps(body), {**headers, **_JSON}
        return await self._ask(self._writes, method, url, data=told, headers=marked, middlewares=(_once(),))

    async def post_token(self, url: str, *, form: str, last_look: Callable[[], None] | None = None) -> TokenReply:
        """What a token endpoint says to a form, however late and even if only half of it arrives.

        `last_look` is called when the line stands and nothing has been sent; what it raises is raised, and nothing is.
        Raises Unavailable when the form never left, OutcomeUnknown when not a byte of an answer came back.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        heard = bytearray()
        _last_look.set(last_look)
        answer = await self._ask(self._tokens, "POST", url, heard=heard, data=form, headers=headers)
        return TokenReply(
            code=answer.code, body=answer.body, whole=answer.whole, retry_after=answer.wait(timedelta()) or None
        )

    async def close(self) -> None:
        """Closes every connection."""
        await self._reads.close()
        await self._writes.close()
        await self._tokens.close()

    async def _ask(
        self,
        session: aiohttp.ClientSession,
        method: str,
        url: str,
        *,
        heard: bytearray | None = None,
        **parts: object,
    ) -> Answer:
        began = time.monotonic()
        # The query carries company codes and the body tokens: neither is logged, nor is any header.
        log = _log.bind(provider=self._provider, method=method, path=URL(url).path)
        started: aiohttp.ClientResponse | None = None
        body = bytearray() if heard is None else heard
        try:
            async with session.request(method, URL(url), allow_redirects=False, **parts) as response:  # type: ignore[arg-type]  # checked by the four callers above
                started = response
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > _LARGEST_ANSWER:
                        raise OutcomeUnknown
                answer = Answer(code=response.status, headers=_lower(response.headers), body=bytes(body))
        except (aiohttp.ClientError, TimeoutError, OSError) as cause:
            if started is not None and heard:
                log.warning("half an answer", code=started.status, size=len(heard), why=type(cause).__name__)
                return Answer(code=started.status, headers=_lower(started.headers), body=bytes(heard), whole=False)
            log.warning("no answer", why=type(cause).__name__, seconds=round(time.monotonic() - began, 3))
            raise explain_silence(cause) from cause
        log.info("answered", code=answer.code, size=len(body), seconds=round(time.monotonic() - began, 3))
        return answer
