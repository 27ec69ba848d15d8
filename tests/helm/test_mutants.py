"""A check that cannot fail is worthless: each of these faults must be reported."""

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.helm.checks import violations
from tests.helm.checks.secrecy import CANARY
from tests.helm.engine_room import CHART
from tests.helm.rendering import Manifest, Order, Rendered, render_all, scenarios

pytestmark = pytest.mark.chart


KINDS = {"web": "Deployment", "worker": "StatefulSet", "migrate": "Job"}


class Release:
    """A rendered release that a test may spoil."""

    def __init__(self, objects: list[Manifest]) -> None:
        self.objects = copy.deepcopy(objects)

    def named(self, kind: str, name: str) -> Manifest:
        return next(each for each in self.objects if each["kind"] == kind and each["metadata"]["name"] == name)

    def spec(self, kind: str, name: str) -> Any:
        return self.named(kind, f"invoices-{name}")["spec"]

    def pod(self, component: str) -> Any:
        return self.spec(KINDS[component], component)["template"]["spec"]

    def container(self, component: str) -> Any:
        return self.pod(component)["containers"][0]

    def security(self, component: str) -> Any:
        return self.container(component)["securityContext"]

    def variable(self, component: str, name: str) -> Any:
        return next(each for each in self.container(component)["env"] if each["name"] == name)

    def remove(self, kind: str, name: str) -> None:
        self.objects.remove(self.named(kind, f"invoices-{name}"))

    @property
    def claim(self) -> Any:
        return self.spec("StatefulSet", "worker")["volumeClaimTemplates"][0]["spec"]


def as_empty_folder(release: Release) -> None:
    del release.spec("StatefulSet", "worker")["volumeClaimTemplates"]
    release.pod("worker")["volumes"].append({"name": "journal", "emptyDir": {}})


Fault = Callable[[Release], Any]
POSTGRES = f"postgresql://app:{CANARY}@db.example/connector"
LITERAL = {"name": "CONNECTOR_INVOX_CLIENT_SECRET", "value": "s3cr3t"}
ANYWHERE = {"ipBlock": {"cidr": "0.0.0.0/0"}}
MIGRATOR = {
    "name": "CONNECTOR_MIGRATOR_DATABASE_URL",
    "valueFrom": {"secretKeyRef": {"name": "invoicing-database", "key": "owner"}},
}

