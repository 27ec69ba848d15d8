"""Stages walk at the provider while nobody looks; the graph tells what looks saw, and when it did not look."""

import random
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest

from connector.domain.fetch import Reading
from connector.providers.infomart.mapping import received_stage
from tests.connector.flows.bench import later
from tests.connector.flows.readings import read
from tests.connector.flows.shared import anew
from tests.world import World, graph_id

CODES = (50, 51, 59, 60, 69, 70, 71)
HISTORY = """
query ($t: ID!) { tenant(id: $t) { receivedInvoices(first: 1) { edges { node {
  key stage firstSeenAt history { stage stageCode gap { since until } } } } } } }
"""


@pytest.fixture
def world(shared: World) -> World:
    return anew(shared)


async def test_a_stage_that_walks_at_random_is_told_as_far_as_looks_saw_it_and_no_further(world: World) -> None:
    name, dice = f"tenant-{uuid4()}", random.Random(5)  # noqa: S311 - the same walk every time
    tenant = await world.connected(name, invoices=1)
    member = world.twin.world.members.find(f"{name}@example.co.jp")
    assert member is not None
    inbox = world.twin.world.members.inbox(member)
    [invoice] = inbox.everything()
    walk = [(datetime.min.replace(tzinfo=world.clock.now().tzinfo), invoice.wf_status)]
    seen = [invoice.wf_status]
    for _ in range(8):
        for _ in range(dice.choice([0, 1, 1, 3])):
            later(world, timedelta(minutes=dice.randint(1, 40)))
            code = dice.choice([each for each in CODES if each != walk[-1][1]])
            inbox.stand({invoice.mng_num: code}, deed="moved", now=world.clock.now())
            walk.append((world.clock.now(), code))
        later(world, timedelta(minutes=dice.randint(1, 40)))
        assert (await read(world, tenant)).reading is Reading.COMPLETE
        seen.append(walk[-1][1])

    answer = await world.ask(HISTORY, None, t=graph_id(tenant))
    [edge] = answer["data"]["tenant"]["receivedInvoices"]["edges"]
    told = edge["node"]["history"]

    different = [code for before, code in pairwise([None, *seen]) if code != before]
    assert [each["stageCode"] for each in told] == different
    assert len(walk) > len(different) > 3  # the walk went further than anybody saw
    for each in told:
        assert each["stage"] == received_stage(each["stageCode"], uses_workflow=True).name
    assert told[0]["gap"] == {"since": None, "until": edge["node"]["firstSeenAt"]}
    for before, after in pairwise(told):
        since, until = (datetime.fromisoformat(after["gap"][name]) for name in ("since", "until"))
        at_since = [code for moment, code in walk if moment <= since][-1]
        at_until = [code for moment, code in walk if moment <= until][-1]
        assert (at_since, at_until) == (before["stageCode"], after["stageCode"])
        assert since >= datetime.fromisoformat(before["gap"]["until"]) - timedelta(minutes=1)
