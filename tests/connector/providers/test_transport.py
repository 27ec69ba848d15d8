"""The one way out, over real sockets: what is known after a call that failed, and what nobody ever gets to read."""

import asyncio
import io
import logging
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import structlog

from connector.domain.renewal import TokenReply
from connector.errors import ConnectorError, OutcomeUnknown, Unavailable
from connector.providers.transport import Answer, Transport
from connector.twins.infomart.faults import Fault, Kind
from tests.connector.providers.canned import Canned
from tests.world import TwinServer

CANARY = "canary-4711"
TOKEN_PATH, INVOICES_PATH = "/openam/oauth2/access_token?realm=/api", "/v1/invoice/buyer/invoices"
FORM = f"grant_type=refresh_token&client_id=x&client_secret={CANARY}&refresh_token={CANARY}"


async def get(transport: Transport, url: str) -> Answer:
    return await transport.get(url, query={"page_no": CANARY}, headers={"Authorization": f"Bearer {CANARY}"})


@asynccontextmanager
async def listening(answer: bytes, *, then_close: bool = True) -> AsyncIterator[str]:
    """A bare socket that answers every connection with these bytes, or only takes them."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if then_close:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{door.getsockname()[1]}"


async def test_a_call_that_never_left_changed_nothing(transport: Transport) -> None:
    for call in (get(transport, nobody()), transport.post_token(nobody(), form=FORM)):
        with pytest.raises(Unavailable):
            await call


async def test_a_host_without_an_address_is_a_call_that_never_left(transport: Transport) -> None:
    with pytest.raises(Unavailable):
        await get(transport, "http://no-such-host.invalid/")


@pytest.mark.parametrize("kind", [Kind.DROP_BEFORE, Kind.DROP_AFTER, Kind.TRUNCATE])
async def test_a_call_whose_line_was_cut_may_or_may_not_have_happened(
    transport: Transport, twin: TwinServer, kind: Kind
) -> None:
    twin.world.faults.add(Fault("token", kind, count=9))
    twin.world.faults.add(Fault("invoices", kind, count=9))
    if kind is Kind.TRUNCATE:  # half of an answer may hold a token, so it is kept and said to be half
        assert not (await transport.post_token(twin.url + TOKEN_PATH, form=FORM)).whole
    else:
        with pytest.raises(OutcomeUnknown):
            await transport.post_token(twin.url + TOKEN_PATH, form=FORM)
    assert [each["operation"] for each in twin.ledger("fault_struck")] == ["token"]  # asked once, and never again
    with pytest.raises(OutcomeUnknown):
        await get(transport, twin.url + INVOICES_PATH)
    reads = [each["operation"] for each in twin.ledger("fault_struck")][1:]
    assert reads == ["invoices"] * (1 if kind is Kind.TRUNCATE else 2)  # a read may be asked twice, and only a read


async def test_a_call_that_is_not_answered_in_time_may_or_may_not_have_happened(twin: TwinServer) -> None:
    transport = Transport("infomart", timedelta(seconds=0.2))
    twin.world.faults.add(Fault("invoices", Kind.DELAY, seconds=1))
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        await get(transport, twin.url + INVOICES_PATH)
    assert time.monotonic() - began < 0.9
    await transport.close()


@pytest.mark.parametrize(
    "answer", [b"", b"not HTTP at all\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"HTTP/1.1 2"]
)
async def test_an_answer_without_a_byte_of_its_body_may_or_may_not_have_happened(
    transport: Transport, answer: bytes
) -> None:
    async with listening(answer) as url:
        with pytest.raises(OutcomeUnknown):
            await transport.post_token(url, form=FORM)


async def test_half_an_answer_of_a_token_endpoint_is_kept_and_said_to_be_half(transport: Transport) -> None:
    async with listening(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}") as url:
        assert await transport.post_token(url, form=FORM) == TokenReply(200, b"{}", whole=False, retry_after=None)


async def test_a_redirect_is_an_answer_and_is_not_followed(transport: Transport, canned: Canned) -> None:
    for code in (301, 302, 303, 307, 308):
        canned.code, canned.headers = code, {"Location": f"{canned.url}/elsewhere"}
        assert (await get(transport, f"{canned.url}/here")).code == code
        assert (await transport.post_token(f"{canned.url}/here", form=FORM)).code == code
    assert [asked.path for asked in canned.asked] == ["/here"] * 10


async def test_an_answer_past_any_size_is_cut_off_before_it_fills_the_memory(transport: Transport) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n"
    async with listening(head + b"x" * (65 * 1024 * 1024), then_close=False) as url:
        with pytest.raises(OutcomeUnknown):
            await get(transport, url)


async def test_each_token_call_has_a_connection_of_its_own_and_readings_share_one(
    transport: Transport, canned: Canned
) -> None:
    for _ in range(4):
        await transport.post_token(f"{canned.url}/token", form=FORM)
    for _ in range(4):
        await get(transport, f"{canned.url}/invoices")
    ports = [asked.port for asked in canned.asked]
    assert len(set(ports[:4])) == 4
    assert len(set(ports[4:])) == 1
    assert {asked.headers.get("connection") for asked in canned.asked[:4]} == {"close"}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_write_leaves_once_on_a_line_of_its_own_whatever_http_says_of_its_method(
    transport: Transport, twin: TwinServer, canned: Canned, method: str
) -> None:
    for _ in range(3):
        await transport.write(method, canned.url, body={"a": CANARY}, headers={})
    assert len({asked.port for asked in canned.asked}) == 3
    assert {asked.headers["connection"] for asked in canned.asked} == {"close"}
    operation = {"POST": "register", "PUT": "update"}[method]
    twin.world.faults.add(Fault(operation, Kind.DROP_BEFORE, count=9))
    with pytest.raises(OutcomeUnknown):
        await transport.write(method, f"{twin.url}/v1/invoice/seller/invoices", body={}, headers={})
    assert [each["operation"] for each in twin.ledger("fault_struck")] == [operation]


async def test_a_token_call_is_looked_at_once_more_when_its_line_stands_and_nothing_has_left(
    transport: Transport, canned: Canned
) -> None:
    looked: list[int] = []

    def not_any_more() -> None:
        looked.append(len(canned.asked))
        raise Unavailable

    with pytest.raises(Unavailable):
        await transport.post_token(canned.url, form=FORM, last_look=not_any_more)
    assert (looked, canned.asked) == ([0], [])
    assert (await transport.post_token(canned.url, form=FORM)).code == 200  # the look was that call's alone
    assert len(looked) == 1


async def test_no_cookie_is_kept_from_one_tenants_call_to_the_next(transport: Transport, canned: Canned) -> None:
    canned.headers = {"Set-Cookie": "session=one-tenant; Path=/"}
    await get(transport, canned.url)
    await get(transport, canned.url)
    await transport.post_token(canned.url, form=FORM)
    assert not [asked for asked in canned.asked if "cookie" in asked.headers]


async def test_the_wait_a_provider_asks_for_is_heard_in_any_case_of_letters(
    transport: Transport, twin: TwinServer, canned: Canned
) -> None:
    twin.world.faults.add(Fault("invoices", Kind.HTTP_503))
    answer = await get(transport, twin.url + INVOICES_PATH)
    assert (answer.code, answer.wait(timedelta(minutes=10))) == (503, timedelta(seconds=120))
    for name in ("Retry-After", "retry-after", "RETRY-AFTER"):
        canned.headers = {name: "7"}
        assert (await get(transport, canned.url)).wait(timedelta()) == timedelta(seconds=7)


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """Every line of every library, at its most talkative."""
    page, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(page), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    kept = structlog.get_config()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.WriteLoggerFactory(file=page),
    )
    yield page
    structlog.configure(**kept)
    root.setLevel(before)
    root.removeHandler(handler)


async def test_no_library_logs_a_query_a_header_or_a_body_even_at_its_most_talkative(
    canned: Canned, twin: TwinServer, everything_logged: io.StringIO
) -> None:
    transport = Transport("infomart", timedelta(seconds=1))
    asyncio.get_running_loop().set_debug(True)
    canned.body = f'{{"access_token": "{CANARY}"}}'.encode()
    canned.headers = {"X-Canary": CANARY, "Location": f"https://{CANARY}.example"}
    twin.world.faults.add(Fault("token", Kind.DROP_AFTER))
    twin.world.faults.add(Fault("invoices", Kind.TRUNCATE))
    failures: list[ConnectorError] = []
    for url in (canned.url, nobody(), twin.url + TOKEN_PATH, twin.url + INVOICES_PATH):
        for call in (transport.post_token(url, form=FORM), get(transport, url)):
            try:
                await call
            except ConnectorError as failure:
                failures.append(failure)
                logging.getLogger("anybody").exception("failed")
                structlog.get_logger("anybody").exception("failed")
    asyncio.get_running_loop().set_debug(False)
    await transport.close()

    said = everything_logged.getvalue()
    assert len(failures) >= 3
    assert "answered" in said
    assert "no answer" in said
    assert "Traceback" in said
    assert CANARY not in said
    assert CANARY not in repr(failures)
