"""What a scrape brings, as a test reads it."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

Figures = Mapping[tuple[str, ...], float]  # the values of a series' labels, in the order of their names -> its value


def scraped(registry: CollectorRegistry) -> str:
    """The exposition, as Prometheus would be told it."""
    return generate_latest(registry).decode()


def figures(text: str, name: str) -> Figures:
    """Every series of one name; the buckets of a histogram are left out, and so are zeros of counters."""
    found = {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == f"connector_{name}"
    }
    return {labels: value for labels, value in found.items() if value or not name.endswith("_total")}


def label_values(text: str) -> Mapping[str, Mapping[str, set[str]]]:
    """The name of every series -> its labels -> the values they take."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)
    return found
