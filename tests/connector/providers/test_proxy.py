"""With a proxy named, everything goes through it: reads, writes and token calls; without one, nothing does."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from connector.errors import Unavailable, Whose
from connector.providers.transport import Transport
from tests.connector.providers.canned import Canned
from tests.connector.providers.passing_proxy import PassingProxy, passing_proxy

FORM = "grant_type=refresh_token"


@pytest.fixture
async def proxy() -> AsyncIterator[PassingProxy]:
    async with passing_proxy() as passing:
        yield passing


@pytest.fixture
async def through(proxy: PassingProxy) -> AsyncIterator[Transport]:
    transport = Transport("infomart", timedelta(seconds=5), proxy.url)
    yield transport
    await transport.close()


async def every_call(transport: Transport, url: str) -> list[int]:
    return [
        (await transport.get(f"{url}/read", query={}, headers={})).code,
        (await transport.search(f"{url}/search", body={}, headers={})).code,
        (await transport.write("PUT", f"{url}/write", body={}, headers={})).code,
        (await transport.post_token(f"{url}/token", form=FORM)).code,
    ]


async def test_im_12_every_call_goes_through_the_proxy_that_is_named(
    through: Transport, proxy: PassingProxy, canned: Canned
) -> None:
    assert await every_call(through, canned.url) == [200] * 4
    assert [asked.path for asked in canned.asked] == ["/read", "/search", "/write", "/token"]
    assert [line.split(" ")[:2] for line in proxy.lines] == [
        ["GET", f"{canned.url}/read"],
        ["POST", f"{canned.url}/search"],
        ["PUT", f"{canned.url}/write"],
        ["POST", f"{canned.url}/token"],
    ]


async def test_without_a_name_no_proxy_is_used_whatever_the_environment_says(
    transport: Transport, proxy: PassingProxy, canned: Canned, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    assert await every_call(transport, canned.url) == [200] * 4
    assert proxy.lines == []


async def test_a_proxy_that_makes_no_line_or_is_not_there_means_that_nothing_left(
    through: Transport, proxy: PassingProxy, canned: Canned
) -> None:
    proxy.refuses = True
    sealed = "https://provider.invalid"
    for call in (
        through.write("POST", f"{sealed}/write", body={}, headers={}),
        through.post_token(f"{sealed}/token", form=FORM),
        through.get(f"{sealed}/read", query={}, headers={}),
    ):
        with pytest.raises(Unavailable) as failure:
            await call
        assert failure.value.whose is Whose.LINE
    assert proxy.lines == ["CONNECT provider.invalid:443 HTTP/1.1"] * 3  # the host's name, and nothing else

    nowhere = Transport("infomart", timedelta(seconds=5), "http://127.0.0.1:1")
    with pytest.raises(Unavailable):
        await nowhere.write("POST", f"{canned.url}/write", body={}, headers={})
    await nowhere.close()
    assert canned.asked == []
