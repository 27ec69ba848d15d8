"""Every step of the schema can be gone up, down and up again, and leaves the same behind."""

from collections.abc import Iterator

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import migrations
from tests.conftest import Cluster, administer
from tests.migrations.portrait import portrait
from tests.store.databases import empty


def steps() -> list[tuple[str, str]]:
    """Each step and the one below it, first step first."""
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("path_separator", "os")
    walked = list(ScriptDirectory.from_config(config).walk_revisions())[::-1]
    return [(step.revision, str(step.down_revision or "base")) for step in walked]


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    with empty(cluster) as url:
        yield url


def test_each_step_goes_up_and_down_and_up_again_and_leaves_the_same(empty_url: str) -> None:
    below = portrait(empty_url)
    for revision, previous in steps():
        migrations.upgrade(empty_url, revision)
        after = portrait(empty_url)
        assert after != below, f"{revision} does nothing"

        migrations.downgrade(empty_url, previous)
        assert portrait(empty_url) == below, f"{revision} leaves something behind when it is undone"

        migrations.upgrade(empty_url, revision)
        assert portrait(empty_url) == after, f"{revision} does not do the same twice"
        below = after


def test_the_steps_are_one_line_without_forks() -> None:
    known = steps()

    assert [previous for _, previous in known] == ["base", *[revision for revision, _ in known[:-1]]]


def test_migrating_a_migrated_database_changes_nothing(database_url: str) -> None:
    before = portrait(database_url)

    migrations.upgrade(database_url)

    assert portrait(database_url) == before


def test_a_portrait_notices_a_table_a_right_and_a_policy_left_behind(database_url: str) -> None:
    before = set(portrait(database_url))

    for careless, word in (
        ("create table leftover (id int)", "leftover"),
        ("grant delete on grants to app", "grants"),
        ("create policy wide on tenants to app using (true)", "policy wide"),
        ("create function leftover_too() returns int language sql return 1", "leftover_too"),
    ):
        administer(database_url, careless)
        added = set(portrait(database_url)) - before
        assert any(word in each for each in added), careless
        before |= added
