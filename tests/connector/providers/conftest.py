from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from connector.providers.transport import Transport
from tests.connector.providers.canned import Canned, canned_provider


@pytest.fixture
async def canned() -> AsyncIterator[Canned]:
    async with canned_provider() as provider:
        yield provider


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    transport = Transport("infomart", timedelta(seconds=5))
    yield transport
    await transport.close()
