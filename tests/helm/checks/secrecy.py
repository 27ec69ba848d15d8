"""Secrets reach pods by reference and in no other way."""

import re
from collections.abc import Iterator
from typing import Any

from tests.helm.checks.pods import named, pods
from tests.helm.rendering import Manifest

CANARY = "kanaria"  # every pretended secret of these tests carries it

LOOKS_SECRET = {
    "a canary": re.compile(CANARY),
    "an address with a password": re.compile(r"[a-z+]+://[^/\s@]*:[^/\s@]+@"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    "a signed token": re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}"),
    "a cloud access key": re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
}
SECRET_NAMES = re.compile(r"SECRET|PASSWORD|TOKEN|CLIENT_ID|CREDENTIAL|PRIVATE|DATABASE_URL|REDIS_URL|ESCROW")
FIGURES = re.compile(r"_TOKEN_CALLS_(PER_SECOND|AT_ONCE)$")  # of tokens they only say how many


def violations(objects: list[Manifest]) -> list[str]:
    found = [f"{named(each)}: a Secret made by the chart" for each in objects if each["kind"] == "Secret"]
    for each in objects:
        for place, text in texts(each, named(each)):
            found += [f"{place}: {what}" for what, look in LOOKS_SECRET.items() if look.search(text)]
    for pod in pods(objects):
        for container in pod.containers:
            for variable in container.get("env", []):
                name = variable["name"]
                looks_secret = SECRET_NAMES.search(name) and not FIGURES.search(name)
                if looks_secret and "secretKeyRef" not in variable.get("valueFrom", {}):
                    found.append(f"{pod}: {name} does not come from a Secret")
            if container.get("envFrom"):
                found.append(f"{pod}: envFrom takes variables nobody listed")
    return found


def texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for key, inner in value.items():
                yield from texts(key, f"{place}.{key}")
                yield from texts(inner, f"{place}.{key}")
        case list():
            for index, inner in enumerate(value):
                yield from texts(inner, f"{place}.{index}")
        case _:
            pass
