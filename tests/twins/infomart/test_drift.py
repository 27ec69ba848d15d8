from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import pytest

from connector.twins.infomart.approvals import WITH_WORKFLOW
from connector.twins.infomart.drift import Drift, read_drift
from connector.twins.infomart.inbox import Inbox
from connector.twins.infomart.operations import Call
from connector.twins.infomart.profiles import PROFILES
from connector.twins.infomart.received import INVOICES
from connector.twins.infomart.world import World
from tests.twins.infomart.receiving import Receiver
from tests.twins.infomart.visitor import PFID, WINDOW, Visitor

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
PAGE = 20
ROWS = 50
RUNS = 1_000


@dataclass
class Reading:
    """One reading of a drifting list by pages, as a reader sees it, and what truly happened meanwhile."""

    drift: Drift
    inbox: Inbox = field(default_factory=lambda: Inbox("1", count(1)))
    seen: list[int] = field(default_factory=list)
    happened: list[dict[str, Any]] = field(default_factory=list)

    def numbers(self) -> list[int]:
        return [each.mng_num for each in self.inbox.everything()]

    def read(self) -> None:
        """Page after page, until one is short."""
        page_no = 0
        while True:
            page = self.numbers()[page_no * PAGE : (page_no + 1) * PAGE]
            self.seen += page
            self.happened.append(self.drift.shake(self.inbox, today=TODAY, now=NOW, codes=WITH_WORKFLOW))
            page_no += 1
            if len(page) < PAGE:
                return


def reading(**knobs: Any) -> Reading:
    drifting = Reading(Drift(**knobs))
    drifting.inbox.deliver(ROWS, TODAY, now=NOW)
    drifting.read()
    return drifting


def some(name: str) -> Callable[[Reading], bool]:
    return lambda read: any(name in each for each in read.happened)


@pytest.mark.parametrize(
    ("knobs", "misses", "repeats"),
    [
        ({}, False, False),
        ({"stages": 1.0}, False, False),
        ({"inserts": 1.0}, False, True),  # what stood at a page's end is pushed on to the next
        ({"removals": 1.0}, True, False),  # what stood at a page's beginning is pulled back to the last
        ({"moves": 1.0}, True, True),
        ({"inserts": 0.5, "removals": 0.5, "moves": 0.5, "stages": 0.5}, True, True),
    ],
)
def test_in_a_thousand_readings_each_kind_of_drift_does_its_own_harm(
    knobs: dict[str, float], *, misses: bool, repeats: bool
) -> None:
    missed = repeated = 0
    for seed in range(RUNS):
        read = reading(**knobs, seed=seed)
        gone = {number for each in read.happened for number in each.get("removed", [])}
        there_all_along = set(range(1, ROWS + 1)) - gone
        missed += not there_all_along <= set(read.seen)
        repeated += len(set(read.seen)) < len(read.seen)

    assert (missed > 0, repeated > 0) == (misses, repeats)
    assert missed < RUNS
    assert repeated < RUNS


def test_what_a_drift_tells_is_what_it_did() -> None:
    for seed in range(100):
        read = reading(inserts=0.5, removals=0.5, moves=0.5, stages=0.5, seed=seed)
        came = [number for each in read.happened for number in each.get("inserted", [])]
        went = [number for each in read.happened for number in each.get("removed", [])]
        assert set(read.numbers()) == (set(range(1, ROWS + 1)) | set(came)) - set(went)
        assert len(read.numbers()) == ROWS + len(came) - len(went)


def test_one_seed_drifts_the_same_way_again_and_another_seed_otherwise() -> None:
    knobs = {"inserts": 0.5, "removals": 0.5, "moves": 0.5}

    one, again, other = (reading(**knobs, seed=seed) for seed in (1, 1, 2))

    assert (one.seen, one.happened, one.numbers()) == (again.seen, again.happened, again.numbers())
    assert one.numbers() != other.numbers()


def test_a_drift_that_is_over_leaves_the_list_alone() -> None:
    drifting = Reading(Drift(inserts=1.0, removals=1.0, readings=2))
    drifting.inbox.deliver(ROWS, TODAY, now=NOW)
    drifting.read()
    assert [bool(each) for each in drifting.happened] == [True, True, False]
    before = drifting.numbers()

    drifting.seen.clear()
    drifting.read()

    assert drifting.seen == before == drifting.numbers()


