"""However a connection stands, people are told what is wrong, who acts and what happens otherwise, twice."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Cause, Connection, Standing
from connector.explaining import STANDINGS, TROUBLES, Actor, Told, explain
from connector.ids import ConnectionId, ProviderKey, TenantId

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PROVIDER = ProviderKey("infomart")
CONNECTION = Connection(
    TenantId(uuid4()), ConnectionId(uuid4()), PROVIDER, Standing.ACTIVE, NOW + timedelta(days=31), NOW
)
HELD_UP = {Standing.ACTIVE, Standing.UNCERTAIN, Standing.SUSPECT}


def a_breaker(trouble: Trouble) -> Breaker:
    return Breaker(PROVIDER, trouble, opened_at=NOW + timedelta(hours=1), open_until=NOW + timedelta(hours=2))


def japanese(text: str) -> bool:
    return any("\u3040" <= letter <= "\u9fff" for letter in text)


@pytest.mark.parametrize("cause", [None, *Cause])
@pytest.mark.parametrize("standing", list(Standing))
def test_every_standing_and_cause_is_explained_whole_in_both_languages(standing: Standing, cause: Cause | None) -> None:
    said = explain(replace(CONNECTION, standing=standing, cause=cause), None)
    for field in fields(Told):
        assert japanese(getattr(said.ja, field.name))
        assert getattr(said.en, field.name).endswith(".")
        assert not japanese(getattr(said.en, field.name))
    assert said.since == CONNECTION.changed_at


def test_no_line_waits_for_words_of_a_format() -> None:
    for _, ja, en in [*STANDINGS.values(), *TROUBLES.values()]:
        for told in (ja, en):
            assert "{" not in "".join(getattr(told, field.name) for field in fields(Told))


@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("trouble", list(Trouble))
def test_an_open_breaker_explains_whatever_it_holds_up_and_nothing_else(standing: Standing, trouble: Trouble) -> None:
    connection = replace(CONNECTION, standing=standing, due_at=NOW + timedelta(minutes=5))
    with_breaker = explain(connection, a_breaker(trouble))
    if standing in HELD_UP:
        assert (with_breaker.actor, with_breaker.ja, with_breaker.en) == TROUBLES[trouble]
        assert with_breaker.since == NOW + timedelta(hours=1)
        assert with_breaker.next_look_at == NOW + timedelta(hours=2)
    else:
        assert with_breaker == explain(connection, None)


def test_who_acts_is_who_can() -> None:
    acts = {standing: explain(replace(CONNECTION, standing=standing), None).actor for standing in Standing}
    assert acts == {
        Standing.AWAITING_CONSENT: Actor.TENANT,
        Standing.ACTIVE: Actor.NOBODY,
        Standing.UNCERTAIN: Actor.WE,
        Standing.SUSPECT: Actor.WE,
        Standing.UNREADABLE: Actor.OPERATOR,
        Standing.LAPSED: Actor.TENANT,
        Standing.DISCONNECTED: Actor.NOBODY,
    }
