"""Received invoices are read a hundred at a time by the days on which they arrived (API 6, reference 5.6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.delivered import write_delivered
from connector.twins.infomart.filters import Filters, read_filters
from connector.twins.infomart.inbox import Received
from connector.twins.infomart.invoices import write_invoice
from connector.twins.infomart.operations import Call, Operation, Result, Side, refuse
from connector.twins.infomart.paging import Part, read_part
from connector.twins.infomart.rules import Findings
from connector.twins.infomart.spans import Span, read_span


@dataclass(frozen=True, slots=True)
class Window:
    """Which days of reception are wanted, which of their invoices, and which part of those."""

    span: Span
    filters: Filters
    part: Part


def read_window(call: Call) -> Window:
    """The window, the filters and the page; every fault of the request is named at once."""
    findings = Findings()
    span = read_span(call.fields, "reception_date", findings, required=True)  # [IM-51]
    filters = read_filters(call.fields, findings)
    part = read_part(call.fields, call.profile.paging, call.world.knobs.page_size, findings)
    refuse(findings)
    return Window(span, filters, part)


def read_received(call: Call, window: Window) -> Result:
    """One page of the list as it stands at this moment; before the next call, it may have drifted [IM-53]."""
    found: Sequence[Received] = call.world.members.inbox(call.member).between(*window.span.ends)
    if window.filters.wished:
        found = [each for each in found if window.filters.keep(write_received(call, each))]
    page = window.part.of(found)
    payload = {
        "total_count": len(found),  # which a reader can do without [IM-54]
        **window.part.told,
        call.wire.list_key: [write_received(call, each) for each in page],  # `invdata` in v2 [IM-138]
    }
    call.world.let_drift(call.member)
    return Result(
        payload=payload,
        noted={
            **window.span.told,
            **window.filters.wished,
            **window.part.told,
            "mng_nums": [received.mng_num for received in page],
        },
    )


def write_received(call: Call, received: Received) -> dict[str, Any]:
    """One element of the list, whoever issued it."""
    masters = call.world.members.masters(call.member)
    if received.sent is not None:
        return write_delivered(received, received.sent, call.member, masters)
    return write_invoice(received, call.member, masters, untaxed_every=call.world.knobs.untaxed_every)


INVOICES = Operation("invoices", Side.BUYER, read_window, read_received)
