"""Of several obstacles the one is named that lasts the longest, and only while it is there."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.domain.ability import Ability, Obstacle, ability
from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Connection, Standing
from connector.domain.entitlement import Capability, Entitlement, Flag, Source, Verdict
from connector.explaining import Actor, explain_ability
from connector.ids import ConnectionId, ProviderKey, TenantId, new_id

NOW = datetime(2026, 4, 1, tzinfo=UTC)
HERE = ProviderKey("infomart")
READ = Capability.READ_ISSUED_INVOICES
NEEDS = {READ: (Flag.ISSUER_PAID_MEMBER, Flag.API_OPTION)}
AWAY = Breaker(provider=HERE, trouble=Trouble.MAINTENANCE, opened_at=NOW, open_until=NOW + timedelta(hours=1))


def a_fact(
    flag: Flag, verdict: Verdict = Verdict.GRANTED, *, provider: str = HERE, hours: int | None = None
) -> Entitlement:
    ends = None if hours is None else NOW + timedelta(hours=hours)
    return Entitlement(ProviderKey(provider), flag, verdict, Source.PROVEN, NOW - timedelta(days=1), ends)


GRANTED = [a_fact(flag) for flag in NEEDS[READ]]


def a_connection(standing: Standing = Standing.ACTIVE) -> Connection:
    return Connection(
        tenant_id=TenantId(new_id()),
        id=ConnectionId(new_id()),
        provider=HERE,
        standing=standing,
        consent_ends_at=None,
        changed_at=NOW,
    )


def seen(
    facts: list[Entitlement],
    connection: Connection | None = None,
    breaker: Breaker | None = None,
    capability: Capability = READ,
) -> Ability:
    return ability(HERE, capability, NEEDS, facts, connection, breaker, NOW)


def test_it_works_when_the_contract_covers_it_the_connection_is_active_and_the_provider_answers() -> None:
    found = seen(GRANTED, a_connection())

    assert (found.obstacle, found.lacking) == (None, None)
    assert explain_ability(found).actor is Actor.NOBODY


def test_a_provider_without_the_capability_lacks_it_whatever_else_is_wrong() -> None:
    found = seen([], None, AWAY, Capability.READ_RECEIVED_INVOICES)

    assert found.obstacle is Obstacle.PROVIDER_LACKS_IT
    assert explain_ability(found).actor is Actor.NOBODY


@pytest.mark.parametrize("standing", [None, *Standing])
def test_a_contract_known_to_refuse_comes_before_any_connection(standing: Standing | None) -> None:
    connection = None if standing is None else a_connection(standing)
    found = seen([GRANTED[0], a_fact(Flag.API_OPTION, Verdict.REFUSED)], connection, AWAY)

    assert (found.obstacle, found.lacking and found.lacking.flag) == (Obstacle.CONTRACT, "api_option")


@pytest.mark.parametrize("standing", [None, *[each for each in Standing if each is not Standing.ACTIVE]])
@pytest.mark.parametrize("facts", [[], GRANTED])
def test_a_connection_that_is_not_active_comes_before_a_contract_of_which_nothing_is_known(
    facts: list[Entitlement], standing: Standing | None
) -> None:
    found = seen(facts, None if standing is None else a_connection(standing))

    assert (found.obstacle, found.lacking) == (Obstacle.CONNECTION, None)


@pytest.mark.parametrize(
    ("facts", "flag"),
    [
        ([], "issuer_paid_member"),
        ([GRANTED[0]], "api_option"),
        ([GRANTED[0], a_fact(Flag.API_OPTION, hours=0)], "api_option"),
        ([GRANTED[0], a_fact(Flag.API_OPTION, Verdict.REFUSED, hours=0)], "api_option"),
        ([GRANTED[0], a_fact(Flag.API_OPTION, provider="another")], "api_option"),
    ],
)
def test_what_is_not_known_to_be_granted_is_found_out_by_the_next_reading(facts: list[Entitlement], flag: str) -> None:
    found = seen(facts, a_connection())

    assert (found.obstacle, found.lacking and found.lacking.flag) == (Obstacle.CONTRACT, flag)
    assert explain_ability(found).actor is Actor.WE


def test_a_provider_in_maintenance_stands_in_the_way_last_of_all() -> None:
    found = seen(GRANTED, a_connection(), AWAY)

    assert found.obstacle is Obstacle.PROVIDER_AWAY
    assert explain_ability(found).actor is Actor.PROVIDER


@pytest.mark.parametrize(
    "found",
    [
        seen(GRANTED, a_connection()),
        seen([], None, None, Capability.READ_RECEIVED_INVOICES),
        seen([a_fact(Flag.API_OPTION, Verdict.REFUSED)]),
        seen([], a_connection()),
        seen(GRANTED),
        seen(GRANTED, a_connection(Standing.LAPSED)),
        seen(GRANTED, a_connection(), AWAY),
    ],
)
def test_every_obstacle_is_told_in_japanese_and_in_english_with_what_to_do(found: Ability) -> None:
    said = explain_ability(found).said

    assert all(any("\u3040" <= each <= "\u9fff" for each in text) for text in (said.ja.what, said.ja.action))
    assert all(text.isascii() and len(text) > 5 for text in (said.en.what.replace("…", ""), said.en.action))
