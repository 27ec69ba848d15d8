"""Every alarm asks for what the program tells, in words that Prometheus understands, and says what to do twice."""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import promql_parser
import pytest

from connector.domain.breaker import Breaker, Trouble
from connector.domain.census import ENDING_WITHIN, Census, Counted
from connector.domain.connection import Cause, Standing
from connector.ids import ProviderKey
from connector.vault.journal import TokenJournal
from connector.watch import PrometheusWatch
from tests.connector.scraping import label_values, scraped
from tests.helm.checks.metrics import ALERTS
from tests.helm.engine_room import ROOT

[GROUP] = ALERTS["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}
BY_PROMETHEUS = {"namespace", "pod", "instance", "job"}  # labels that a scrape adds
NOW = datetime(2026, 11, 25, tzinfo=UTC)
INFOMART = ProviderKey("infomart")
_NAMED = re.compile(r"\bconnector_[a-z_]+")


class Now:
    @staticmethod
    def now() -> datetime:
        return NOW


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, set[str]]]:
    """Every series that a worker tells, with its labels, when connections stand in every way there is."""
    causes: list[Cause | None] = [None, *Cause]
    counted = [
        Counted(INFOMART, standing, cause, 1, NOW, dict.fromkeys(ENDING_WITHIN, 1))
        for standing in Standing
        for cause in causes
    ]
    with closing(TokenJournal.opened(tmp_path_factory.mktemp("journal"))) as journal:
        watch = PrometheusWatch([INFOMART], journal, Now(), escrow=True)
        watch.census_taken(Census(NOW, counted, [Breaker(INFOMART, Trouble.MAINTENANCE, NOW, NOW)]))
        return label_values(scraped(watch.registry))


def parts(expression: str) -> Iterator[Any]:
    """Every node of an expression as Prometheus reads it."""
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    yield from found


def unknown(expression: str, told: Mapping[str, Mapping[str, set[str]]]) -> list[str]:
    """What an expression asks for that nobody tells."""
    problems = []
    for node in parts(expression):
        match node:
            case promql_parser.VectorSelector():
                labels = told.get(node.name or "")
                if labels is None:
                    problems.append(f"no series {node.name}")
                    continue
                for matcher in node.matchers.matchers:
                    values = labels.get(matcher.name, set())
                    asked = matcher.value.split("|")
                    problems += [f"{node.name}: no {matcher.name} {each}" for each in asked if each not in values]
            case promql_parser.AggregateExpr():
                inner = {name for each in parts(str(node.expr)) for name in told.get(getattr(each, "name", ""), {})}
                asked = node.modifier.labels if node.modifier else []
                problems += [f"no label {each}" for each in asked if each not in inner | BY_PROMETHEUS]
            case _:
                pass
    return problems


@pytest.mark.parametrize("alert", RULES)
def test_an_alarm_asks_only_for_series_and_labels_that_are_told(
    alert: str, told: Mapping[str, Mapping[str, set[str]]]
) -> None:
    assert unknown(RULES[alert]["expr"], told) == []


@pytest.mark.parametrize(
    ("spoilt", "problem"),
    [
        ("sum(connector_token_lost_total) > 0", "no series connector_token_lost_total"),
        ('connector_breaker_open{trouble="gone"} > 0', "connector_breaker_open: no trouble gone"),
        ('connector_consents_ending{days="7"} > 0', "connector_consents_ending: no days 7"),
        ("max by (tenant) (connector_connections) > 0", "no label tenant"),
    ],
)
def test_an_alarm_that_could_never_be_raised_is_noticed(
    spoilt: str, problem: str, told: Mapping[str, Mapping[str, set[str]]]
) -> None:
    assert unknown(spoilt, told) == [problem]


def test_words_that_prometheus_does_not_understand_are_noticed() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        promql_parser.parse("sum by (provider (connector_connections) > 0")


@pytest.mark.parametrize("alert", RULES)
def test_an_alarm_says_what_is_wrong_and_what_to_do_in_both_languages(alert: str) -> None:
    rule = RULES[alert]
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"page", "ticket"}
    said = rule["annotations"]
    assert said.keys() == {"summary", "description", "summary_ja", "description_ja"}
    for name, text in said.items():
        assert bool(re.search(r"[\u3040-\u9fff]", text)) == name.endswith("_ja"), name
        assert text.endswith("。" if name.endswith("_ja") else "."), name
    labels = {each for text in said.values() for each in re.findall(r"\$labels\.(\w+)", text)}
    grouped = re.findall(r"by \(([\w, ]+)\)", rule["expr"])
    assert all(labels <= set(each.split(", ")) | {"cause"} for each in grouped)


def test_what_the_protocol_calls_for_is_there_and_pages_or_does_not() -> None:
    assert {name: rule["labels"]["severity"] for name, rule in RULES.items()} == {
        "ConnectorTokenLost": "page",
        "ConnectorManyTokensCalledDead": "page",
        "ConnectorClientRefused": "page",
        "ConnectorConsentsUnreadable": "page",
        "ConnectorConsentsEndingSoon": "page",
        "ConnectorConsentsNotRenewed": "ticket",
        "ConnectorDoubtTooOld": "ticket",
        "ConnectorProviderAway": "ticket",
        "ConnectorEscrowBehind": "page",
        "ConnectorJournalNotEmptied": "ticket",
        "ConnectorCensusMissing": "page",
    }


def test_the_guide_explains_every_series_and_every_alarm_and_no_other(
    told: Mapping[str, Mapping[str, set[str]]],
) -> None:
    guide = (ROOT / "docs/operators.md").read_text()
    ours = {name for name in told if name.startswith("connector_") and not name.endswith(("_bucket", "_sum"))}
    assert set(_NAMED.findall(guide)) == {name.removesuffix("_count") for name in ours}
    assert set(re.findall(r"`(Connector[A-Z]\w+)`", guide)) == set(RULES)
