"""Every query, command, statement, link and table of the guides is tried."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from connector.settings import AccountSettings, Settings
from graphql_schema.ide import __file__ as ide
from tests.conftest import Cluster, administer, in_database
from tests.docs.guides import GUIDES, ROOT, blocks, links
from tests.world import World, environment, graph_id

QUERIES = [(guide, text) for guide in GUIDES for text in blocks(guide, "graphql")]
READY = Path(ide).with_name("ready.graphql").read_text()


@pytest.fixture
async def answers(world: World) -> World:
    tenant = await world.connected("湊待食堂", invoices=30, issued=12)
    world.http.headers["x-tenant"] = graph_id(tenant)
    return world


@pytest.mark.parametrize(("guide", "query"), [*QUERIES, ("graphql_schema/ide/ready.graphql", READY)])
async def test_a_query_of_the_guides_is_answered_without_errors(answers: World, guide: str, query: str) -> None:
    variables: dict[str, object] = {"tenant": answers.http.headers["x-tenant"]} if "$tenant" in query else {}
    told = await answers.ask(query, None, **variables)
    assert "errors" not in told, guide
    assert all(not payload.get("userErrors") for payload in told["data"].values() if isinstance(payload, dict))


async def test_the_first_query_of_the_readme_shows_invoices(answers: World) -> None:
    told = await answers.ask(blocks("README.md", "graphql")[0])
    shown = told["data"]["tenants"]["edges"][0]["node"]["receivedInvoices"]
    assert shown["totalCount"] == 30
    assert len(shown["edges"]) == 5


def test_both_readmes_show_the_same_commands_and_the_same_query() -> None:
    assert blocks("README.md", "graphql") == blocks("README.ja.md", "graphql")
    words = [[line.split("#")[0].strip() for line in blocks(each, "sh")[0].splitlines()] for each in GUIDES[:2]]
    assert words == [["./dev run", "./dev test"]] * 2


def test_ci_types_what_the_readme_says() -> None:
    assert (ROOT / ".ci/run").read_text().splitlines()[-2:] == ["./dev check", "./dev test"]


@pytest.mark.parametrize("guide", GUIDES)
def test_every_link_of_a_guide_leads_to_a_file(guide: str) -> None:
    missing = [link for link in links(guide) if not ((ROOT / guide).parent / link).exists()]
    assert missing == []


def test_the_settings_table_lists_every_variable_the_program_reads() -> None:
    table = (ROOT / "docs/operators.md").read_text()
    told = {str(field.validation_alias) for field in Settings.model_fields.values() if field.validation_alias}
    told |= {f"CONNECTOR_INFOMART_{name.upper()}" for name in AccountSettings.model_fields}
    written = table.replace("`…_API_URL`", "`CONNECTOR_INFOMART_API_URL`")
    written = written.replace("`…_CLIENT_SECRET`", "`CONNECTOR_INFOMART_CLIENT_SECRET`")
    assert [name for name in sorted(told) if f"`{name}`" not in written] == []


@pytest.fixture
def empty_database(cluster: Cluster) -> str:
    name = f"connector_first_steps_{os.getpid()}"
    administer(cluster.database_url, f"drop database if exists {name} with (force)", f"create database {name}")
    return in_database(cluster.database_url, name)


def test_the_first_steps_of_the_operators_guide_work_as_typed(
    cluster: Cluster, empty_database: str, tmp_path: Path
) -> None:
    told = environment(
        empty_database,
        cluster.redis_url,
        tmp_path / "kek.json",
        public_url="http://127.0.0.1:8000",
        provider_url="http://127.0.0.1:9",
    )
    ids: dict[str, str] = {}
    for line in blocks("docs/operators.md", "sh")[0].splitlines():
        words = [ids.get(word, word) for word in shlex.split(line)]
        assert words[0] == "connector"
        done = subprocess.run(
            [sys.executable, "-m", "connector", *words[1:], "--json"],
            cwd=tmp_path,
            env={**os.environ, **told, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        facts = json.loads(done.stdout)
        ids |= {
            name.upper(): facts[key] for name, key in (("partner", "partnerId"), ("tenant", "tenantId")) if key in facts
        }
        last = facts
    assert last["url"].startswith("http://127.0.0.1:8000/connect/")


def test_the_statements_of_the_operators_guide_make_the_three_roles(empty_database: str) -> None:
    """Roles belong to the whole cluster, where these exist already: each statement is tried under another name."""
    (script,) = blocks("docs/operators.md", "sql")
    renamed = re.sub(r"\b(migrator|app|sweeper)\b", r"guide_\1", script)
    statements = [each.strip() for each in renamed.split(";") if each.strip()]
    roles = re.findall(r"create role (\w+)", renamed)
    administer(empty_database, *statements)
    administer(empty_database, *[f"drop owned by {role}" for role in roles], *[f"drop role {role}" for role in roles])
    assert roles == ["guide_migrator", "guide_app", "guide_sweeper"]
