"""Answers questions about a chart with the real Helm engine; runs inside build/helm-venv and speaks JSON.

A list of requests comes in on stdin and a list of answers goes out on stdout, in the same order:

    {"ask": "render",   "chart": path, "values": {…}, "release": name, "kubeVersions": ["1.33", …]}
    {"ask": "install",  "chart": path, "values": {…}, "release": name}       Helm's own dry run: ordinary objects only
    {"ask": "lint",     "chart": path, "values": {…}, "kubeVersion": "1.33"}
    {"ask": "validate", "objects": [{…}, …], "kubeVersions": ["1.33", …]}

An answer holds `error` alone when Helm refuses the request.
"""

import functools
import importlib
import json
import sys
from collections.abc import Hashable
from typing import Any

import yaml

helm: Any = importlib.import_module("helm_python")
kubernetes: Any = importlib.import_module("kubernetes_validate")

# It reads 1.5 MB of schemas anew for every object, which costs twenty times the validation itself.
schemas: Any = importlib.import_module("kubernetes_validate.utils")
schemas.schema_contents = functools.cache(schemas.schema_contents)


class UniqueKeyLoader(yaml.CSafeLoader):
    """Refuses a mapping that says the same key twice, which YAML readers otherwise settle in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = {str(key) for key in keys if keys.count(key) > 1}
        if repeated:
            raise ValueError(f"repeated key {', '.join(sorted(repeated))} at {node.start_mark}")
        return super().construct_mapping(node, deep)


@functools.cache
def load(chart: str) -> Any:
    return helm.Chart.load(chart)


FOREIGN = {"monitoring.coreos.com/v1"}  # no schema of Kubernetes' own; checks/metrics.py looks at these


@functools.cache
def problems_of(text: str, version: str) -> list[str]:
    try:
        kubernetes.validate(json.loads(text), version, strict=True)
    except kubernetes.ValidationError as refusal:
        return [f"{version}: {'.'.join(str(part) for part in refusal.path)}: {refusal.message}"]
    except kubernetes.SchemaNotFoundError as refusal:
        return [refusal.message]
    return []


def validate(objects: list[dict[str, Any]], versions: list[str]) -> list[str]:
    return [
        f"{each['kind']}/{each['metadata']['name']}: {problem}"
        for each in objects
        if each["apiVersion"] not in FOREIGN
        for version in versions
        for problem in problems_of(json.dumps(each, sort_keys=True), version)
    ]


@functools.cache  # most files of one combination of values are also those of another
def parse(manifests: str) -> list[dict[str, Any]]:
    return [each for each in yaml.load_all(manifests, UniqueKeyLoader) if each]


def render(request: dict[str, Any]) -> dict[str, Any]:
    chart = load(request["chart"])
    values = chart.merge_values(request["values"])
    files: dict[str, str] = chart.render(request["values"], name=request["release"], namespace="invoicing")
    objects = [each for path, text in sorted(files.items()) if path.endswith((".yaml", ".yml")) for each in parse(text)]
    return {
        "files": files,
        "objects": objects,
        "problems": validate(objects, request["kubeVersions"]),
        "values": values,
    }


def install(request: dict[str, Any]) -> dict[str, Any]:
    with helm.Config(namespace="invoicing", storage_driver="memory") as offline:
        release = offline.install(request["chart"], request["release"], request["values"], dry_run="client")
    return {"objects": parse(release["manifest"]), "notes": release["notes"]}


def lint(request: dict[str, Any]) -> dict[str, Any]:
    version = f"v{request['kubeVersion']}.0"
    report: dict[str, Any] = helm.lint(request["chart"], request["values"], strict=True, kube_version=version)
    return report


def answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        match request["ask"]:
            case "render":
                return render(request)
            case "install":
                return install(request)
            case "lint":
                return lint(request)
            case "validate":
                return {"problems": validate(request["objects"], request["kubeVersions"])}
            case unknown:
                return {"error": f"unknown request {unknown}"}
    except (helm.HelmError, yaml.YAMLError, ValueError) as refusal:
        return {"error": str(refusal)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps([answer(request) for request in json.load(sys.stdin)]))
