"""Rendered objects find each other, and nothing outside the release that the values did not name."""

from collections.abc import Iterator
from typing import Any

from tests.helm.checks.pods import Pod, annotation, hooks, named, of_kind, pods, selects
from tests.helm.checks.secrecy import texts
from tests.helm.rendering import Manifest, Values

WORKLOADS = {"Deployment", "StatefulSet"}
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def violations(objects: list[Manifest], values: Values) -> list[str]:
    return [
        *names(objects),
        *selectors(objects),
        *services(objects),
        *ingresses(objects),
        *autoscalers(objects),
        *references(objects, values),
        *identities(objects, values),
        *(f"{pod}: {problem}" for pod in pods(objects) for problem in inside(pod)),
    ]


def names(objects: list[Manifest]) -> Iterator[str]:
    seen = [named(each) for each in objects]
    yield from (f"{name}: made twice" for name in sorted(set(seen)) if seen.count(name) > 1)
    for each in objects:
        if len(each["metadata"]["name"]) > 63:
            yield f"{named(each)}: the name is longer than 63 characters"
        if each["kind"] == "StatefulSet" and len(each["metadata"]["name"]) > 52:
            yield f"{named(each)}: the name and a hash are longer than a label may be"
        if "namespace" in each["metadata"]:
            yield f"{named(each)}: leaves the release's namespace"
        if any(len(str(value)) > 63 for value in each["metadata"].get("labels", {}).values()):
            yield f"{named(each)}: a label is longer than 63 characters"


def selectors(objects: list[Manifest]) -> Iterator[str]:
    """Whatever selects pods selects those of one component."""
    for each in objects:
        match each["kind"]:
            case "Deployment" | "StatefulSet" | "PodDisruptionBudget":
                chosen = [each["spec"]["selector"]["matchLabels"]]
            case "Service":
                chosen = [each["spec"]["selector"]]
            case _:
                continue
        own = each["metadata"]["labels"]["app.kubernetes.io/component"]
        spread = [
            rule["labelSelector"]["matchLabels"]
            for pod in pods([each])
            for rule in pod.spec.get("topologySpreadConstraints", [])
        ]
        if each["kind"] in WORKLOADS and len(spread) != 2:
            yield f"{named(each)}: is not spread over nodes and zones"
        for selector in (*chosen, *spread):
            if {pod.component for pod in pods(objects) if selects(selector, pod.labels)} != {own}:
                yield f"{named(each)}: selects other pods than those of {own}"


def services(objects: list[Manifest]) -> Iterator[str]:
    for service in of_kind(objects, "Service"):
        targets = [port["targetPort"] for port in service["spec"]["ports"]]
        served = {
            port["name"]: port["containerPort"]
            for pod in pods(objects)
            if selects(service["spec"]["selector"], pod.labels)
            for container in pod.containers
            for port in container.get("ports", [])
        }
        if [served.get(target) for target in targets] != [8000]:
            yield f"{named(service)}: does not lead to the web port"


def ingresses(objects: list[Manifest]) -> Iterator[str]:
    offered = {
        (service["metadata"]["name"], port["name"])
        for service in of_kind(objects, "Service")
        for port in service["spec"]["ports"]
    }
    for ingress in of_kind(objects, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                target = path["backend"]["service"]
                if (target["name"], target["port"]["name"]) not in offered:
                    yield f"{named(ingress)}: {path['path']} leads nowhere"
                if "/health".startswith(path["path"].rstrip("/")) or path["path"].startswith("/health"):
                    yield f"{named(ingress)}: health is offered to the outside"


def autoscalers(objects: list[Manifest]) -> Iterator[str]:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(objects, "HorizontalPodAutoscaler")}
    workloads = {each["metadata"]["name"]: each for each in objects if each["kind"] in WORKLOADS}
    yield from (f"HorizontalPodAutoscaler: {name} does not exist" for name in sorted(scaled - workloads.keys()))
    for name, each in workloads.items():
        if ("replicas" in each["spec"]) == (name in scaled):
            yield f"{named(each)}: its number must have exactly one master"


def references(objects: list[Manifest], values: Values) -> Iterator[str]:
    """Every Secret, ConfigMap and claim that a pod needs is one the values name."""
    given = {text for _, text in texts(values, "")}
    for each in objects:
        for place, text in texts(each, named(each)):
            *_, holder, field = ["", *place.split(".")]
            is_reference = field in {"secretName", "claimName"} or (
                field == "name" and holder in {"secretKeyRef", "configMapKeyRef"}
            )
            if (is_reference and text != field) and text not in given:
                yield f"{place}: {text} is not given by the values"
    for pod in pods(objects):
        for secret in pod.spec.get("imagePullSecrets", []):
            if secret["name"] not in given:
                yield f"{pod}: imagePullSecrets: {secret['name']} is not given by the values"


def identities(objects: list[Manifest], values: Values) -> Iterator[str]:
    made = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    outside = set() if values["serviceAccount"]["create"] else {values["serviceAccount"]["name"] or "default"}
    for pod in pods(objects):
        account = pod.spec.get("serviceAccountName", "")
        if account not in made.keys() | outside:
            yield f"{pod}: its ServiceAccount {account} does not exist"
        elif account in made and "pre-install" in hooks(pod.owner) and not made_before(made[account], pod.owner):
            yield f"{pod}: its ServiceAccount {account} does not exist yet when the hook runs"


def made_before(need: Manifest, user: Manifest) -> bool:
    weight = "helm.sh/hook-weight"
    return hooks(user) <= hooks(need) and int(annotation(need, weight)) < int(annotation(user, weight))


def inside(pod: Pod) -> Iterator[str]:
    volumes = {volume["name"] for volume in pod.spec.get("volumes", [])}
    volumes |= {claim["metadata"]["name"] for claim in pod.claims}
    for container in pod.containers:
        mounts: list[dict[str, Any]] = container.get("volumeMounts", [])
        if {mount["name"] for mount in mounts} != volumes:
            yield "volumes and mounts do not pair"
        if not any(mount["mountPath"] == "/tmp" and not mount.get("readOnly") for mount in mounts):  # noqa: S108
            yield "has no writable /tmp"
        if any("subPath" in mount for mount in mounts):
            yield "a subPath mount never sees a changed Secret"
        ports = {port["name"] for port in container.get("ports", [])}
        for probe in PROBES:
            if pod.owner["kind"] in WORKLOADS and probe not in container:
                yield f"has no {probe}"
            asked = container.get(probe, {}).get("httpGet", {}).get("port")
            if asked is not None and asked not in ports:
                yield f"{probe} asks a port that is not there"
