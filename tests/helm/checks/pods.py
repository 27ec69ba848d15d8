"""Finds the pods in rendered objects, whoever makes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.helm.rendering import Manifest

COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class Pod:
    owner: Manifest
    labels: Mapping[str, str]
    spec: dict[str, Any]

    @property
    def component(self) -> str:
        return self.labels.get(COMPONENT, "")

    @property
    def claims(self) -> list[dict[str, Any]]:
        """The volumes that are this pod's own and outlive it."""
        found: list[dict[str, Any]] = self.owner["spec"].get("volumeClaimTemplates", [])
        return found

    @property
    def containers(self) -> list[dict[str, Any]]:
        kinds = ("initContainers", "containers", "ephemeralContainers")
        return [container for kind in kinds for container in self.spec.get(kind, [])]

    def __str__(self) -> str:
        return named(self.owner)


def pods(objects: list[Manifest]) -> Iterator[Pod]:
    for each in objects:
        if each["kind"] == "Pod":
            yield Pod(each, each["metadata"].get("labels", {}), each["spec"])
        elif each["kind"] in {"Deployment", "StatefulSet", "Job"}:
            template = each["spec"]["template"]
            yield Pod(each, template["metadata"].get("labels", {}), template["spec"])


def of_kind(objects: list[Manifest], kind: str) -> list[Manifest]:
    return [each for each in objects if each["kind"] == kind]


def named(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"


def annotation(manifest: Manifest, name: str) -> str:
    found: str = manifest["metadata"].get("annotations", {}).get(name, "")
    return found


def hooks(manifest: Manifest) -> set[str]:
    """The moments at which Helm makes the object; none: with the release."""
    return set(annotation(manifest, "helm.sh/hook").split(",")) - {""}


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return selector.items() <= labels.items()
