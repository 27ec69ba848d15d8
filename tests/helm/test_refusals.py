"""Wrong values are refused before anything is made, and the refusal names the value."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.helm.checks.secrecy import CANARY
from tests.helm.engine_room import CHART
from tests.helm.rendering import INFOMART, Rendered, Values, merged, render_values, scenarios, the_least

pytestmark = pytest.mark.chart


def given_env(name: str, **source: Any) -> Values:
    return the_least(extraEnv=[{"name": name, **source}])


# What is wrong, the words the refusal must hold, the values.
REFUSED: dict[str, tuple[str, Values]] = {
    "nothing given": ("/publicUrl", {}),
    "no public address": ("/publicUrl", the_least(publicUrl="")),
    "public address without TLS": ("/publicUrl", the_least(publicUrl="http://connect.example.co.jp")),
    "public address with a path": ("/publicUrl", the_least(publicUrl="https://connect.example.co.jp/")),
    "public address with a person": ("/publicUrl", the_least(publicUrl="https://a:b@connect.example.co.jp")),
    "no database secret": ("/secrets/database/existingSecret", the_least(secrets={"database": {"existingSecret": ""}})),
    "no redis secret": ("/secrets/redis/existingSecret", the_least(secrets={"redis": {"existingSecret": ""}})),
    "no database key": ("/secrets/database/migratorUrlKey", the_least(secrets={"database": {"migratorUrlKey": ""}})),
    "no key-encryption key": ("/kek/address", the_least(kek={"file": {"existingSecret": ""}})),
    "two key-encryption keys": ("/kek/address", the_least(kek={"address": "vault:transit/keys/connector"})),
    "a key file without its secret": (
        "/kek/address",
        the_least(kek={"file": {"existingSecret": ""}, "address": "file:/run/kek.json"}),
    ),
    "no provider": ("/providers/infomart/enabled", the_least(providers={"infomart": {"enabled": False}})),
    "a provider without its secret": (
        "/providers/invox/existingSecret",
        the_least(providers={"invox": {"enabled": True}}),
    ),
    "a provider without TLS": (
        "/providers/infomart/authUrl",
        the_least(providers={"infomart": {**INFOMART, "authUrl": "http://authtest.infomart.co.jp"}}),
    ),
    "a provider's address with a path": (
        "/providers/infomart/apiUrl",
        the_least(providers={"infomart": {**INFOMART, "apiUrl": "https://api.infomart.co.jp/wi/v2"}}),
    ),
    "a negative pace": (
        "/providers/infomart/tokenCallsPerSecond",
        the_least(providers={"infomart": {**INFOMART, "tokenCallsPerSecond": -1}}),
    ),
    "half a call": (
        "/providers/infomart/tokenCallsAtOnce",
        the_least(providers={"infomart": {**INFOMART, "tokenCallsAtOnce": 1.5}}),
    ),
    "a proxy with a password": (
        "/providers/infomart/proxy",
        the_least(providers={"infomart": {**INFOMART, "proxy": f"http://a:{CANARY}@egress.example:3128"}}),
    ),
    "a journal of no size": ("/journal/size", the_least(journal={"size": ""})),
    "a claim that is no name": ("/journal/existingClaim", the_least(journal={"existingClaim": "Shared Claim"})),
    "an unknown provider": ("freee", the_least(providers={"freee": {"enabled": True}})),
    "a misspelt value": ("publicURL", the_least(publicURL="https://connect.example.co.jp")),
    "a misspelt inner value": ("existingsecret", the_least(secrets={"redis": {"existingsecret": "redis"}})),
    "a bundled database": ("postgresql", the_least(postgresql={"enabled": True})),
    "a secret in the values": ("appUrl", the_least(secrets={"database": {"appUrl": f"postgres://a:{CANARY}@db/c"}})),
    "a tag that is no tag": ("/image/tag", the_least(image={"tag": "1.0 latest"})),
    "a digest that is no digest": ("/image/digest", the_least(image={"digest": "sha256:abc"})),
    "a tag in the repository": ("/image/repository", the_least(image={"repository": "example/connector:1.0"})),
    "root": ("/runAs/user", the_least(runAs={"user": 0})),
    "no pods": ("/web/replicas", the_least(web={"replicas": 0})),
    "no memory limit": ("/worker/resources/limits", the_least(worker={"resources": {"limits": {"memory": None}}})),
    "a quiet spelling of a log level": ("/logLevel", the_least(logLevel="info")),
    "fewer at most than at least": (
        "web.autoscaling.maxReplicas",
        the_least(web={"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 4}}),
    ),
    "egress to everywhere": ("/networkPolicy/https/to", the_least(networkPolicy={"https": {"to": []}})),
    "ingress from everywhere": ("/networkPolicy/webFrom", the_least(networkPolicy={"webFrom": []})),
    "a peer that is everyone": ("/networkPolicy/webFrom/0", the_least(networkPolicy={"webFrom": [{}]})),
    "the journal's variable": ("/extraEnv/0/name", given_env("CONNECTOR_JOURNAL", value="/elsewhere/journal")),
    "the escrow's variable": ("/extraEnv/0/name", given_env("CONNECTOR_ESCROW", value="file:/mnt/escrow")),
    "metrics at the web port": ("/metrics/port", the_least(metrics={"port": 8000})),
    "a namespace that is no name": ("/metrics/namespace", the_least(metrics={"namespace": "all of them"})),
    "a monitor of nothing": ("metrics.podMonitor.enabled", the_least(metrics={"podMonitor": {"enabled": True}})),
    "alarms without metrics": (
        "metrics.prometheusRule.enabled",
        the_least(metrics={"prometheusRule": {"enabled": True}}),
    ),
    "the metrics' variable": ("/extraEnv/0/name", given_env("CONNECTOR_METRICS", value="0.0.0.0:1")),
    "our own variable": ("/extraEnv/0/name", given_env("CONNECTOR_MODE", value="development")),
    "a provider's variable": ("/extraEnv/0/name", given_env("CONNECTOR_INVOX_API_URL", value="https://x.example")),
    "the migrator's variable": ("/extraEnv/0/name", given_env("CONNECTOR_MIGRATOR_DATABASE_URL", value="x")),
    "a secret-looking literal": ("/extraEnv/0", given_env("VAULT_TOKEN", value=CANARY)),
    "an address with a password": ("/extraEnv/0/value", given_env("PROXY", value=f"http://a:{CANARY}@proxy.example")),
    "a variable from two places": (
        "/extraEnv/0",
        given_env("TZ", value="Asia/Tokyo", valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
    ),
    "a variable from nowhere": ("/extraEnv/0", given_env("TZ")),
}

# The right way to what is refused above.
ACCEPTED = {
    "a public address with a port": the_least(publicUrl="https://connect.example.co.jp:8443"),
    "a KMS": the_least(kek={"file": {"existingSecret": ""}, "address": "vault:transit/keys/connector"}),
    "a registry with a port": the_least(image={"repository": "registry.example.co.jp:5000/a/connector"}),
    "an unlimited CPU": the_least(worker={"resources": {"limits": {"cpu": None}}}),
    "a secret variable": given_env("VAULT_TOKEN", valueFrom={"secretKeyRef": {"name": "vault", "key": "token"}}),
}


@pytest.fixture(scope="module")
def attempted() -> dict[str, Rendered]:
    return render_values({name: values for name, (_, values) in REFUSED.items()} | ACCEPTED)


@pytest.mark.parametrize("wrong", REFUSED)
def test_wrong_values_are_refused_by_name(wrong: str, attempted: dict[str, Rendered]) -> None:
    words, _ = REFUSED[wrong]
    assert attempted[wrong].objects == []
    assert words in (attempted[wrong].error or "was not refused")


def test_what_is_right_is_not_refused(attempted: dict[str, Rendered]) -> None:
    assert {name: attempted[name].error for name in ACCEPTED} == dict.fromkeys(ACCEPTED)


def places(values: Values, *above: str) -> Iterator[tuple[str, ...]]:
    """The way to every text in some values, lists apart."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from places(value, *above, key)
        elif isinstance(value, str):
            yield (*above, key)


