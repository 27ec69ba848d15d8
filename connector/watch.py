"""What an operator watches: counts of what happens here, read off at a port of its own in Prometheus' words.

Counters live as long as the process. Whatever the token journal and the last census tell is worked out when it is read
off, so that an age goes on growing while the database is away. No label names a tenant or a connection.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from connector.domain.breaker import Trouble
from connector.domain.census import ENDING_WITHIN, Census
from connector.domain.connection import Cause, Standing
from connector.domain.renewal import Outcome
from connector.errors import Misconfigured
from connector.ids import ProviderKey
from connector.ports import Clock, TokenJournal

_WINDOW = (0.0005, 0.001, 0.002, 0.004, 0.01, 0.025, 0.1, 0.5, 2.5)  # seconds; 0.01 is what 99 of 100 are promised
_CALL = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 95)  # seconds; 40 is the deadline, and until 95 it is listened for
_DOUBTS = (Standing.UNCERTAIN, Standing.SUSPECT, Standing.UNREADABLE)

_log = structlog.get_logger("connector.watch")


class PrometheusWatch:
    """Counts what it is told and tells it to whoever scrapes; every series of a counter is there from the start."""

    def __init__(self, providers: Iterable[ProviderKey], journal: TokenJournal, clock: Clock, *, escrow: bool) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, read by nobody
        self.registry = CollectorRegistry()
        self._renewals = self._counter("renewals", "Renewals that ended.", "provider", "outcome")
        self._abandoned = self._counter(
            "renewals_abandoned", "Of the unknown ones, those whose own process died in their middle.", "provider"
        )
        self._lost = self._counter(
            "tokens_lost", "Connections given up: a person must consent again.", "provider", "cause"
        )
        self._held_back = self._counter(
            "deaths_held_back", "Connections not given up yet, as too many died at once.", "provider"
        )
        self._access = self._counter("access_tokens", "Access tokens given for a call.", "provider", "how")
        self._calls = Histogram(
            "connector_token_call_seconds",
            "From a call to a token endpoint until its answer, unanswered ones left out.",
            ["provider"],
            buckets=_CALL,
            registry=self.registry,
        )
        self._window = Histogram(
            "connector_journal_window_seconds",
            "How long a token answer was in memory only.",
            buckets=_WINDOW,
            registry=self.registry,
        )
        # A counter that is not there before its first event has no increase when that comes.
        for provider in providers:
            for outcome in Outcome:
                self._renewals.labels(provider, outcome.value)
            for cause in Cause:
                self._lost.labels(provider, cause.value)
            for how in ("kept", "renewed"):
                self._access.labels(provider, how)
            for of_provider in (self._abandoned, self._held_back, self._calls):
                of_provider.labels(provider)
        self._gauges = _Gauges(journal, clock, escrow=escrow)
        self.registry.register(self._gauges)
        ProcessCollector(registry=self.registry)

    def renewal_ended(self, provider: ProviderKey, outcome: Outcome) -> None:
        """A renewal ended; one whose answer comes after all ends once more, as adopted."""
        self._renewals.labels(provider, outcome.value).inc()

    def renewal_abandoned(self, provider: ProviderKey) -> None:
        """A process of ours died in the middle of a renewal, or forgot it."""
        self._abandoned.labels(provider).inc()
        self.renewal_ended(provider, Outcome.UNKNOWN)

    def token_lost(self, provider: ProviderKey, cause: Cause) -> None:
        """A connection was given up."""
        self._lost.labels(provider, cause.value).inc()

    def death_held_back(self, provider: ProviderKey) -> None:
        """A connection was not given up, because so many were that the provider is more likely wrong."""
        self._held_back.labels(provider).inc()

    def call_answered(self, provider: ProviderKey, seconds: float) -> None:
        """A token endpoint answered after so long."""
        self._calls.labels(provider).observe(seconds)

    def answer_on_disk(self, seconds: float) -> None:
        """An answer was in memory only for so long."""
        self._window.observe(seconds)

    def access_given(self, provider: ProviderKey, *, renewed: bool) -> None:
        """An access token was given for a call, from a grant at hand or from a new one."""
        self._access.labels(provider, "renewed" if renewed else "kept").inc()

    def census_taken(self, census: Census) -> None:
        """The newest count of all connections."""
        self._gauges.census = census

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """The port at which Prometheus is answered while the block lasts; raises Misconfigured when it is not free."""
        try:
            server, thread = start_http_server(port, host, self.registry)
        except OSError as cause:
            problem = f"CONNECTOR_METRICS: nothing can listen at {host}:{port} ({cause.strerror})"
            raise Misconfigured(problems=[problem]) from None
        _log.info("watched", host=host, port=server.server_port)
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"connector_{name}", meaning, labels, registry=self.registry)


class _Gauges(Collector):
    """How things stand at the moment they are read off."""

    def __init__(self, journal: TokenJournal, clock: Clock, *, escrow: bool) -> None:
        self.census: Census | None = None  # None: this process has taken none
        self._journal, self._clock, self._escrow = journal, clock, escrow

    def collect(self) -> Iterator[Metric]:
        """Everything that is not counted up; called by the thread that answers a scrape."""
        now = self._clock.now()
        yield from self._of_journal(now)
        if (census := self.census) is not None:
            yield from _of_census(census, now)

    def _of_journal(self, now: datetime) -> Iterator[Metric]:
        backlog = self._journal.backlog()
        yield _one("journal_unsettled", "Token answers on this disk that the database has not had.", backlog.unsettled)
        oldest = _age(backlog.unsettled_since, now)
        yield _one("journal_oldest_seconds", "How long the oldest of them has waited.", oldest)
        if self._escrow:
            lag = _age(backlog.unescrowed_since, now)
            yield _one("escrow_lag_seconds", "How long the oldest token answer has waited for the escrow.", lag)


def _of_census(census: Census, now: datetime) -> Iterator[Metric]:
    yield _one("census_age_seconds", "How old the figures of the whole installation are.", _age(census.taken_at, now))
    connections = _gauge("connections", "Connections.", "provider", "standing", "cause")
    for each in census.counted:
        whose = [each.provider, each.standing.value, "" if each.cause is None else each.cause.value]
        connections.add_metric(whose, each.connections)
    yield connections

    oldest = _gauge("standing_oldest_seconds", "How long a connection has stood so at most.", "provider", "standing")
    ending = _gauge("consents_ending", "Consents that end so soon unless renewed.", "provider", "within_days")
    opened = _gauge("breaker_open", "Whether the breaker is open, and why.", "provider", "trouble")
    for provider in sorted({each.provider for each in census.counted}):
        alike = [each for each in census.counted if each.provider == provider]
        for standing in _DOUBTS:
            since = min((each.since for each in alike if each.standing is standing), default=None)
            oldest.add_metric([provider, standing.value], _age(since, now))
        for days in ENDING_WITHIN:
            ending.add_metric([provider, str(days)], sum(each.ending[days] for each in alike))
        for trouble in Trouble:
            is_open = any(each.provider == provider and each.trouble is trouble for each in census.breakers)
            opened.add_metric([provider, trouble.value], is_open)
    yield from (oldest, ending, opened)


def _gauge(name: str, meaning: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"connector_{name}", meaning, labels=labels)


def _one(name: str, meaning: str, figure: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"connector_{name}", meaning, value=figure)


def _age(since: datetime | None, now: datetime) -> float:
    """Seconds; 0: there is nothing to have an age."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
