"""The program accepts the environment the chart gives it: chart and settings cannot drift apart."""

from typing import Any

import pytest

from connector.settings import PROVIDERS, AccountSettings, Listening, Mode, Settings, migrator_address, read_settings
from tests.helm.checks.environment import JOURNAL
from tests.helm.checks.pods import pods
from tests.helm.checks.secrecy import CANARY
from tests.helm.rendering import Rendered, scenarios

pytestmark = pytest.mark.chart


def environment(rendered: Rendered, component: str) -> dict[str, str]:
    """What the container would see, with a pretended secret behind each reference."""
    (pod,) = (pod for pod in pods(rendered.objects) if pod.component == component)
    return {each["name"]: behind(each) for container in pod.containers for each in container["env"]}


def behind(variable: dict[str, Any]) -> str:
    pretended = f"postgresql://app:{CANARY}@db.example/connector" if variable["name"].endswith("_URL") else CANARY
    pretended = pretended if variable["name"] != "CONNECTOR_ESCROW" else f"postgresql://escrow:{CANARY}@db.example/e"
    value: str = variable.get("value", pretended)
    return value


@pytest.mark.parametrize("component", ["web", "worker"])
@pytest.mark.parametrize("scenario", scenarios())
def test_the_program_starts_with_what_the_chart_gives_it(
    scenario: str, component: str, rendered_scenarios: dict[str, Rendered]
) -> None:
    rendered = rendered_scenarios[scenario]
    settings = read_settings(environment(rendered, component))
    assert settings.mode is Mode.PRODUCTION
    assert settings.public_url == rendered.values["publicUrl"]
    assert settings.local_kek_allowed == bool(rendered.values["kek"]["file"]["existingSecret"])
    assert str(settings.journal) == JOURNAL
    assert (settings.escrow is not None) == bool(rendered.values["secrets"]["escrow"]["existingSecret"])
    wanted = rendered.values["metrics"]
    assert settings.metrics == (Listening("0.0.0.0", wanted["port"]) if wanted["enabled"] else None)  # noqa: S104
    for key, account in settings.accounts.items():
        pace = rendered.values["providers"][key]
        assert (account.token_calls_per_second or 0) == pace["tokenCallsPerSecond"]
        assert (account.token_calls_at_once or 0) == pace["tokenCallsAtOnce"]
        assert (account.api_generation or "") == pace["apiGeneration"]
        assert (account.proxy or "") == pace["proxy"]
    assert settings.accounts.keys() == {key for key, each in rendered.values["providers"].items() if each["enabled"]}


@pytest.mark.parametrize("scenario", scenarios())
def test_the_migration_finds_its_database(scenario: str, rendered_scenarios: dict[str, Rendered]) -> None:
    assert CANARY in migrator_address(environment(rendered_scenarios[scenario], "migrate")).reveal()


def test_the_chart_gives_every_variable_the_program_reads_and_no_other(
    rendered_combinations: dict[str, Rendered],
) -> None:
    accounts = {f"CONNECTOR_{key.upper()}_{name.upper()}" for key in PROVIDERS for name in AccountSettings.model_fields}
    aliases = {field.validation_alias for field in Settings.model_fields.values()} - {None, "CONNECTOR_FAIL"}
    given = {name for each in rendered_combinations.values() for name in environment(each, "web")}
    assert given == accounts | aliases
