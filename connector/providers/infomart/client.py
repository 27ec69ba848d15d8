"""Infomart's calls: one method a call, read through `wire`, told through `mapping`, refused through `refusals`.

A read that went unanswered changed nothing and may be repeated; a write is sent once, whatever becomes of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from http import HTTPStatus

import msgspec

from connector.domain.bookkeeping import BookChange, Books
from connector.domain.draft import Registration, SupplierDraft, Update
from connector.domain.fetch import Window
from connector.domain.finding import Checked
from connector.domain.outcome import Done, Outcome
from connector.errors import InvalidInput, OutcomeUnknown, RefusedByProvider, Unavailable, Unreadable
from connector.ports import InvoicePage, Prepared
from connector.providers.infomart import faults, listing, mapping, masters, outcomes, refusals, wire, writing
from connector.providers.infomart.manifest import (
    GENERATIONS,
    INFOMART,
    MOST_INVOICES,
    MOST_MASTERS,
    MOST_SUPPLIERS,
    SPOKEN,
    Call,
)
from connector.providers.manifest import Site
from connector.providers.transport import Answer, Transport
from connector.secret import Secret


class InfomartClient:
    """All seven APIs in either generation."""

    def __init__(self, transport: Transport, site: Site, generation: str = SPOKEN) -> None:
        self._transport = transport
        self._api_url = site.api_url
        self._generation = GENERATIONS[generation]

    async def received_page(self, access: Secret, window: Window, page: int, *, uses_workflow: bool) -> InvoicePage:
        """One page of at most 100 [IM-7]; the last should be the first that is not full, so it may be empty [IM-54]."""
        call = self._generation.received
        answer = await self._read(call, access, self._part("reception_date", window, page))
        read = partial(mapping.received_invoice, uses_workflow=uses_workflow)
        return listing.page(answer, call.key or "", page, read, how=b"workflow" if uses_workflow else b"")

    async def issued_page(self, access: Secret, window: Window, page: int) -> InvoicePage:
        """One page of at most 100, by days of issue [IM-106]; whatever its stage, an invoice is listed [IM-93]."""
        call = self._generation.issued
        answer = await self._read(call, access, self._part("send_date", window, page))
        return listing.page(answer, call.key or "", page, mapping.issued_invoice)

    async def books(self, access: Secret) -> Books:
        """Everything a receiver keeps books with, told at once because no page is asked for [IM-121]."""
        answer = await self._read(self._generation.books, access, {})
        try:
            return masters.books(answer.body)
        except msgspec.DecodeError as cause:
            raise Unreadable(provider=INFOMART.key, reason=f"masters: {cause}") from None

    def check_registration(self, asked: Registration) -> Checked[Prepared]:
        """What would be sent to register it; asks nobody."""
        return writing.registration(asked)

    def check_update(self, asked: Update) -> Checked[Prepared]:
        """What would be sent to change it; asks nobody."""
        return writing.update(asked)

    def check_book_change(self, asked: BookChange) -> Checked[Prepared]:
        """What would be sent to change it; asks nobody."""
        return writing.book_change(asked)

    def check_supplier(self, asked: SupplierDraft) -> Checked[Prepared]:
        """What would be sent to save and invite it; asks nobody."""
        return writing.supplier(asked)

    async def register(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]:
        """Registers each; said again, it is registered again [IM-6], and so whoever sends one at a time doubts less."""
        return await self._write(self._generation.register, access, sent, most=MOST_INVOICES)

    async def update(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]:
        """Changes invoices that came back, and issues them again [IM-88]."""
        return await self._write(self._generation.update, access, sent, most=MOST_INVOICES)

    async def change_books(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]:
        """Carries changes out kind by kind [IM-82]; said again, they change nothing more [IM-122]."""
        return await self._write(self._generation.change_books, access, sent, most=MOST_MASTERS, counted=True)

    async def save_suppliers(self, access: Secret, sent: Sequence[Prepared]) -> Sequence[Outcome]:
        """Saves each and invites those who are to be; said again, an invitation goes out again [IM-130]."""
        return await self._write(self._generation.suppliers, access, sent, most=MOST_SUPPLIERS)

    def _part(self, days: str, window: Window, page: int) -> Mapping[str, str | int]:
        """Which rows of a list; `days`: the name of the days that windows go by."""
        return {
            f"{days}_from": window.first_day.isoformat(),
            f"{days}_to": window.last_day.isoformat(),
            **self._generation.part(page),
        }

    async def _read(self, call: Call, access: Secret, asked: Mapping[str, str | int]) -> Answer:
        """The answer, unless it is a refusal, which is raised."""
        url, told = f"{self._api_url}{call.path}", {"response_type": "json", **asked}
        try:
            if call.method == "GET":
                query = {name: str(value) for name, value in told.items()}
                answer = await self._transport.get(url, query=query, headers=_headers(access))
            else:
                answer = await self._transport.search(url, body=told, headers=_headers(access))
        except OutcomeUnknown as cause:
            raise Unavailable from cause  # a read that went unanswered changed nothing
        if refusal := refusals.of_read(answer):
            raise refusal
        return answer

    async def _write(
        self, call: Call, access: Secret, sent: Sequence[Prepared], *, most: int, counted: bool = False
    ) -> Sequence[Outcome]:
        """One outcome for each, in order; raises what `refusals.of_write` makes of the answer as a whole.

        OutcomeUnknown: any of them may have been done. Every other failure: none of them was.
        """
        lists: dict[str, list[Mapping[str, object]]] = {}
        for each in sent:
            lists.setdefault(each.part, []).append(each.element)
        if not sent or max(Counter(each.part for each in sent).values()) > most:
            raise InvalidInput(path=["sent"], reason=f"a request holds 1 to {most} elements, not {len(sent)}")
        known = Counter((each.part, each.known_by) for each in sent if each.known_by)
        if twice := [each[-1] for (_, each), times in known.items() if times > 1]:
            raise InvalidInput(path=["sent"], reason=f"there twice: {', '.join(twice)}")  # [IM-124, IM-128]
        url, body = f"{self._api_url}{call.path}", {"response_type": "json", **lists}
        answer = await self._transport.write(call.method, url, body=body, headers=_headers(access))
        told = _faults(answer)
        refusing = HTTPStatus.BAD_REQUEST <= answer.code < HTTPStatus.INTERNAL_SERVER_ERROR
        found = outcomes.read(
            told or (), answer.body, sent, refusing=refusing, counted=counted and answer.code == HTTPStatus.OK
        )
        if told is not None and any(isinstance(each, Done) for each in found):
            return found  # whatever else the answer says, what was done is not raised away
        if refusal := refusals.of_write(answer, told):
            raise refusal
        if told and outcomes.whole_request(told, sent):
            raise RefusedByProvider(provider=INFOMART.key, codes=[each.error_code or "" for each in told])
        return found


def _faults(answer: Answer) -> Sequence[wire.Fault] | None:
    """What the answer names as wrong; None: it cannot be read."""
    try:
        return faults.read(answer.body)
    except msgspec.DecodeError:
        return None


def _headers(access: Secret) -> Mapping[str, str]:
    """A search without `Accept` is refused, though the common rules call it optional [IM-34]."""
    return {"Authorization": f"Bearer {access.reveal()}", "Accept": "application/json"}
