"""Every position of the main switches together keeps every promise."""

import pytest

from tests.helm.checks import environment, journal, metrics, network, restricted, secrecy, wiring
from tests.helm.checks.pods import named, of_kind, pods
from tests.helm.rendering import Rendered

pytestmark = pytest.mark.chart

Combinations = dict[str, Rendered]


def test_there_are_enough_combinations_and_all_render_to_valid_objects(rendered_combinations: Combinations) -> None:
    assert len(rendered_combinations) == 384
    assert {name: each.error for name, each in rendered_combinations.items() if each.error} == {}
    assert {name: each.problems for name, each in rendered_combinations.items() if each.problems} == {}


def test_no_combination_leaves_the_restricted_profile(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "restricted") == {}


def test_no_combination_writes_a_secret_out(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "secrecy") == {}


def test_every_kind_of_pod_gets_exactly_the_variables_of_the_contract(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "environment") == {}


def test_every_object_finds_the_others_and_names_only_what_the_values_name(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "wiring") == {}


def test_a_workers_journal_outlives_its_pod_and_nothing_else_can_be_written(
    rendered_combinations: Combinations,
) -> None:
    assert found(rendered_combinations, "journal") == {}


def test_prometheus_finds_the_pods_where_it_is_wanted_and_nowhere_else(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "metrics") == {}


def test_every_kind_of_pod_reaches_exactly_what_it_may(rendered_combinations: Combinations) -> None:
    assert found(rendered_combinations, "network") == {}


def test_only_the_migration_can_change_tables_and_it_knows_nothing_else(rendered_combinations: Combinations) -> None:
    # Said by the contract check too; this says it without the contract's help.
    for rendered in rendered_combinations.values():
        for pod in pods(rendered.objects):
            names = {variable["name"] for container in pod.containers for variable in container.get("env", [])}
            assert ("CONNECTOR_MIGRATOR_DATABASE_URL" in names) == (pod.component == "migrate")
            if pod.component in {"migrate", "ready"}:
                assert not {name for name in names if "INFOMART" in name or "INVOX" in name or "KEK" in name}
                assert not names & {"DATABASE_URL", "REDIS_URL", "CONNECTOR_SWEEPER_DATABASE_URL"}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("Ingress", "ingress"),
        ("HorizontalPodAutoscaler", "autoscaled"),
        ("NetworkPolicy", "policies"),
        ("PodMonitor", "metrics without budgets"),
        ("PrometheusRule", "metrics without budgets"),
    ],
)
def test_a_switch_makes_its_object_and_nothing_else_does(
    kind: str, word: str, rendered_combinations: Combinations
) -> None:
    for name, rendered in rendered_combinations.items():
        assert bool(of_kind(rendered.objects, kind)) == (word in name.split(", "))


def test_web_never_goes_below_its_number_during_an_update(rendered_combinations: Combinations) -> None:
    for rendered in rendered_combinations.values():
        for deployment in of_kind(rendered.objects, "Deployment"):
            if named(deployment).endswith("-web"):
                assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def found(combinations: Combinations, promise: str) -> dict[str, list[str]]:
    """The violations of one promise, by combination."""
    result = {}
    for name, rendered in combinations.items():
        objects, values = rendered.objects, rendered.values
        match promise:
            case "restricted":
                problems = restricted.violations(objects)
            case "secrecy":
                problems = secrecy.violations(objects)
            case "environment":
                problems = environment.violations(objects, values)
            case "wiring":
                problems = wiring.violations(objects, values)
            case "journal":
                problems = journal.violations(objects, values)
            case "metrics":
                problems = metrics.violations(objects, values)
            case _:
                problems = network.violations(objects, values)
        if problems:
            result[name] = problems
    return result
