"""Pod Security "restricted" (which includes "baseline"), and a little more, on rendered pods.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from collections.abc import Iterator
from typing import Any

from tests.helm.checks.pods import Pod, named, of_kind, pods
from tests.helm.rendering import Manifest

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SECCOMP = {"RuntimeDefault", "Localhost"}


def violations(objects: list[Manifest]) -> list[str]:
    found = [f"{pod}: {problem}" for pod in pods(objects) for problem in in_pod(pod)]
    accounts = of_kind(objects, "ServiceAccount")
    found += [f"{named(each)}: mounts its token" for each in accounts if mounts_token(each)]
    return found


def mounts_token(holder: dict[str, Any]) -> bool:
    """Kubernetes' default, on accounts and on pods, is to mount it."""
    return holder.get("automountServiceAccountToken") is not False


def in_pod(pod: Pod) -> Iterator[str]:
    yield from (f"{sharing} is on" for sharing in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(sharing))
    if mounts_token(pod.spec):
        yield "mounts a service account token"
    if pod.spec.get("enableServiceLinks") is not False:
        yield "service links would name variables after Services"
    for volume in pod.spec.get("volumes", []):
        for kind in volume.keys() - {"name"} - VOLUMES:
            yield f"volume {volume['name']} is of the forbidden kind {kind}"
    whole = pod.spec.get("securityContext", {})
    if whole.get("sysctls"):
        yield "sysctls are set"
    for container in pod.containers:
        own = container.get("securityContext", {})
        problems = [
            *privileges(own),
            *identity({**whole, **own}),  # a container's word goes before its pod's
            *ports_and_probes(container),
            *resources(container.get("resources", {})),
        ]
        yield from (f"container {container['name']}: {problem}" for problem in problems)


def privileges(own: dict[str, Any]) -> Iterator[str]:
    if own.get("privileged"):
        yield "is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield "may escalate privileges"
    if own.get("readOnlyRootFilesystem") is not True:
        yield "may write to its root file system"
    if "ALL" not in own.get("capabilities", {}).get("drop", []):
        yield "does not drop ALL capabilities"
    if set(own.get("capabilities", {}).get("add", [])) - {"NET_BIND_SERVICE"}:
        yield "adds capabilities"
    if own.get("procMount", "Default") != "Default":
        yield "unmasks /proc"


def identity(both: dict[str, Any]) -> Iterator[str]:
    if both.get("runAsNonRoot") is not True:
        yield "may run as root"
    if not both.get("runAsUser") or not both.get("runAsGroup"):
        yield "runs as user or group 0, or as whom the image says"
    if both.get("seccompProfile", {}).get("type") not in SECCOMP:
        yield "has no seccomp profile"
    for exotic in ("seLinuxOptions", "windowsOptions", "appArmorProfile"):
        if both.get(exotic):
            yield f"sets {exotic}"


def ports_and_probes(container: dict[str, Any]) -> Iterator[str]:
    if any("hostPort" in port for port in container.get("ports", [])):
        yield "takes a port of the node"
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        if "host" in container.get(probe, {}).get("httpGet", {}):
            yield f"{probe} names a host"


def resources(given: dict[str, Any]) -> Iterator[str]:
    for amount in ("cpu", "memory"):
        if amount not in given.get("requests", {}):
            yield f"requests no {amount}"
    if "memory" not in given.get("limits", {}):
        yield "has no memory limit"
