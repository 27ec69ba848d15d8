"""The chart as Helm and the API server see it."""

import copy

import pytest

from tests.helm.checks import violations
from tests.helm.checks.pods import hooks, named, of_kind, selects
from tests.helm.engine_room import CHART, KUBE_VERSIONS, ask
from tests.helm.rendering import Order, Rendered, render_all, scenarios, the_least

pytestmark = pytest.mark.chart

SEVERITY_WARNING = 2


def test_lint_finds_nothing_to_warn_of_in_any_scenario() -> None:
    requests = [
        {"ask": "lint", "chart": str(CHART), "values": values, "kubeVersion": version}
        for values in scenarios().values()
        for version in KUBE_VERSIONS
    ]
    found = [message for report in ask(requests) for message in report["messages"]]
    assert [each for each in found if each["severity"] >= SEVERITY_WARNING] == []
    assert {each["error"] for each in found} == {"icon is recommended"}


def test_every_scenario_renders_objects_that_the_api_server_would_accept(
    rendered_scenarios: dict[str, Rendered],
) -> None:
    assert {name: each.error or each.problems for name, each in rendered_scenarios.items()} == {
        name: [] for name in scenarios()
    }
    assert all(each.objects for each in rendered_scenarios.values())


def test_every_scenario_keeps_every_promise(rendered_scenarios: dict[str, Rendered]) -> None:
    found = {name: violations(each.objects, each.values) for name, each in rendered_scenarios.items()}
    assert found == {name: [] for name in scenarios()}


def test_the_full_scenario_sets_every_value_and_renders_every_kind_of_object(
    rendered_scenarios: dict[str, Rendered],
) -> None:
    full = rendered_scenarios["full"]
    assert scenarios()["full"].keys() == full.values.keys()
    assert {each["kind"] for each in full.objects} == {
        each["kind"] for rendered in rendered_scenarios.values() for each in rendered.objects
    }


def test_the_api_server_schemas_do_notice_a_misspelt_field_and_a_wrong_type(
    rendered_scenarios: dict[str, Rendered],
) -> None:
    good = next(iter(of_kind(rendered_scenarios["minimal"].objects, "Deployment")))
    misspelt, mistyped = copy.deepcopy(good), copy.deepcopy(good)
    misspelt["spec"]["template"]["spec"]["securityContxt"] = {}
    mistyped["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = "8000"
    found = [
        answer["problems"]
        for answer in ask(
            [{"ask": "validate", "objects": [each], "kubeVersions": ["1.33"]} for each in (good, misspelt, mistyped)]
        )
    ]
    assert found[0] == []
    assert "securityContxt" in found[1][0]
    assert "containerPort" in found[2][0]


def test_helm_makes_the_migration_and_all_it_needs_before_the_release_and_the_test_pod_after(
    rendered_scenarios: dict[str, Rendered],
) -> None:
    (dry_run,) = ask(
        [{"ask": "install", "chart": str(CHART), "values": scenarios()["minimal"], "release": "connector"}]
    )
    ordinary = {named(each) for each in dry_run["objects"]}
    rendered = rendered_scenarios["minimal"].objects
    before = {named(each) for each in rendered if hooks(each) == {"pre-install", "pre-upgrade"}}
    assert before == {"Job/connector-migrate", "ServiceAccount/connector-migrate", "NetworkPolicy/connector-migrate"}
    assert {named(each) for each in rendered if hooks(each) == {"test"}} == {"Pod/connector-ready"}
    assert {named(each) for each in rendered} == ordinary | before | {"Pod/connector-ready"}
    assert not ordinary & before


def test_helm_never_makes_or_owns_anything_that_holds_data(rendered_combinations: dict[str, Rendered]) -> None:
    kinds = {each["kind"] for rendered in rendered_combinations.values() for each in rendered.objects}
    assert kinds == {
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "Job",
        "NetworkPolicy",
        "Pod",
        "PodDisruptionBudget",
        "PodMonitor",
        "PrometheusRule",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }


@pytest.fixture(scope="module")
def rendered_releases() -> dict[str, Rendered]:
    """One set of values under many names: the longest, ones YAML would misread, and two neighbours."""
    names = ["a" * 53, "long-" * 10 + "one", "2024", "true", "blue", "green"]
    return render_all({name: Order(the_least(ingress={"enabled": True}), release=name) for name in names})


def test_any_release_name_that_helm_accepts_gives_valid_objects(rendered_releases: dict[str, Rendered]) -> None:
    for rendered in rendered_releases.values():
        assert rendered.error is None
        assert rendered.problems == []
        assert violations(rendered.objects, rendered.values) == []


def test_two_releases_in_one_namespace_share_no_name_and_select_none_of_each_others_pods(
    rendered_releases: dict[str, Rendered],
) -> None:
    one, two = rendered_releases["blue"].objects, rendered_releases["green"].objects
    assert not {named(each) for each in one} & {named(each) for each in two}
    kinds = ("Deployment", "StatefulSet")
    selected = [each["spec"]["selector"]["matchLabels"] for kind in kinds for each in of_kind(one, kind)]
    labels = [each["spec"]["template"]["metadata"]["labels"] for kind in kinds for each in of_kind(two, kind)]
    assert (len(selected), len(labels)) == (2, 2)
    assert not any(selects(selector, each) for selector in selected for each in labels)


def test_the_notes_say_what_is_next_in_japanese_and_english(rendered_scenarios: dict[str, Rendered]) -> None:
    notes = {name: each.files["connector/templates/NOTES.txt"] for name, each in rendered_scenarios.items()}
    assert all("helm -n invoicing test connector" in text for text in notes.values())
    assert "https://connect.example.co.jp/callback/infomart" in notes["infomart-only"]
    assert "/callback/invox" not in notes["infomart-only"]
    assert all("起動を確かめます" in text for text in notes.values())
    assert "No Ingress was made" in notes["no-ingress"]
    assert "No Ingress was made" not in notes["full"]
