"""API 2: what was registered, though the caller was told of a failure, or of nothing."""

import asyncio
from typing import Any

import pytest

from connector.twins.infomart.line import LineCutError
from tests.twins.infomart.issuing import System, invoice
from tests.twins.infomart.visitor import Visitor

LOST = [("drop_after", 1), ("reset", 1), ("drop_before", 0)]


@pytest.mark.parametrize(("kind", "count"), LOST)
async def test_a_cut_line_says_nothing_about_what_was_registered(system: System, kind: str, count: int) -> None:
    await system.visitor.sim("faults", {"operation": "register", "kind": kind})

    with pytest.raises(LineCutError):
        await system.register(invoice())

    assert len(await system.truth()) == len(await system.events("invoice_registered")) == count


@pytest.mark.parametrize(("kind", "count"), [("http_500_after", 1), ("http_500", 0), ("http_503", 0)])
async def test_an_error_of_theirs_says_nothing_about_what_was_registered(system: System, kind: str, count: int) -> None:
    await system.visitor.sim("faults", {"operation": "register", "kind": kind})

    assert (await system.register(invoice())).status_code == int(kind[5:8])
    assert len(await system.truth()) == count


async def eventually(system: System, event: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(10):
        while not (found := await system.events(event)):  # noqa: ASYNC110  # the twin rings no bell
            await asyncio.sleep(0.01)
    return found


async def test_a_late_registration_counts_even_if_the_caller_has_gone_and_its_token_has_died(
    system: System, visitor: Visitor
) -> None:
    await visitor.sim("faults", {"operation": "register", "kind": "drop_late", "seconds": 600})

    with pytest.raises(LineCutError):
        await system.register(invoice())
    assert await system.truth() == []
    await visitor.pass_time(599)
    assert await system.truth() == []
    await visitor.pass_time(1)

    (entry,) = await eventually(system, "invoice_registered")
    assert entry["at"] == "2026-11-20T03:10:00+00:00"
    assert [each["inv_no"] for each in await system.truth()] == ["2026-11-001"]


async def test_an_error_may_come_long_before_the_registration(system: System, visitor: Visitor) -> None:
    await visitor.sim("faults", {"operation": "register", "kind": "http_500_late", "seconds": 60})

    assert (await system.register(invoice())).status_code == 500
    assert await system.listed() == []
    await visitor.pass_time(60)

    assert len(await eventually(system, "invoice_registered")) == 1


async def test_a_call_that_takes_too_long_is_given_up_on_and_done_all_the_same(
    system: System, visitor: Visitor
) -> None:
    await visitor.sim("knobs", {"call_limit_seconds": 300})
    await visitor.sim("faults", {"operation": "register", "kind": "late_commit", "seconds": 400})

    calling = asyncio.create_task(system.register(invoice()))
    await eventually(system, "fault_struck")
    await asyncio.sleep(0)
    await visitor.pass_time(300)
    answer = await calling
    assert (answer.status_code, await system.truth()) == (504, [])
    await visitor.pass_time(100)

    assert len(await eventually(system, "invoice_registered")) == 1


async def test_a_late_registration_within_the_limit_is_answered(system: System, visitor: Visitor) -> None:
    await visitor.sim("faults", {"operation": "register", "kind": "late_commit", "seconds": 299})

    calling = asyncio.create_task(system.register(invoice()))
    await eventually(system, "fault_struck")
    await asyncio.sleep(0.1)
    assert await system.truth() == []
    await visitor.pass_time(299)

    assert (await calling).json()["invoices"][0]["inv_no"] == "2026-11-001"


async def test_a_caller_that_gives_up_does_not_stop_a_late_registration(system: System, visitor: Visitor) -> None:
    await visitor.sim("faults", {"operation": "register", "kind": "late_commit", "seconds": 200})

    calling = asyncio.create_task(system.register(invoice()))
    await eventually(system, "fault_struck")
    await asyncio.sleep(0.1)
    calling.cancel()
    await visitor.pass_time(200)

    assert len(await eventually(system, "invoice_registered")) == 1
