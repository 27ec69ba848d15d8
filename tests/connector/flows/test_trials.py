"""A breaker that is open lets one call try; whoever has nothing to ask leaves the trial to who has."""

from datetime import timedelta
from uuid import uuid4

import pytest

from connector.errors import Unavailable
from connector.twins.infomart.faults import Kind
from connector.vault.keyring import Keyring
from tests.connector.flows.bench import joined, later, rows, trouble
from tests.connector.flows.renewals import FOUR_MINUTES, swept, token
from tests.connector.flows.shared import anew
from tests.world import World


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


async def test_a_sweep_that_finds_nothing_due_leaves_the_trial_to_whoever_wants_a_token(world: World) -> None:
    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0)
    later(world, FOUR_MINUTES)
    trouble(world, Kind.HTTP_503, operation="token")
    with pytest.raises(Unavailable):
        await token(world, tenant)

    later(world, timedelta(hours=2))  # longer than any pause
    for _ in range(2):
        await swept(world)
    await token(world, tenant)
    assert await rows(world, "select provider from breakers where reason is not null") == []


async def test_a_trial_that_fails_for_a_reason_of_ours_is_left_to_the_next_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise Unavailable

    tenant = await joined(world, f"tenant-{uuid4()}", invoices=0)
    later(world, FOUR_MINUTES)
    trouble(world, Kind.HTTP_503, operation="token")
    with pytest.raises(Unavailable):
        await token(world, tenant)

    later(world, timedelta(hours=2))
    with monkeypatch.context() as without:
        without.setattr(Keyring, "open", away)
        with pytest.raises(Unavailable):
            await token(world, tenant)
    await token(world, tenant)
    assert await rows(world, "select provider from breakers where reason is not null") == []
