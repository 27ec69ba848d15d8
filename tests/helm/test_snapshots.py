"""What each scenario renders to, committed, so that a review sees what a change to a template does.

After a wanted change: CONNECTOR_REFRESH_SNAPSHOTS=1 ./dev test tests/helm, then read the diff and commit it.
"""

import os
from pathlib import Path

import pytest

from tests.helm.rendering import Rendered, scenarios

pytestmark = pytest.mark.chart

SNAPSHOTS = Path(__file__).with_name("snapshots")


def snapshot(rendered: Rendered) -> str:
    """One YAML stream; what is not YAML goes into comments."""
    parts = []
    for path, text in sorted(rendered.files.items()):
        shown = text.strip().removeprefix("---\n")
        if not path.endswith(".yaml"):
            shown = "\n".join(f"# {line}".rstrip() for line in shown.splitlines())
        if shown:
            parts.append(f"---\n# {path}\n{shown}\n")
    return "".join(parts)


@pytest.mark.parametrize("scenario", scenarios())
def test_each_scenario_renders_to_its_snapshot(scenario: str, rendered_scenarios: dict[str, Rendered]) -> None:
    path = SNAPSHOTS / f"{scenario}.yaml"
    actual = snapshot(rendered_scenarios[scenario])
    if os.environ.get("CONNECTOR_REFRESH_SNAPSHOTS") == "1":
        path.write_text(actual)
    assert actual == path.read_text(), f"{path.name} differs; if that is wanted, set CONNECTOR_REFRESH_SNAPSHOTS=1"


def test_every_snapshot_belongs_to_a_scenario() -> None:
    assert {path.stem for path in SNAPSHOTS.iterdir()} == set(scenarios())
