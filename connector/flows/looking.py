"""What a look has to write: most of a page is, to the byte, what the mirror holds already."""

from collections.abc import Sequence

import structlog

from connector.domain.connection import Connection
from connector.domain.invoice import FetchedInvoice, ListedInvoice, Side
from connector.ports import Work

_log = structlog.get_logger("connector.looking")


async def changed(
    work: Work, connection: Connection, side: Side, listed: Sequence[ListedInvoice]
) -> Sequence[FetchedInvoice]:
    """The invoices that are new or differ, read; of a key listed twice the later. Raises Unreadable."""
    latest = {each.key: each for each in listed}
    known = await work.mirror.exacts(side, connection, latest)
    read = [each.read() for each in latest.values() if known.get(each.key) != each.exact]
    if strangers := sum(each.strangers for each in read):
        _log.info("fields nobody described", provider=connection.provider, side=side, count=strangers)
    return read
