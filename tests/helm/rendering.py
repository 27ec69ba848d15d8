"""What the chart renders to, and from which values."""

import copy
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.helm.engine_room import CHART, KUBE_VERSIONS, ask

Values = dict[str, Any]
Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rendered:
    values: Values  # as the templates see them: the chart's defaults with the given values on top
    objects: list[Manifest]
    files: Mapping[str, str]
    problems: Sequence[str]  # what the API server's schemas object to
    error: str | None  # None: Helm did not refuse


@dataclass(frozen=True, slots=True)
class Order:
    values: Values
    release: str = "connector"
    chart: Path = CHART

    def request(self) -> dict[str, Any]:
        return {
            "ask": "render",
            "chart": str(self.chart),
            "values": self.values,
            "release": self.release,
            "kubeVersions": KUBE_VERSIONS,
        }


def render_all(orders: Mapping[str, Order]) -> dict[str, Rendered]:
    """Every order, by its name, in one run of the engine."""
    answers = ask([order.request() for order in orders.values()])
    return {
        name: Rendered(
            values=answer.get("values", {}),
            objects=answer.get("objects", []),
            files=answer.get("files", {}),
            problems=answer.get("problems", []),
            error=answer.get("error"),
        )
        for name, answer in zip(orders, answers, strict=True)
    }


def render_values(values: Mapping[str, Values]) -> dict[str, Rendered]:
    """Every set of values, by its name, with this chart."""
    return render_all({name: Order(each) for name, each in values.items()})


@functools.cache
def scenarios() -> dict[str, Values]:
    """The files of ci/, by the word before `-values.yaml`."""
    found = sorted((CHART / "ci").glob("*-values.yaml"))
    return {path.name.removesuffix("-values.yaml"): yaml.safe_load(path.read_text()) for path in found}


def the_least(**more: Any) -> Values:
    """Values that hold what is required and nothing else, with `more` merged in."""
    return merged(scenarios()["minimal"], more)


def merged(below: Values, above: Values) -> Values:
    result = copy.deepcopy(below)
    for key, value in above.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


INFOMART: Values = {"enabled": True, "existingSecret": "infomart"}
INVOX: Values = {"enabled": True, "existingSecret": "invox"}
PACED: Values = {
    "apiGeneration": "v2",
    "proxy": "http://egress.example:3128",
    "tokenCallsPerSecond": 2.5,
    "tokenCallsAtOnce": 4,
}

METRICS: Values = {"enabled": True, "podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}

SWITCHES: dict[str, dict[str, Values]] = {
    "ingress": {"without ingress": {}, "ingress": {"ingress": {"enabled": True, "tls": {"existingSecret": "tls"}}}},
    "replicas": {"fixed": {}, "autoscaled": {"web": {"autoscaling": {"enabled": True}}}},
    "network": {"open network": {"networkPolicy": {"enabled": False}}, "policies": {}},
    "providers": {
        "infomart": {"providers": {"infomart": INFOMART}},
        "invox": {"providers": {"infomart": {"enabled": False}, "invox": INVOX}},
        "both providers": {"providers": {"infomart": {**INFOMART, **PACED}, "invox": {**INVOX, **PACED}}},
    },
    "kek": {
        "key file": {},
        "kms": {
            "kek": {
                "file": {"existingSecret": ""},
                "address": "aws:arn:aws:kms:x:1:key/2",
                "before": {"file": {"existingSecret": "old"}},
            }
        },
    },
    "journal": {
        "own journals": {},
        "shared journal and escrow": {
            "journal": {"existingClaim": "shared"},
            "secrets": {"escrow": {"existingSecret": "escrow"}},
        },
    },
    "budgets": {
        "budgets": {},
        "metrics without budgets": {"podDisruptionBudget": {"enabled": False}, "metrics": METRICS},
    },
    "identity": {"own identity": {}, "given identity": {"serviceAccount": {"create": False, "name": "given"}}},
}


def combinations() -> Iterator[tuple[str, Values]]:
    """Every position of the chart's main switches together: 384 sets of values."""
    for choice in itertools.product(*(positions.items() for positions in SWITCHES.values())):
        values = the_least()
        for _, layer in choice:
            values = merged(values, layer)
        yield ", ".join(name for name, _ in choice), values
