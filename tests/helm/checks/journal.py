"""A worker's token journal outlives its pod, and besides /tmp it is the only place where anything can be written."""

from collections.abc import Iterator
from typing import Any

from tests.helm.checks.environment import JOURNAL
from tests.helm.checks.pods import Pod, pods
from tests.helm.rendering import Manifest, Values

VOLUME = "/var/lib/connector"
READ_ONLY = {"secret", "configMap", "projected", "downwardAPI"}  # as Kubernetes mounts them


def violations(objects: list[Manifest], values: Values) -> list[str]:
    return [f"{pod}: {problem}" for pod in pods(objects) for problem in in_pod(pod, values)]


def in_pod(pod: Pod, values: Values) -> Iterator[str]:
    volumes = {volume["name"]: volume for volume in pod.spec.get("volumes", [])}
    serving = pod.component in {"web", "worker"}
    for container in pod.containers:
        mounts: list[dict[str, Any]] = container.get("volumeMounts", [])
        writable = {
            mount["mountPath"]: mount["name"]
            for mount in mounts
            if not mount.get("readOnly") and not READ_ONLY & volumes.get(mount["name"], {}).keys()
        }
        if writable.keys() != ({"/tmp", VOLUME} if serving else {"/tmp"}):  # noqa: S108
            yield f"can write to {sorted(writable)}"
        elif serving:
            yield from behind(pod, writable[VOLUME], volumes, values)


def behind(pod: Pod, name: str, volumes: dict[str, Any], values: Values) -> Iterator[str]:
    """What is wrong with the volume of the journal."""
    if not JOURNAL.startswith(f"{VOLUME}/"):
        yield "the journal is not on its volume"
    if shared := values["journal"]["existingClaim"]:
        if volumes.get(name, {}).get("persistentVolumeClaim") != {"claimName": shared}:
            yield "the journal is not on the claim that the values name"
    elif pod.component == "worker":
        own = [claim for claim in pod.claims if claim["metadata"]["name"] == name]
        if [claim["spec"]["accessModes"] for claim in own] != [["ReadWriteOnce"]]:
            yield "the journal does not outlive the pod"
        retained = pod.owner["spec"].get("persistentVolumeClaimRetentionPolicy")
        if retained != {"whenDeleted": "Retain", "whenScaled": "Retain"}:
            yield "the journal is deleted with what used it"
        if any(claim["spec"]["resources"]["requests"]["storage"] != values["journal"]["size"] for claim in own):
            yield "the journal has another size than the values say"
        if any(claim["spec"].get("storageClassName", "") != values["journal"]["storageClass"] for claim in own):
            yield "the journal is of another class than the values say"