def test_an_empty_list_drifts_too() -> None:
    drift, inbox = Drift(inserts=1.0, removals=1.0, moves=1.0, stages=1.0), Inbox("1", count(1))

    happened = drift.shake(inbox, today=TODAY, now=NOW, codes=WITH_WORKFLOW)

    assert happened["inserted"]
    assert {each.reception_date for each in inbox.everything()} <= {TODAY}


@pytest.mark.parametrize(
    "body",
    [
        {"inserts": 2},
        {"inserts": "often"},
        {"most": 0},
        {"most": 1.5},
        {"readings": -1},
        {"seed": "x"},
        {"colour": 1},
        {"inserts": True},
    ],
    ids=str,
)
def test_a_drift_described_wrongly_is_none(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown keys|a chance|whole numbers|from 0 to 1|starts at"):
        read_drift(body)


@pytest.mark.parametrize("generation", ["v1", "v2"])
async def test_the_list_moves_after_each_reading_and_the_ledger_says_how(visitor: Visitor, generation: str) -> None:
    receiver = Receiver(visitor, generation)
    told = await receiver.sim("drift", {"inserts": 1, "removals": 1, "most": 1, "readings": 1, "seed": 4})
    assert told == {
        "drift": {
            "inserts": 1,
            "removals": 1,
            "moves": 0.0,
            "stages": 0.0,
            "most": 1,
            "readings": 1,
            "seed": 4,
        }
    }
    before = [each["mng_num"] for each in (await receiver.seen("invoices"))["invoices"]]

    first = [each["invoice_mng_num"] for each in await receiver.invoices()]
    second = [each["invoice_mng_num"] for each in await receiver.invoices()]
    third = [each["invoice_mng_num"] for each in await receiver.invoices()]

    [drifted] = await receiver.deeds("invoices_drifted")
    assert first == before
    assert set(second) == (set(first) | set(drifted["inserted"])) - set(drifted["removed"])
    assert third == second
    assert (await receiver.seen("drift"))["drift"]["readings"] == 0


async def test_a_drift_is_ended(visitor: Visitor) -> None:
    receiver = Receiver(visitor)
    await receiver.sim("drift", {"moves": 1})
    path = f"/_sim/members/{receiver.pfid}/drift"

    assert (await visitor.http.delete(path)).json() == {"drift": None}

    assert await receiver.invoices() == await receiver.invoices()
    assert (await visitor.http.post(path, json={"moves": 3})).status_code == 400
    assert (await visitor.http.get(path)).json() == {"drift": None}


def test_a_thousand_readings_in_process_tell_each_page_as_the_list_stood_at_that_moment(world: World) -> None:
    member = world.members.find(PFID)
    assert member is not None
    world.knobs.page_size = 3
    drifted = 0
    for seed in range(RUNS):
        inbox = Inbox(str(seed), count(1))
        inbox.deliver(7, TODAY, now=NOW)
        world.members.keep(member, inbox=inbox)
        world.drifts[PFID] = Drift(inserts=0.5, removals=0.5, moves=0.5, stages=0.5, most=2, seed=seed)
        profile = PROFILES[seed % 2]
        told: list[dict[str, Any]] = [{}, {}, {}]
        first = 0
        while len(told) == 3:
            stood = [(each.mng_num, each.wf_status) for each in inbox.everything()]
            fields = {**WINDOW, "page_no": first // 3 + 1, "start_position": first + 1, "get_count": 3}
            call = Call(world, member, profile, profile.wires["invoices"], fields, uuid4())
            payload = INVOICES.do(call, INVOICES.parse(call)).payload
            told = payload[profile.wires["invoices"].list_key]
            assert [(each["invoice_mng_num"], each["wf_status"]) for each in told] == stood[first : first + 3]
            assert payload["total_count"] == len(stood)
            drifted += stood != [(each.mng_num, each.wf_status) for each in inbox.everything()]
            first += 3

    assert len([each for each in world.ledger.after(0) if each["event"] == "invoices_drifted"]) >= drifted > RUNS
