"""Infomart's calls: one method a call, read through `wire`, told through `mapping`, refused through `refusals`."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import orjson

from connector.domain.fetch import Window
from connector.domain.invoice import FetchedInvoice, ListedInvoice
from connector.errors import OutcomeUnknown, Unavailable, Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart import mapping, refusals, wire
from connector.providers.infomart.manifest import GENERATIONS, INFOMART, SPOKEN, Listing
from connector.providers.manifest import Site
from connector.providers.transport import Answer, Transport
from connector.secret import Secret

# How an invoice is read is what these modules say: with other words in them, whatever comes is read anew.
_HOW = hashlib.sha256(b"".join(Path(str(each.__file__)).read_bytes() for each in (mapping, wire))).digest()


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
        how = _HOW + (b"workflow" if uses_workflow else b"")
        return _page(answer, self._generation.received.key, page, read, how)

    async def issued_page(self, access: Secret, window: Window, page: int) -> InvoicePage:
        """One page of at most 100, by days of issue [IM-106]; whatever its stage, an invoice is listed [IM-93]."""
        answer = await self._ask(self._generation.issued, access, "send_date", window, page)
        return _page(answer, self._generation.issued.key, page, mapping.issued_invoice, _HOW)

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


def _page(answer: Answer, list_key: str, page: int, read: Callable[[bytes], FetchedInvoice], how: bytes) -> InvoicePage:
    """What a list says on one page; raises Unreadable when it is no list, or one of its rows has no key."""
    try:
        told = wire.read(wire.FIELDS, answer.body)
        rows = wire.read(wire.ROWS, bytes(told[list_key])) if list_key in told else None
        if rows is None:
            raise Unreadable(provider=INFOMART.key, reason=f"the answer has no list {list_key!r}")
        listed = [_listed(bytes(raw), page, read, how) for raw in rows]
    except msgspec.DecodeError as cause:
        raise Unreadable(provider=INFOMART.key, reason=f"page {page}: {cause}") from None
    total = mapping.total_count(bytes(told.get("total_count", b"")))
    return InvoicePage(listed=listed, last=len(listed) < INFOMART.page_size, total=total)


def _listed(raw: bytes, page: int, read: Callable[[bytes], FetchedInvoice], how: bytes) -> ListedInvoice:
    exact = hashlib.sha256(how + raw).digest()

    def whole() -> FetchedInvoice:
        try:
            return replace(read(raw), exact=exact)
        except (msgspec.DecodeError, orjson.JSONDecodeError) as cause:
            raise Unreadable(provider=INFOMART.key, reason=f"page {page}: {cause}") from None

    return ListedInvoice(key=mapping.key_of(raw), exact=exact, read=whole)
