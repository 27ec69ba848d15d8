"""Received invoices are read a hundred at a time by the days on which they arrived (API 6, reference 5.6)."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, timedelta
from http import HTTPStatus
from re import fullmatch

from connector.twins.infomart.answers import INCONSISTENT, REQUIRED, WRONG_FORMAT, Refusal, RefusedError
from connector.twins.infomart.api import Operation, Result, Side
from connector.twins.infomart.invoices import write_invoice
from connector.twins.infomart.members import Member
from connector.twins.infomart.world import World

PAGE_SIZE = 100  # [IM-7]
LONGEST_SPAN = timedelta(days=366)  # (reference 5.1, assumed)

_FROM, _TO = "reception_date_from", "reception_date_to"


def read_received(world: World, member: Member, fields: Mapping[str, str]) -> Result:
    """One page, in ascending order of management numbers."""
    first, last, page_no = _read(fields)
    found = world.members.inbox(member).between(first, last)
    page = found[(page_no - 1) * PAGE_SIZE : page_no * PAGE_SIZE]
    return Result(
        payload={
            "total_count": len(found),
            "page_no": page_no,
            "invoices": [write_invoice(received, member) for received in page],
        },
        noted={
            _FROM: first.isoformat(),
            _TO: last.isoformat(),
            "page_no": page_no,
            "mng_nums": [received.mng_num for received in page],
        },
    )


def _read(fields: Mapping[str, str]) -> tuple[date, date, int]:
    """The window and the page; every fault of the request is named at once."""
    refusals: list[Refusal] = []
    days = {name: _day(fields, name, refusals) for name in (_FROM, _TO)}
    page = fields.get("page_no") or "1"
    if not fullmatch("[0-9]{1,9}", page) or int(page) < 1:
        refusals.append(Refusal(WRONG_FORMAT, "page_no"))
    first, last = days[_FROM], days[_TO]
    if first is not None and last is not None and not timedelta(0) <= last - first <= LONGEST_SPAN:
        refusals.append(Refusal(INCONSISTENT, _FROM))
    if refusals or first is None or last is None:
        raise RefusedError(HTTPStatus.BAD_REQUEST, *refusals)
    return first, last, int(page)


def _day(fields: Mapping[str, str], name: str, refusals: list[Refusal]) -> date | None:
    text = fields.get(name, "")
    if not text:
        refusals.append(Refusal(REQUIRED, name))
        return None
    with suppress(ValueError):
        if fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):  # fromisoformat also reads 20261101
            return date.fromisoformat(text)
    refusals.append(Refusal(WRONG_FORMAT, name))
    return None


INVOICES = Operation("invoices", "GET", "/v1/invoice/buyer/invoices", Side.BUYER, read_received)
