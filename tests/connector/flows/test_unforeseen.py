"""What nobody foresaw stops one renewal and no other, and is never taken for a call that was not made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from connector.domain.access import Tenant
from connector.domain.connection import Grant, Standing
from connector.domain.renewal import TokenAnswer, TokenReply
from connector.errors import ConnectorError, Misconfigured, Unavailable, Unreadable, Whose
from connector.ids import ConnectionId
from connector.providers.infomart.consent import InfomartConsent
from connector.secret import Secret
from connector.store.renewals import RenewalRows
from connector.vault.keyring import Keyring
from tests.connector.flows.bench import connection_of, joined, later, rows, value
from tests.connector.flows.renewals import FOUR_MINUTES, of_connection, swept, token, token_calls
from tests.connector.flows.shared import anew
from tests.world import World

A_KEEP_ALIVE = timedelta(days=9)


class Mistake(Exception):
    """A mistake of ours."""


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


@pytest.fixture
async def odd(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=0)


@pytest.fixture
async def sound(world: World) -> Tenant:
    return await joined(world, f"tenant-{uuid4()}", invoices=0)


async def grants_of(world: World, tenant: Tenant) -> int:
    counted: int = await value(world, "select count(*) from grants where tenant_id = :t", t=tenant.id)
    return counted


def failing_for(
    monkeypatch: pytest.MonkeyPatch, where: type, name: str, wrong: Callable[..., bool], raised: Exception
) -> None:
    """The method raises for whoever is `wrong`, and works for everybody else."""
    real: Any = getattr(where, name)

    async def method(self: object, *told: Any, **more: Any) -> Any:
        if wrong(*told):
            raise raised
        return await real(self, *told, **more)

    monkeypatch.setattr(where, name, method)


async def test_one_answer_that_cannot_be_brought_in_keeps_no_other_on_disk(
    world: World, odd: Tenant, sound: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(world, A_KEEP_ALIVE)
    refused = DBAPIError("update connections", {}, Exception("no such column"))
    with monkeypatch.context() as without:
        failing_for(without, RenewalRows, "commit", lambda *_: True, refused)
        keeping = world.flows.keeping
        for provider in keeping.register.everyone():
            await keeping.renew_due(provider)  # a whole batch that the database would not take ends as well
    waiting = {answer.tenant_id for answer in await keeping.journal.unsettled(older_than=0)}
    assert {odd.id, sound.id} <= waiting

    mistaken = (await connection_of(world, odd)).id
    with monkeypatch.context() as without, capture_logs() as logs:
        of_odd: Callable[[TokenAnswer, object, object], bool] = lambda answer, *_: answer.connection_id == mistaken  # noqa: E731
        failing_for(without, RenewalRows, "adopt", of_odd, refused)
        await keeping.bring_in(older_than=0)
    assert [answer.tenant_id for answer in await keeping.journal.unsettled(older_than=0)] == [odd.id]
    assert (await grants_of(world, odd), await grants_of(world, sound)) == (1, 2)
    assert [each["exc_info"] for each in logs if each["event"] == "not brought in"] == [True]

    assert await keeping.bring_in(older_than=0) == 1
    assert await grants_of(world, odd) == 2


async def test_one_renewal_that_goes_wrong_is_given_back_and_the_others_of_its_batch_are_in_use(
    world: World, odd: Tenant, sound: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    later(world, A_KEEP_ALIVE)
    failing_for(monkeypatch, Keyring, "open", lambda _, seat: seat.tenant_id == odd.id, Mistake())
    await swept(world)
    assert (await grants_of(world, odd), await grants_of(world, sound)) == (1, 2)
    assert await of_connection(world, odd, "standing") == Standing.ACTIVE
    assert await of_connection(world, odd, "renewal_id") is None
    assert await rows(world, "select * from renewal_outcomes where tenant_id = :t", t=odd.id) == []


async def test_one_abandoned_renewal_that_cannot_be_written_down_hides_no_other(
    world: World, odd: Tenant, sound: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in (odd, sound):
        statement = (
            "update connections set renewal_id = gen_random_uuid(), lease_until = now(), answer_until = now()"
            " where tenant_id = :t"
        )
        await rows(world, statement, t=tenant.id)
    mistaken = (await connection_of(world, odd)).id
    of_odd: Callable[[ConnectionId, datetime], bool] = lambda connection, _: connection == mistaken  # noqa: E731
    failing_for(monkeypatch, RenewalRows, "abandon", of_odd, Mistake())
    later(world, timedelta(seconds=1))
    await world.flows.keeping.find_abandoned()
    assert await of_connection(world, odd, "standing") == Standing.ACTIVE
    assert await of_connection(world, sound, "standing") == Standing.UNCERTAIN


@pytest.mark.parametrize("raised", [Mistake(), Misconfigured(problems=["a key service refuses us"])])
async def test_no_part_of_a_sweep_keeps_another_from_its_turn(
    world: World, sound: Tenant, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    later(world, A_KEEP_ALIVE)
    keeping = replace(world.flows.keeping, renewing=replace(world.flows.keeping.renewing), _rounds={})
    for part in ("bring_in", "find_abandoned"):
        failing_for(monkeypatch, type(keeping), part, lambda *_: True, raised)
    failing_for(monkeypatch, type(keeping.escrowing), "copy", lambda *_: True, raised)
    with capture_logs() as logs:
        ended_as_foreseen = await keeping.sweep()
    while running := [each for each in keeping._rounds.values() if not each.done()]:  # noqa: SLF001 - its tasks
        await running[0]
    assert ended_as_foreseen is isinstance(raised, ConnectorError)
    assert await grants_of(world, sound) == 2
    assert len([each for each in logs if each["event"] == "stopped"]) == 3


@pytest.mark.parametrize(
    "raised",
    [
        Mistake(),
        Unavailable(),
        Unavailable(whose=Whose.LINE),
        Misconfigured(problems=["ours"]),
        Unreadable(provider="infomart", reason="no JSON"),
    ],
)
@pytest.mark.parametrize("sent", [True, False])
async def test_what_is_raised_once_a_call_has_left_is_a_doubt_and_before_it_is_none(
    world: World, odd: Tenant, monkeypatch: pytest.MonkeyPatch, raised: Exception, sent: bool
) -> None:
    real = InfomartConsent.ask_renewal

    async def ask_renewal(self: InfomartConsent, refresh: Secret, *, last_look: Callable[[], None]) -> TokenReply:
        if sent:
            await real(self, refresh, last_look=last_look)
        raise raised

    monkeypatch.setattr(InfomartConsent, "ask_renewal", ask_renewal)
    later(world, FOUR_MINUTES)
    expected: type[ConnectorError] = type(raised) if isinstance(raised, ConnectorError) and not sent else Unavailable
    with pytest.raises(expected):
        await token(world, odd)
    assert token_calls(world) == (1 if sent else 0)
    assert await of_connection(world, odd, "standing") == (Standing.UNCERTAIN if sent else Standing.ACTIVE)


async def test_an_answer_that_nobody_could_read_for_a_mistake_of_ours_is_read_from_the_disk_later(
    world: World, odd: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_renewal(*_: object, **__: object) -> Grant:
        raise Mistake

    later(world, FOUR_MINUTES)
    with monkeypatch.context() as mistaken:
        mistaken.setattr(InfomartConsent, "read_renewal", read_renewal)
        with pytest.raises(Unavailable):
            await token(world, odd)
    assert await of_connection(world, odd, "standing") == Standing.UNCERTAIN

    await swept(world)
    assert await of_connection(world, odd, "standing") == Standing.ACTIVE
    await token(world, odd)
    assert (token_calls(world), await grants_of(world, odd)) == (1, 2)