def test_no_text_value_of_the_chart_takes_a_database_url() -> None:
    """A password pasted into the wrong place is refused, so it ends up in no manifest and no release record."""
    attempts: dict[str, Values] = {}
    for way in places(yaml.safe_load((CHART / "values.yaml").read_text())):
        pasted: Any = f"postgresql://app:{CANARY}@db.example/connector"
        for key in reversed(way):
            pasted = {key: pasted}
        attempts[".".join(way)] = merged(the_least(), pasted)
    assert len(attempts) > 40
    accepted = [place for place, each in render_values(attempts).items() if each.error is None]
    assert accepted == []


def test_a_misspelling_of_any_value_is_refused_by_name() -> None:
    """Every key of the full scenario, at every depth, with one letter too many."""
    attempts: dict[str, Values] = {}
    free = {"annotations", "labels", "podAnnotations", "nodeSelector", "affinity"}
    for way in every_key(scenarios()["full"]):
        if not free & set(way[:-1]):
            misspelt: Any = {}
            for key in reversed((*way[:-1], f"{way[-1]}x")):
                misspelt = {key: misspelt}
            attempts[".".join(way)] = merged(scenarios()["full"], misspelt)
    assert len(attempts) > 90
    accepted = [
        place
        for place, each in render_values(attempts).items()
        if f"additional properties '{place.split('.')[-1]}x' not allowed" not in (each.error or "")
    ]
    assert accepted == []


def every_key(values: Values, *above: str) -> Iterator[tuple[str, ...]]:
    for key, value in values.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from every_key(value, *above, key)
