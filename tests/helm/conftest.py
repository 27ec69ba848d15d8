"""Renders shared by the chart's tests; each costs one run of the engine."""

import pytest

from tests.helm.rendering import Rendered, combinations, render_values, scenarios


@pytest.fixture(scope="session")
def rendered_scenarios() -> dict[str, Rendered]:
    return render_values(scenarios())


@pytest.fixture(scope="session")
def rendered_combinations() -> dict[str, Rendered]:
    return render_values(dict(combinations()))
