"""One running graph for each module: tests keep apart by making companies of their own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.conftest import Cluster
from tests.graphql_schema.graph import Graph, graph_in


@pytest.fixture(scope="module", autouse=True)
def quiet_log() -> Iterator[None]:
    """Plain tracebacks: some of these tests make resolvers fail, and drawing every variable takes a second each."""
    structlog.configure(processors=[structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)])
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
async def graph(shared_database_url: str, cluster: Cluster, kek: Path) -> AsyncIterator[Graph]:
    async with graph_in(shared_database_url, cluster.redis_url, kek) as running:
        yield running
