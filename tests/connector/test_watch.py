"""Prometheus is answered at a port of its own while the process lives, and finds every counter from the start."""

import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from connector.domain.connection import Cause
from connector.domain.renewal import Outcome
from connector.errors import Misconfigured
from connector.ids import ProviderKey
from connector.vault.journal import TokenJournal
from connector.watch import PrometheusWatch
from tests.conftest import Cluster
from tests.connector.scraping import figures, label_values, scraped
from tests.connector.test_cli import connector
from tests.connector.vault.answers import NOON, an_answer
from tests.workers.crew import own_redis, started, until, worker
from tests.world import TwinServer, serving

INFOMART = ProviderKey("infomart")


class NoonClock:
    """It is seven minutes past noon."""

    @staticmethod
    def now() -> datetime:
        return NOON + timedelta(minutes=7)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[TokenJournal]:
    with closing(TokenJournal.opened(tmp_path, needs_escrow=True)) as opened:
        yield opened


def a_watch(journal: TokenJournal, *, escrow: bool = True) -> PrometheusWatch:
    return PrometheusWatch([INFOMART], journal, NoonClock(), escrow=escrow)


def test_every_series_of_a_counter_is_there_before_anything_has_happened(journal: TokenJournal) -> None:
    told = label_values(scraped(a_watch(journal).registry))
    assert told["connector_renewals_total"] == {"provider": {"infomart"}, "outcome": {each.value for each in Outcome}}
    assert told["connector_tokens_lost_total"] == {"provider": {"infomart"}, "cause": {each.value for each in Cause}}
    assert told["connector_renewals_abandoned_total"] == {"provider": {"infomart"}}
    assert told["connector_deaths_held_back_total"] == {"provider": {"infomart"}}
    assert told["connector_access_tokens_total"] == {"provider": {"infomart"}, "how": {"kept", "renewed"}}
    assert not [name for name in told if name.endswith("_created")]


async def test_what_waits_in_the_journal_is_told_with_its_age_and_so_is_the_lag_of_the_escrow(
    journal: TokenJournal,
) -> None:
    early, late = an_answer(), an_answer(timedelta(minutes=5))
    for answer in (late, early):
        await journal.append(answer)
    watch = a_watch(journal)

    def told() -> list[float]:
        names = ("journal_unsettled", "journal_oldest_seconds", "escrow_lag_seconds")
        return [figures(scraped(watch.registry), name)[()] for name in names]

    assert told() == [2, 420, 420]
    journal.settle(early.id)
    assert told() == [1, 120, 420]
    journal.escrowed(early.id)
    assert told() == [1, 120, 120]
    journal.settle(late.id)
    journal.escrowed(late.id)
    assert told() == [0, 0, 0]


def test_an_installation_without_an_escrow_does_not_pretend_that_it_keeps_up(journal: TokenJournal) -> None:
    assert "connector_escrow_lag_seconds" not in scraped(a_watch(journal, escrow=False).registry)


async def test_prometheus_is_answered_while_the_block_lasts_and_the_port_is_free_afterwards(
    journal: TokenJournal,
) -> None:
    watch = a_watch(journal)
    async with httpx2.AsyncClient() as http:
        with watch.served("127.0.0.1", 0) as port:
            answer = await http.get(f"http://127.0.0.1:{port}/metrics")
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/plain; version=")
            assert figures(answer.text, "journal_unsettled") == {(): 0}
            with pytest.raises(Misconfigured) as refusal, a_watch(journal).served("127.0.0.1", port):
                pass
            [problem] = refusal.value.problems
            assert problem.startswith(f"CONNECTOR_METRICS: nothing can listen at 127.0.0.1:{port} (")
    with socket.socket() as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(("127.0.0.1", port))


async def test_two_installations_in_one_process_count_apart(journal: TokenJournal) -> None:
    one, two = a_watch(journal), a_watch(journal)
    one.token_lost(INFOMART, Cause.ANSWER_LOST)
    assert figures(scraped(one.registry), "tokens_lost_total") == {("answer_lost", "infomart"): 1}
    assert figures(scraped(two.registry), "tokens_lost_total") == {}


async def test_a_worker_tells_the_census_and_a_command_beside_it_listens_nowhere(
    database_url: str, cluster: Cluster, kek: Path, twin: TwinServer, tmp_path: Path
) -> None:
    async with serving(database_url, own_redis(cluster), kek, twin) as world:
        await world.connected("湊待食堂", invoices=0)
        with socket.socket() as door:
            door.bind(("127.0.0.1", 0))
            port = door.getsockname()[1]
        told = {**world.environment, "CONNECTOR_METRICS": f"127.0.0.1:{port}"}
        async with httpx2.AsyncClient() as http:
            with worker(told, tmp_path) as running:
                await started(running)

                async def census() -> str:
                    text = (await http.get(f"http://127.0.0.1:{port}/metrics")).text
                    return text if "connector_census_age_seconds" in text else ""

                text = await until(census, 20, running.words)
                assert figures(text, "connections") == {("", "infomart", "active"): 1}
                assert figures(text, "breaker_open")["infomart", "client_refused"] == 0
                done = await connector("upkeep", "plan", "--json", environment=told)
                assert (done.code, done.err) == (0, "")
                assert await running.stop(30) == 0