FAULTS: dict[str, Fault] = {
    # Pod Security "restricted" and the rest of it
    "web: may run as root": lambda it: it.pod("web")["securityContext"].pop("runAsNonRoot"),
    "worker: may run as root": lambda it: it.security("worker").update(runAsNonRoot=False),
    "runs as user or group 0": lambda it: it.security("worker").update(runAsUser=0),
    "has no seccomp profile": lambda it: it.pod("migrate")["securityContext"].pop("seccompProfile"),
    "does not drop ALL": lambda it: it.security("web")["capabilities"].update(drop=["NET_RAW"]),
    "adds capabilities": lambda it: it.security("web")["capabilities"].update(add=["SYS_ADMIN"]),
    "may escalate": lambda it: it.security("migrate").pop("allowPrivilegeEscalation"),
    "is privileged": lambda it: it.security("web").update(privileged=True),
    "may write to its root": lambda it: it.security("worker").update(readOnlyRootFilesystem=False),
    "unmasks /proc": lambda it: it.security("worker").update(procMount="Unmasked"),
    "sets seLinuxOptions": lambda it: it.security("web").update(seLinuxOptions={"user": "system_u"}),
    "hostNetwork is on": lambda it: it.pod("web").update(hostNetwork=True),
    "sysctls are set": lambda it: it.pod("web")["securityContext"].update(sysctls=[{"name": "a", "value": "b"}]),
    "forbidden kind hostPath": lambda it: it.pod("web")["volumes"].append({"name": "x", "hostPath": {"path": "/"}}),
    "takes a port of the node": lambda it: it.container("web")["ports"][0].update(hostPort=8000),
    "names a host": lambda it: it.container("web")["livenessProbe"]["httpGet"].update(host="example.co.jp"),
    "initial: may escalate": lambda it: it.pod("web").update(initContainers=[{"name": "initial"}]),
    "mounts a service account token": lambda it: it.pod("web").pop("automountServiceAccountToken"),
    "mounts its token": lambda it: it.named("ServiceAccount", "invoicing").pop("automountServiceAccountToken"),
    "service links": lambda it: it.pod("worker").pop("enableServiceLinks"),
    "has no memory limit": lambda it: it.container("worker")["resources"].pop("limits"),
    "requests no cpu": lambda it: it.container("worker")["resources"]["requests"].pop("cpu"),
    # secrets
    "a Secret made by the chart": lambda it: it.objects.append({"kind": "Secret", "metadata": {"name": "x"}}),
    "web: CONNECTOR_INVOX_CLIENT_SECRET does not come": lambda it: it.container("web")["env"].append(LITERAL),
    "env.3.value: an address with a password": lambda it: it.container("web")["env"].__setitem__(
        3, {"name": "DATABASE_URL", "value": POSTGRES}
    ),
    "args.1: a canary": lambda it: it.container("worker")["args"].append(CANARY),
    "note: a private key": lambda it: it.named("ServiceAccount", "invoicing")["metadata"]["annotations"].update(
        note="-----BEGIN PRIVATE KEY-----"
    ),
    "envFrom takes variables": lambda it: it.container("web").update(envFrom=[{"secretRef": {"name": "x"}}]),
    # the contract of variables
    "web: CONNECTOR_MIGRATOR_DATABASE_URL is not for this pod": lambda it: it.container("web")["env"].append(MIGRATOR),
    "migrate: REDIS_URL is not for this pod": lambda it: it.container("migrate")["env"].append(
        it.variable("web", "REDIS_URL")
    ),
    "worker: REDIS_URL is missing": lambda it: it.container("worker")["env"].remove(it.variable("worker", "REDIS_URL")),
    "TZ is given twice": lambda it: it.container("web")["env"].append(it.variable("web", "TZ")),
    "CONNECTOR_MODE comes from elsewhere": lambda it: it.variable("web", "CONNECTOR_MODE").update(value="dev"),
    "DATABASE_URL comes from elsewhere": lambda it: it.variable("web", "DATABASE_URL")["valueFrom"][
        "secretKeyRef"
    ].update(key="owner"),
    "no worker pod": lambda it: it.remove("StatefulSet", "worker"),
    # wiring
    "Deployment/invoices-web: selects other pods": lambda it: it.spec("Deployment", "web")["selector"][
        "matchLabels"
    ].update({"app.kubernetes.io/component": "worker"}),
    "Service/invoices-web: selects other pods": lambda it: it.spec("Service", "web")["selector"].pop(
        "app.kubernetes.io/component"
    ),
    "PodDisruptionBudget/invoices-worker: selects other": lambda it: it.spec("PodDisruptionBudget", "worker")[
        "selector"
    ]["matchLabels"].update(extra="label"),
    "is not spread": lambda it: it.pod("web")["topologySpreadConstraints"].pop(),
    "does not lead to the web port": lambda it: it.spec("Service", "web")["ports"][0].update(targetPort="metrics"),
    "/graphql leads nowhere": lambda it: it.spec("Ingress", "web")["rules"][0]["http"]["paths"][0]["backend"][
        "service"
    ].update(name="web"),
    "health is offered": lambda it: it.spec("Ingress", "web")["rules"][0]["http"]["paths"][0].update(path="/"),
    "invoices-site does not exist": lambda it: it.spec("HorizontalPodAutoscaler", "web")["scaleTargetRef"].update(
        name="invoices-site"
    ),
    "exactly one master": lambda it: it.spec("Deployment", "web").update(replicas=2),
    "elsewhere is not given by the values": lambda it: it.variable("worker", "REDIS_URL")["valueFrom"][
        "secretKeyRef"
    ].update(name="elsewhere"),
    "unknown is not given by the values": lambda it: it.pod("web").update(imagePullSecrets=[{"name": "unknown"}]),
    "ServiceAccount nobody does not exist": lambda it: it.pod("web").update(serviceAccountName="nobody"),
    "does not exist yet": lambda it: it.pod("migrate").update(serviceAccountName="invoicing"),
    "volumes and mounts": lambda it: it.container("web")["volumeMounts"].append({"name": "kek", "mountPath": "/k"}),
    "has no writable /tmp": lambda it: it.container("web")["volumeMounts"][0].update(readOnly=True),
    "a subPath mount": lambda it: it.container("web")["volumeMounts"][0].update(subPath="x"),
    "has no livenessProbe": lambda it: it.container("worker").pop("livenessProbe"),
    "asks a port": lambda it: it.container("web")["readinessProbe"]["httpGet"].update(port="health"),
    "made twice": lambda it: it.objects.append(it.named("Service", "invoices-web")),
    "leaves the release's namespace": lambda it: it.named("Service", "invoices-web")["metadata"].update(namespace="x"),
    "longer than a label may be": lambda it: it.named("StatefulSet", "invoices-worker")["metadata"].update(
        name="a" * 53
    ),
    "StatefulSet/invoices-worker: selects other": lambda it: it.spec("StatefulSet", "worker")["selector"][
        "matchLabels"
    ].update({"app.kubernetes.io/component": "web"}),
    "StatefulSet/invoices-worker: its number": lambda it: it.spec("StatefulSet", "worker").pop("replicas"),
    # the token journal
    "worker: can write to": lambda it: it.container("worker")["volumeMounts"][1].update(mountPath="/opt"),
    "web: can write to": lambda it: it.container("web")["volumeMounts"][1].update(readOnly=True),
    "does not outlive the pod": as_empty_folder,
    "is deleted with what used it": lambda it: it.spec("StatefulSet", "worker")[
        "persistentVolumeClaimRetentionPolicy"
    ].update(whenScaled="Delete"),
    "another size": lambda it: it.claim["resources"]["requests"].update(storage="1Gi"),
    "another class": lambda it: it.claim.pop("storageClassName"),
    "worker: CONNECTOR_JOURNAL comes from elsewhere": lambda it: it.variable("worker", "CONNECTOR_JOURNAL").update(
        value="/elsewhere/journal"
    ),
    # metrics
    "web: metrics are not where": lambda it: it.container("web")["ports"].pop(),
    "worker: metrics are not where": lambda it: it.container("worker")["ports"][0].update(containerPort=9999),
    "worker: CONNECTOR_METRICS is missing": lambda it: it.container("worker")["env"].remove(
        it.variable("worker", "CONNECTOR_METRICS")
    ),
    "PodMonitor: 0 of them": lambda it: it.objects.remove(it.named("PodMonitor", "invoices")),
    "PodMonitor/invoices: without the labels": lambda it: it.named("PodMonitor", "invoices")["metadata"]["labels"].pop(
        "release"
    ),
    "PodMonitor/invoices: finds ['web']": lambda it: it.named("PodMonitor", "invoices")["spec"]["selector"][
        "matchExpressions"
    ][0].update(values=["web"]),
    "PodMonitor/invoices: scrapes another": lambda it: it.named("PodMonitor", "invoices")["spec"][
        "podMetricsEndpoints"
    ][0].update(port="http"),
    "PodMonitor/invoices: fields nobody": lambda it: it.named("PodMonitor", "invoices")["spec"].update(
        namespaceSelector={"any": True}
    ),
    "PrometheusRule/invoices: other alarms": lambda it: it.named("PrometheusRule", "invoices")["spec"]["groups"][0][
        "rules"
    ].pop(),
    "PrometheusRule/invoices: of v1": lambda it: it.named("PrometheusRule", "invoices").update(apiVersion="v1"),
    "worker: Ingress wrongly denies": lambda it: it.spec("NetworkPolicy", "worker").pop("ingress"),
    # network
    "no policy denies everything": lambda it: it.remove("NetworkPolicy", "default-deny"),
    "denies everything by default": lambda it: it.spec("NetworkPolicy", "default-deny").update(egress=[{}]),
    "Job/invoices-migrate: Egress is not restricted": lambda it: it.remove("NetworkPolicy", "migrate"),
    "StatefulSet/invoices-worker: Egress wrongly denies": lambda it: it.remove("NetworkPolicy", "worker"),
    "worker: Ingress wrongly allows": lambda it: it.spec("NetworkPolicy", "worker").update(ingress=[{}]),
    "web: Egress wrongly allows": lambda it: it.spec("NetworkPolicy", "web")["egress"][3]["to"].append(ANYWHERE),
    "includes private addresses": lambda it: it.spec("NetworkPolicy", "web")["egress"][3].update(to=[ANYWHERE]),
    "migrate: Egress wrongly allows": lambda it: it.spec("NetworkPolicy", "migrate")["egress"].append(
        it.spec("NetworkPolicy", "web")["egress"][2]
    ),
}


