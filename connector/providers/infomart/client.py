"""Infomart's calls: one method a call, read through `wire`, told through `mapping`, refused through `refusals`."""

from collections.abc import Callable
from functools import partial

import msgspec
import orjson
import structlog

from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice
from connector.errors import OutcomeUnknown, Unavailable, Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart import dictionary, mapping, refusals, wire
from connector.providers.infomart.manifest import GENERATIONS, INFOMART, SPOKEN, Listing
from connector.providers.manifest import Site
from connector.providers.transport import Answer, Transport
from connector.secret import Secret

_log = structlog.get_logger("connector.infomart")


class InfomartClient:
    """Both lists of invoices, in either generation: 請求データ取得API and 請求書一覧取得API."""

    def __init__(self, transport: Transport, site: Site, generation: str = SPOKEN) -> None:
        self._transport = transport
        self._api_url = site.api_url
        self._generation = GENERATIONS[generation]

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage:
        """One page of at most 100 [IM-7]; the last should be the first that is not full, so it may be empty [IM-54]."""
        answer = await self._ask(self._generation.received, access, "reception_date", window, page)
        read = partial(mapping.received_invoice, uses_workflow=uses_workflow)
        return _page(answer, self._generation.received.key, page, read)

    async def issued_page(self, access: Secret, window: Window, page: int) -> InvoicePage:
        """One page of at most 100, by days of issue [IM-106]; whatever its stage, an invoice is listed [IM-93]."""
        answer = await self._ask(self._generation.issued, access, "send_date", window, page)
        return _page(answer, self._generation.issued.key, page, mapping.issued_invoice)

    async def _ask(self, listing: Listing, access: Secret, days: str, window: Window, page: int) -> Answer:
        """The answer, unless it is a refusal, which is raised; `days`: the name of the days that windows go by."""
        asked: dict[str, str | int] = {
            "response_type": "json",
            f"{days}_from": window.first_day.isoformat(),
            f"{days}_to": window.last_day.isoformat(),
            **self._generation.part(page),
        }
        # The search call refuses a missing Accept though the common rules call it optional [IM-34].
        headers = {"Authorization": f"Bearer {access.reveal()}", "Accept": "application/json"}
        url = f"{self._api_url}{listing.path}"
        try:
            if self._generation.posts:
                answer = await self._transport.search(url, body=asked, headers=headers)
            else:
                query = {name: str(value) for name, value in asked.items()}
                answer = await self._transport.get(url, query=query, headers=headers)
        except OutcomeUnknown as cause:
            raise Unavailable from cause  # a read that went unanswered changed nothing
        if refusal := refusals.of_call(answer):
            raise refusal
        return answer


def _page(answer: Answer, list_key: str, page: int, read: Callable[[bytes], FetchedInvoice]) -> InvoicePage:
    """What a list says on one page; raises Unreadable for anything that cannot be read or kept whole."""
    try:
        told = wire.read(wire.PAGE, answer.body)
        listed = wire.read(wire.FIELDS, answer.body).get(list_key)
        rows = None if listed is None else wire.read(wire.ROWS, bytes(listed))
        if rows is None:
            raise Unreadable(provider=INFOMART.key, reason=f"the answer has no list {list_key!r}")
        # What nobody asked for is kept as well, so it must be sound to its last byte.
        whole = orjson.loads(answer.body)
        invoices = [read(bytes(raw)) for raw in rows]
    except (msgspec.DecodeError, orjson.JSONDecodeError) as cause:
        raise Unreadable(provider=INFOMART.key, reason=f"page {page}: {cause}") from None
    if strangers := dictionary.strangers(whole[list_key]):
        _log.info("fields nobody described", list=list_key, page=page, count=strangers)
    total = mapping.total_count(bytes(told.total_count))
    return InvoicePage(invoices=invoices, last=len(invoices) < INFOMART.page_size, total=total)
