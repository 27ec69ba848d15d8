"""Received invoices are read a hundred at a time by the days on which they arrived (API 6, reference 5.6)."""

from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.delivered import write_delivered
from connector.twins.infomart.inbox import Received
from connector.twins.infomart.invoices import write_invoice
from connector.twins.infomart.operations import Call, Operation, Result, Side, refuse
from connector.twins.infomart.paging import Part, read_part
from connector.twins.infomart.rules import Findings
from connector.twins.infomart.spans import Span, read_span


@dataclass(frozen=True, slots=True)
class Window:
    """Which days of reception are wanted, and which part of their invoices."""

    span: Span
    part: Part


def read_window(call: Call) -> Window:
    """The window and the page; every fault of the request is named at once."""
    findings = Findings()
    span = read_span(call.fields, "reception_date", findings, required=True)
    part = read_part(call.fields, call.profile.paging, call.world.knobs.page_size, findings)
    refuse(findings)
    return Window(span, part)


def read_received(call: Call, window: Window) -> Result:
    """One page, in ascending order of management numbers."""
    found = call.world.members.inbox(call.member).between(*window.span.ends)
    page = window.part.of(found)
    return Result(
        payload={
            "total_count": len(found),
            **window.part.told,
            call.wire.list_key: [_write(call, each) for each in page],
        },
        noted={
            **window.span.told,
            **window.part.told,
            "mng_nums": [received.mng_num for received in page],
        },
    )


def _write(call: Call, received: Received) -> dict[str, Any]:
    if received.sent is not None:
        return write_delivered(received, received.sent, call.member)
    return write_invoice(received, call.member, untaxed_every=call.world.knobs.untaxed_every)


INVOICES = Operation("invoices", Side.BUYER, read_window, read_received)
