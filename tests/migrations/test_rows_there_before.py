"""Rows that were there before a step are there after it, and say what the step promised of them."""

from collections.abc import Iterator

import pytest

import migrations
from tests.conftest import Cluster, administer
from tests.migrations.portrait import asked
from tests.store.databases import empty

CONNECTED = """
insert into tenants values (gen_random_uuid(), 'x', '2026-04-01');
insert into connections (tenant_id, id, provider, standing, changed_at)
    select id, gen_random_uuid(), s.standing, s.standing, now()
    from tenants, (values ('active'), ('lapsed')) as s (standing)
"""


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    with empty(cluster) as url:
        yield url


def test_a_connection_that_was_active_before_renewals_were_planned_is_due_at_once(empty_url: str) -> None:
    """The owner of a table whose policies are forced sees none of its rows, so a careless step would change none."""
    migrations.upgrade(empty_url, "0002")
    administer(empty_url, *CONNECTED.split(";\n"))

    migrations.upgrade(empty_url, "0003")

    assert asked(empty_url, "select standing || ' ' || (due_at is not null) from connections") == [
        "active true",
        "lapsed false",
    ]
    migrations.downgrade(empty_url, "0002")
    assert asked(empty_url, "select standing from connections") == ["active", "lapsed"]
