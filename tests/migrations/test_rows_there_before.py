"""Rows that were there before a step are there after it, and say what the step promised of them."""

from collections.abc import Iterator
from datetime import timedelta

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

BEFORE = """
insert into tenants values (gen_random_uuid(), 'x', '2026-04-01');
insert into connections (tenant_id, id, provider, standing, changed_at)
    select id, id, 'p', 'active', now() from tenants;
insert into fetches (tenant_id, id, connection_id, first_day, last_day, reading, requested_at, due_at)
    select tenant_id, id, id, '2026-03-01', '2026-03-31', 'waiting', now(), now() from connections;
insert into fetched_pages (tenant_id, fetch_id, number, keys, is_last)
    select tenant_id, id, 1, '{a}', true from fetches;
insert into receipts select tenant_id, id, 1, 1, 'd', now() from fetches
"""
AFTER = """
insert into fetched_pages (tenant_id, fetch_id, in_pass, number, keys, is_last)
    select tenant_id, fetch_id, 2, number, '{b}', true from fetched_pages;
update fetches set side = 'issuer'
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


def test_what_was_read_before_passes_were_counted_is_dated_by_what_is_known_of_it(empty_url: str) -> None:
    """The owner of a table whose policies are forced sees none of its rows, so a careless step would change none."""
    migrations.upgrade(empty_url, "0005")
    administer(empty_url, *BEFORE.split(";\n"))

    migrations.upgrade(empty_url, "0006")

    assert asked(empty_url, "select read_at - asked_at from fetched_pages") == [str(timedelta(minutes=5))]
    assert asked(empty_url, "select completed_at - as_of from receipts") == [str(timedelta(minutes=5))]
    assert asked(empty_url, "select side || ' ' || age || ' ' || in_pass from fetches") == ["receiver recent 1"]

    administer(empty_url, *AFTER.split(";\n"))
    migrations.downgrade(empty_url, "0005")
    assert asked(empty_url, "select keys::text from fetched_pages") == ["{b}"]
    assert asked(empty_url, "select reading from fetches") == ["failed"]
