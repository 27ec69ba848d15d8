"""What the chart says about itself is true and whole."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.helm.checks import violations
from tests.helm.engine_room import CHART, LOCK
from tests.helm.rendering import Values, merged, render_values

pytestmark = pytest.mark.chart

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
VALUES = (CHART / "values.yaml").read_text()
README = (CHART / "README.md").read_text()

FREE = {"global", "nodeAffinity", "podAffinity", "podAntiAffinity"}  # Helm's own, and Kubernetes' own words


def test_every_value_is_explained_by_a_comment_right_above_it() -> None:
    lines = VALUES.splitlines()
    silent = [lines[number] for number in lines_of_values() if not lines[number - 1].strip().startswith("#")]
    assert silent == []


def lines_of_values() -> list[int]:
    """Where each of the chart's own keys stands; keys inside lists are Kubernetes' words."""

    def walk(node: yaml.Node | None) -> Iterator[int]:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                yield key.start_mark.line
                yield from walk(value)

    return list(walk(yaml.compose(VALUES, yaml.SafeLoader)))


def test_the_schema_is_closed_at_every_depth() -> None:
    open_places = [
        place
        for place, schema in objects_of(SCHEMA, "")
        if place.split(".")[-1] not in FREE and schema.get("additionalProperties") not in (False, {"type": "string"})
    ]
    assert open_places == []


def objects_of(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield place, schema
        for key, inner in schema.items():
            yield from objects_of(inner, f"{place}.{key}")


def test_the_schema_knows_exactly_the_values_that_are_documented() -> None:
    documented = set(keys(yaml.safe_load(VALUES)))
    known = set(properties(SCHEMA))
    assert documented - known == set()
    undocumented = {place for place in known - documented if place.rpartition(".")[0] in {*documented, ""}}
    optional = {"global"} | {f"affinity.{kind}" for kind in FREE}
    storage = {place for place in undocumented if place.endswith(".ephemeral-storage")}
    assert undocumented - optional - storage == set()


def keys(values: Values, *above: str) -> Iterator[str]:
    for key, value in values.items():
        yield ".".join((*above, key))
        if isinstance(value, dict):
            yield from keys(value, *above, key)


def properties(schema: dict[str, Any], *above: str) -> Iterator[str]:
    name = schema.get("$ref", "").removeprefix("#/definitions/")
    for key, inner in (SCHEMA["definitions"][name] if name else schema).get("properties", {}).items():
        yield ".".join((*above, key))
        yield from properties(inner, *above, key)


def test_the_install_command_of_the_readme_renders_and_keeps_every_promise() -> None:
    command = re.search(r"^helm install .*?[^\\]$", README, re.MULTILINE | re.DOTALL)
    assert command
    words = shlex.split(command.group().replace("\\\n", " "))
    assert words[:4] == ["helm", "install", "connector", "./helm/connector"]
    values: Values = {}
    for setting in (after for before, after in itertools.pairwise(words) if before == "--set"):
        place, _, text = setting.partition("=")
        layer: Any = {"true": True, "false": False}.get(text, text)
        for key in reversed(place.split(".")):
            layer = {key: layer}
        values = merged(values, layer)
    rendered = render_values({"readme": values})["readme"]
    assert rendered.error is None
    assert rendered.problems == []
    assert violations(rendered.objects, rendered.values) == []


def test_the_readme_lists_every_secret_and_every_default_key() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("|"))
    values = yaml.safe_load(VALUES)
    named = [place for place in keys(values) if place.endswith("existingSecret")]
    assert [place for place in named if f"`{place}`" not in table] == []
    defaults = {value for place, value in leaves(values) if place.endswith("Key") or place == "kek.file.key"}
    assert {key for key in defaults if f"`{key}`" not in table} == set()


def leaves(values: Values, *above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, *above, key)
        else:
            yield ".".join((*above, key)), value


def test_the_lock_holds_hashes_and_no_address() -> None:
    text = LOCK.read_text()
    assert not re.search(r"https?://|file:", text)
    assert text.count("==") == len(re.findall(r"==\S+(?: ; [^\\]+)? \\\n    --hash=sha256:", text))
