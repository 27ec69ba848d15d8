"""Infomart's calls: one method a call, read through `wire`, told through `mapping`, refused through `refusals`."""

import msgspec
import orjson

from connector.domain.fetch import Window
from connector.errors import OutcomeUnknown, Unavailable, Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart import mapping, refusals, wire
from connector.providers.infomart.manifest import INFOMART, RECEIVED_INVOICES_PATH
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret


class InfomartClient:
    """The receiving side's invoices (請求データ取得API)."""

    def __init__(self, transport: Transport, site: Site) -> None:
        self._transport = transport
        self._received_invoices = f"{site.api_url}{RECEIVED_INVOICES_PATH}"

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage:
        """One page of at most 100 [IM-7]; the last should be the first that is not full, so it may be empty [IM-54]."""
        query = {
            "response_type": "json",
            "reception_date_from": window.first_day.isoformat(),
            "reception_date_to": window.last_day.isoformat(),
            "page_no": str(page),
        }
        # The search call refuses a missing Accept though the common rules call it optional [IM-34].
        headers = {"Authorization": f"Bearer {access.reveal()}", "Accept": "application/json"}
        try:
            answer = await self._transport.get(self._received_invoices, query=query, headers=headers)
        except OutcomeUnknown as cause:
            raise Unavailable from cause  # a read that went unanswered changed nothing
        if refusal := refusals.of_call(answer):
            raise refusal
        try:
            told = wire.read(wire.PAGE, answer.body)
            if told.invoices is None:
                raise Unreadable(provider=INFOMART.key, reason="the answer has no list of invoices")
            orjson.loads(answer.body)  # what nobody asked for is kept as well, so it must be sound to its last byte
            invoices = [mapping.received_invoice(bytes(raw), uses_workflow=uses_workflow) for raw in told.invoices]
        except (msgspec.DecodeError, orjson.JSONDecodeError) as cause:
            raise Unreadable(provider=INFOMART.key, reason=f"page {page}: {cause}") from None
        total = mapping.total_count(bytes(told.total_count))
        return InvoicePage(invoices=invoices, last=len(invoices) < INFOMART.page_size, total=total)
