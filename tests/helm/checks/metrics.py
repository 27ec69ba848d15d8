"""Prometheus finds web and worker pods at a port of their own, and the alarms it is given are those we test.

The kinds of the Prometheus Operator are not Kubernetes' own, so no schema of its looks at them: this does.
"""

from collections.abc import Iterator
from typing import Any

import yaml

from tests.helm.checks.pods import COMPONENT, Pod, named, of_kind, pods, selects
from tests.helm.engine_room import CHART
from tests.helm.rendering import Manifest, Values

OPERATOR = "monitoring.coreos.com/v1"
ALERTS: dict[str, Any] = yaml.safe_load((CHART / "alerts.yaml").read_text())


def violations(objects: list[Manifest], values: Values) -> list[str]:
    wanted = values["metrics"]
    return [
        *(f"{pod}: {problem}" for pod in pods(objects) for problem in at_port(pod, values)),
        *made(objects, "PodMonitor", wanted["podMonitor"]),
        *made(objects, "PrometheusRule", wanted["prometheusRule"]),
        *(f"{named(each)}: {problem}" for each in of_kind(objects, "PodMonitor") for problem in finds(each, objects)),
        *(f"{named(each)}: other alarms than ours" for each in of_kind(objects, "PrometheusRule") if altered(each)),
    ]


def at_port(pod: Pod, values: Values) -> Iterator[str]:
    wanted = values["metrics"]["enabled"] and pod.component in {"web", "worker"}
    expected = [values["metrics"]["port"]] if wanted else []
    ports = [port for container in pod.containers for port in container.get("ports", [])]
    if [port["containerPort"] for port in ports if port["name"] == "metrics"] != expected:
        yield "metrics are not where the values say"


def made(objects: list[Manifest], kind: str, wanted: Values) -> Iterator[str]:
    found = of_kind(objects, kind)
    if len(found) != wanted["enabled"]:
        yield f"{kind}: {len(found)} of them"
    for each in found:
        if each["apiVersion"] != OPERATOR:
            yield f"{named(each)}: of {each['apiVersion']}"
        if not selects(wanted["labels"], each["metadata"]["labels"]):
            yield f"{named(each)}: without the labels it is selected by"


def finds(monitor: Manifest, objects: list[Manifest]) -> Iterator[str]:
    """What is wrong with the pods and the port that a PodMonitor leads Prometheus to."""
    spec = monitor["spec"]
    if spec.keys() != {"selector", "podTargetLabels", "podMetricsEndpoints"}:
        yield "fields nobody has looked at"
    [rule] = spec["selector"]["matchExpressions"]
    found = {
        pod.component
        for pod in pods(objects)
        if selects(spec["selector"]["matchLabels"], pod.labels)
        and (rule["key"], rule["operator"]) == (COMPONENT, "In")
        and pod.labels[COMPONENT] in rule["values"]
    }
    if found != {"web", "worker"}:
        yield f"finds {sorted(found)}"
    if [(each["port"], each["path"]) for each in spec["podMetricsEndpoints"]] != [("metrics", "/metrics")]:
        yield "scrapes another port"


def altered(rule: Manifest) -> bool:
    return bool(rule["spec"] != ALERTS)
