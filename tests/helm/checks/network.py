"""Each kind of pod reaches, and is reached by, exactly what the values allow."""

import json
from collections.abc import Iterator
from typing import Any

from tests.helm.checks.pods import COMPONENT, Pod, hooks, of_kind, pods, selects
from tests.helm.rendering import Manifest, Values

Way = tuple[str, str, int, int]  # peer, protocol, first port, last port
DIRECTIONS = {"Ingress": ("ingress", "from"), "Egress": ("egress", "to")}
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "127.0.0.0/8")


def violations(objects: list[Manifest], values: Values) -> list[str]:
    policies = of_kind(objects, "NetworkPolicy")
    if not values["networkPolicy"]["enabled"]:
        return ["policies are made though they are off"] if policies else []
    return [*default_deny(policies), *matrix(objects, policies, values), *public_means_public(policies)]


def default_deny(policies: list[Manifest]) -> Iterator[str]:
    """One ordinary policy isolates every pod of the release, also such as are added later."""
    catching = [
        policy["spec"]
        for policy in policies
        if not hooks(policy) and COMPONENT not in policy["spec"]["podSelector"]["matchLabels"]
    ]
    denied = [spec for spec in catching if not spec.get("ingress") and not spec.get("egress")]
    if [set(spec["policyTypes"]) for spec in denied] != [set(DIRECTIONS)]:
        yield "no policy denies everything by default"


def matrix(objects: list[Manifest], policies: list[Manifest], values: Values) -> Iterator[str]:
    for pod in pods(objects):
        # Before the first installation only hooks exist, so the migration must be held by hooks alone.
        holding = [policy for policy in policies if "pre-install" not in hooks(pod.owner) or hooks(policy)]
        expected = {"Ingress": allowed_in(pod, values), "Egress": allowed_out(pod, values)}
        for direction, wanted in expected.items():
            actual = ways(holding, pod, direction)
            if actual is None:
                yield f"{pod}: {direction} is not restricted"
                continue
            yield from (f"{pod}: {direction} wrongly allows {way}" for way in sorted(actual - wanted))
            yield from (f"{pod}: {direction} wrongly denies {way}" for way in sorted(wanted - actual))


def ways(policies: list[Manifest], pod: Pod, direction: str) -> set[Way] | None:
    """None: no policy of that direction selects the pod, so everything is allowed."""
    field, side = DIRECTIONS[direction]
    holding = [
        policy["spec"]
        for policy in policies
        if direction in policy["spec"]["policyTypes"]
        and selects(policy["spec"]["podSelector"]["matchLabels"], pod.labels)
    ]
    if not holding:
        return None
    return {way for spec in holding for rule in spec.get(field) or [] for way in through(rule, side)}


def through(rule: dict[str, Any], side: str) -> Iterator[Way]:
    for peer in rule.get(side) or ["anywhere"]:
        for port in rule.get("ports") or [{"protocol": "any", "port": 0, "endPort": 65535}]:
            yield way(peer, port)


def way(peer: Any, port: dict[str, Any]) -> Way:
    return (
        json.dumps(peer, sort_keys=True),
        port.get("protocol", "TCP"),
        port["port"],
        port.get("endPort", port["port"]),
    )


def allowed_in(pod: Pod, values: Values) -> set[Way]:
    allowed: set[Way] = set()
    if pod.component == "web":
        peers = [*values["networkPolicy"]["webFrom"], companion(pod, "ready")]
        allowed = {way(peer, {"port": 8000}) for peer in peers}
    if pod.component in {"web", "worker"} and values["metrics"]["enabled"]:
        scrapers = {"matchLabels": {"kubernetes.io/metadata.name": values["metrics"]["namespace"]}}
        allowed.add(way({"namespaceSelector": scrapers}, {"port": values["metrics"]["port"]}))
    return allowed


def allowed_out(pod: Pod, values: Values) -> set[Way]:
    policy = values["networkPolicy"]
    allowed = {way(peer, {"protocol": over, "port": 53}) for peer in policy["dnsTo"] for over in ("UDP", "TCP")}
    match pod.component:
        case "web" | "worker":
            destinations = ["postgresql", "redis", "https"]
            allowed |= {way for rule in policy["extraEgress"] for way in through(rule, "to")}
        case "migrate":
            destinations = ["postgresql"]
        case _:
            destinations = []
            allowed |= {way(companion(pod, "web"), {"port": 8000})}
    return allowed | {
        way(peer, {"port": policy[destination]["port"]})
        for destination in destinations
        for peer in policy[destination]["to"]
    }


def companion(pod: Pod, component: str) -> dict[str, Any]:
    """Another component of the same release, as a peer."""
    same = {key: value for key, value in pod.labels.items() if key.endswith(("/name", "/instance"))}
    return {"podSelector": {"matchLabels": {**same, COMPONENT: component}}}


def public_means_public(policies: list[Manifest]) -> Iterator[str]:
    """A rule for the whole internet leaves out the cluster and the cloud's metadata service."""
    for policy in policies:
        for rule in policy["spec"].get("egress") or []:
            for peer in rule.get("to") or []:
                block = peer.get("ipBlock", {})
                if block.get("cidr") == "0.0.0.0/0" and set(PRIVATE) - set(block.get("except", [])):
                    yield f"{policy['metadata']['name']}: {block['cidr']} includes private addresses"
