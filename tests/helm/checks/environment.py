"""The variables of each kind of pod are exactly those the program reads, from exactly where the values say."""

from typing import Any

from tests.helm.checks.pods import Pod, pods
from tests.helm.rendering import Manifest, Values

JOURNAL = "/var/lib/connector/journal"
KEY_FILE = "/run/secrets/connector/kek.json"
KEY_FILE_BEFORE = "/run/secrets/connector-before/kek.json"


def violations(objects: list[Manifest], values: Values) -> list[str]:
    expected = {
        "web": serving(values),
        "worker": serving(values),
        "migrate": migrating(values),
        "ready": [],
    }
    found = []
    for pod in pods(objects):
        if pod.component not in expected:
            found.append(f"{pod}: a pod of an unknown kind")
        else:
            found += differences(pod, expected[pod.component])
    missing = expected.keys() - {pod.component for pod in pods(objects)}
    return [*found, *(f"no {component} pod" for component in sorted(missing))]


def differences(pod: Pod, expected: list[dict[str, Any]]) -> list[str]:
    actual = [variable for container in pod.containers for variable in container.get("env", [])]
    names = [variable["name"] for variable in actual]
    wanted = [variable["name"] for variable in expected]
    found = [f"{pod}: {name} is given twice" for name in sorted(set(names)) if names.count(name) > 1]
    found += [f"{pod}: {name} is missing" for name in wanted if name not in names]
    found += [f"{pod}: {name} is not for this pod" for name in names if name not in wanted]
    found += [
        f"{pod}: {variable['name']} comes from elsewhere than the values say"
        for variable in actual
        if variable["name"] in wanted and variable not in expected
    ]
    return found


def common(values: Values) -> list[dict[str, Any]]:
    return [literal("CONNECTOR_MODE", "production"), literal("CONNECTOR_LOG_LEVEL", values["logLevel"])]


def migrating(values: Values) -> list[dict[str, Any]]:
    database = values["secrets"]["database"]
    return [
        *common(values),
        referred("CONNECTOR_MIGRATOR_DATABASE_URL", database["existingSecret"], database["migratorUrlKey"]),
    ]


def serving(values: Values) -> list[dict[str, Any]]:
    database, redis = values["secrets"]["database"], values["secrets"]["redis"]
    expected = [
        *common(values),
        literal("CONNECTOR_PUBLIC_URL", values["publicUrl"]),
        referred("DATABASE_URL", database["existingSecret"], database["appUrlKey"]),
        referred("CONNECTOR_SWEEPER_DATABASE_URL", database["existingSecret"], database["sweeperUrlKey"]),
        referred("REDIS_URL", redis["existingSecret"], redis["urlKey"]),
    ]
    expected.append(literal("CONNECTOR_JOURNAL", JOURNAL))
    escrow = values["secrets"]["escrow"]
    if escrow["existingSecret"]:
        expected.append(referred("CONNECTOR_ESCROW", escrow["existingSecret"], escrow["urlKey"]))
    if values["metrics"]["enabled"]:
        expected.append(literal("CONNECTOR_METRICS", f"0.0.0.0:{values['metrics']['port']}"))
    kek, before = values["kek"], values["kek"]["before"]
    expected.append(literal("CONNECTOR_KEK", f"file:{KEY_FILE}" if kek["file"]["existingSecret"] else kek["address"]))
    if before["file"]["existingSecret"] or before["address"]:
        place = f"file:{KEY_FILE_BEFORE}" if before["file"]["existingSecret"] else before["address"]
        expected.append(literal("CONNECTOR_KEK_BEFORE", place))
    if kek["file"]["existingSecret"] or before["file"]["existingSecret"]:
        expected.append(literal("CONNECTOR_ALLOW_LOCAL_KEK", "true"))
    for provider, word in (("infomart", "INFOMART"), ("invox", "INVOX")):
        settings = values["providers"][provider]
        if settings["enabled"]:
            secret = settings["existingSecret"]
            expected += [
                literal(f"CONNECTOR_{word}_AUTH_URL", settings["authUrl"]),
                literal(f"CONNECTOR_{word}_API_URL", settings["apiUrl"]),
                referred(f"CONNECTOR_{word}_CLIENT_ID", secret, settings["clientIdKey"]),
                referred(f"CONNECTOR_{word}_CLIENT_SECRET", secret, settings["clientSecretKey"]),
            ]
            if settings["apiGeneration"]:
                expected.append(literal(f"CONNECTOR_{word}_API_GENERATION", settings["apiGeneration"]))
            if settings["proxy"]:
                expected.append(literal(f"CONNECTOR_{word}_PROXY", settings["proxy"]))
            figures = {"PER_SECOND": settings["tokenCallsPerSecond"], "AT_ONCE": settings["tokenCallsAtOnce"]}
            expected += [
                literal(f"CONNECTOR_{word}_TOKEN_CALLS_{name}", f"{figure:g}")
                for name, figure in figures.items()
                if figure
            ]
    return [*expected, *values["extraEnv"]]


def literal(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "value": value}


def referred(name: str, secret: str, key: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