@pytest.mark.parametrize("report", FAULTS)
def test_each_fault_in_a_rendered_release_is_reported(report: str, rendered_scenarios: dict[str, Rendered]) -> None:
    full = rendered_scenarios["full"]
    spoilt = Release(full.objects)
    FAULTS[report](spoilt)
    assert any(report in violation for violation in violations(spoilt.objects, full.values))


# The file, what is struck out or changed in it, and what must be reported of the render.
TEMPLATE_FAULTS = {
    ("_helpers.tpl", "runAsNonRoot: true", "runAsNonRoot: false"): "may run as root",
    ("_helpers.tpl", "drop: [ALL]", "drop: [NET_RAW]"): "does not drop ALL capabilities",
    ("_environment.tpl", "MIGRATOR_DATABASE_URL", "SWEEPER_DATABASE_URL"): "CONNECTOR_MIGRATOR_DATABASE_URL is missing",
    ("_environment.tpl", ".appUrlKey", ".migratorUrlKey"): "DATABASE_URL comes from elsewhere",
    ("migrate-job.yaml", "connector.migrationEnvironment", "connector.servingEnvironment"): "is not for this pod",
    ("service-account.yaml", '"-10"', '"10"'): "does not exist yet when the hook runs",
    ("web-service.yaml", "targetPort: http", "targetPort: 8080"): "does not lead to the web port",
    ("_network.tpl", ".postgresql", ".redis"): "wrongly denies",
}


def test_each_fault_in_a_template_is_reported(tmp_path: Path) -> None:
    orders: dict[str, Order] = {}
    for (file, right, wrong), report in TEMPLATE_FAULTS.items():
        chart = shutil.copytree(CHART, tmp_path / str(len(orders)))
        template = chart / "templates" / file
        assert right in template.read_text()
        template.write_text(template.read_text().replace(right, wrong))
        orders[report] = Order(scenarios()["full"], chart=chart)
    missed = [
        report
        for report, rendered in render_all(orders).items()
        if not any(report in violation for violation in violations(rendered.objects, rendered.values))
    ]
    assert missed == []
