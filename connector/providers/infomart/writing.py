"""Puts together what is written at Infomart, and refuses whatever the provider would drop, cut or refuse itself.

Places in the paths of findings count from 1.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from connector.domain.bookkeeping import BookChange
from connector.domain.draft import (
    AccountDraft,
    AttachmentDraft,
    CustomerDraft,
    InvoiceDraft,
    IssuerDraft,
    LineDraft,
    Method,
    Registration,
    SupplierDraft,
    Update,
)
from connector.domain.finding import Checked, Code, Finding, found, passed
from connector.domain.tax import Bucket, Entry, check_rate, check_tax
from connector.domain.totals import Figures, check_totals
from connector.ports import Prepared
from connector.providers.infomart import outgoing
from connector.providers.infomart.fitting import Slot, fill, text

_MOST_LINES, _MOST_ACCOUNTS, _MOST_FILES = 1000, 10, 10  # [IM-98], assumed
_MOST_BYTES = 10 * 1024 * 1024  # of all files together [IM-98], assumed
_QUALIFIED = {Method.QUALIFIED, Method.QUALIFIED_BY_LINE}
_DELETED = {"delete_flg": "1"}
_FILE_NAME = text(200)


class _Element:
    """One element of a request while it is put together."""

    def __init__(self, *, clears: bool) -> None:
        self.told: dict[str, object] = {}
        self.findings: list[Finding] = []
        self.clears = clears

    def block(self, draft: object, slots: Sequence[Slot], *path: str) -> dict[str, object]:
        """One object of it."""
        told, findings = fill(draft, slots, clears=self.clears)
        self.findings += [each.at(*path) for each in findings]
        return told

    def wrong(self, code: Code, *path: str, **facts: str | int) -> None:
        """Something is wrong at this path."""
        self.findings.append(found(code, **facts).at(*path))

    def missing(self, draft: object, path: str, *names: str) -> None:
        """Each of these has to be said."""
        for name in names:
            if not getattr(draft, name):
                self.wrong(Code.VALUE_MISSING, path, name)

    def few(self, rows: Sequence[object], most: int, *path: str) -> None:
        """The provider takes no more."""
        if len(rows) > most:
            self.wrong(Code.TOO_MANY, *path, count=len(rows), most=most)

    def ready(self, part: str, *known_by: str) -> Checked[Prepared]:
        """The element, if nothing stops it."""
        return passed(Prepared(part, self.told, known_by), self.findings)


def registration(asked: Registration) -> Checked[Prepared]:
    """One invoice, masters or an invitation to be registered [IM-99]."""
    element = _Element(clears=False)
    if asked == Registration():
        element.wrong(Code.VALUE_MISSING, "invoice")
    _parties(element, asked.issuer, asked.customer, asked.accounts)
    if asked.invoice is not None:
        if asked.customer is None:
            element.wrong(Code.VALUE_MISSING, "customer")
        _no_deletion(element, asked.issuer, asked.accounts)
        _invoice(element, asked.invoice)
        if asked.invoice.asked is None and asked.invoice.total.gross is None:
            element.wrong(Code.VALUE_MISSING, "invoice", "asked")
    return element.ready("invoices")


def update(asked: Update) -> Checked[Prepared]:
    """What changes of an invoice that came back; nothing is deleted with it and nobody is invited [IM-88]."""
    element = _Element(clears=True)
    element.told |= element.block(asked, outgoing.UPDATED)
    if not asked.key:
        element.wrong(Code.VALUE_MISSING, "key")
    _parties(element, asked.issuer, asked.customer, asked.accounts)
    _no_deletion(element, asked.issuer, asked.accounts)
    if asked.customer is not None and asked.customer.invitation is not None:
        element.wrong(Code.NOT_HERE, "customer", "invitation", one="invitation")
    if asked.invoice is not None:
        _invoice(element, asked.invoice)
    return element.ready("invoices", asked.key)


def supplier(asked: SupplierDraft) -> Checked[Prepared]:
    """A supplier to be saved and perhaps invited."""
    element = _Element(clears=True)
    element.told |= element.block(asked, outgoing.SUPPLIER)
    if not asked.code:
        element.wrong(Code.VALUE_MISSING, "code")
    if asked.accounts is not None:
        element.few(asked.accounts, _MOST_ACCOUNTS, "accounts")
        for place, account in enumerate(asked.accounts, start=1):
            needed = ("bank_code", "bank_name", "branch_code", "branch_name", "kind", "number", "holder")
            for name in ("code", *needed):
                if not getattr(account, name):
                    element.wrong(Code.VALUE_MISSING, "accounts", str(place), name)
            if account.deleted:
                element.wrong(Code.NOT_HERE, "accounts", str(place), "deleted", one="deletion")
        element.told["banks"] = _accounts(element, asked.accounts)
    return element.ready("suppliers", asked.code)


def book_change(asked: BookChange) -> Checked[Prepared]:
    """What shall become of one of the masters that books are kept with [IM-124]."""
    element = _Element(clears=True)
    slots = outgoing.BOOKS[asked.kind]
    element.told |= element.block(asked, slots)
    for slot in slots:
        if slot.ours in {"code", "within"} and not getattr(asked, slot.ours):
            element.wrong(Code.VALUE_MISSING, slot.ours)
    if asked.within and not any(slot.ours == "within" for slot in slots):
        element.wrong(Code.NOT_HERE, "within", one="parent")
    if asked.name == "":
        element.wrong(Code.VALUE_MISSING, "name")
    if asked.deleted:
        element.told |= _DELETED
    return element.ready(outgoing.BOOK_LISTS[asked.kind], asked.within or "", asked.code)


def _parties(
    element: _Element,
    issuer: IssuerDraft | None,
    customer: CustomerDraft | None,
    accounts: Sequence[AccountDraft] | None,
) -> None:
    if issuer is not None:
        if issuer.deleted and not issuer.code:
            element.wrong(Code.VALUE_MISSING, "issuer", "code")
        elif not issuer.code:  # stated for this once, so it has to be whole [IM-83]
            element.missing(issuer, "issuer", "postal_code", "phone")
            if not (issuer.address1 or issuer.address2):
                element.wrong(Code.VALUE_MISSING, "issuer", "address1")
        told = element.block(issuer, outgoing.ISSUER, "issuer")
        element.told["publisher"] = told | (_DELETED if issuer.deleted else {})
    if customer is not None:
        element.missing(customer, "customer", "code")
        element.told["customer"] = element.block(customer, outgoing.CUSTOMER, "customer")
    if accounts is not None:
        element.few(accounts, _MOST_ACCOUNTS, "accounts")
        for place, account in enumerate(accounts, start=1):
            if not account.code:
                element.wrong(Code.VALUE_MISSING, "accounts", str(place), "code")
        element.told["banks"] = _accounts(element, accounts)


def _accounts(element: _Element, accounts: Sequence[AccountDraft]) -> list[dict[str, object]]:
    return [
        element.block(account, outgoing.ACCOUNT, "accounts", str(place)) | (_DELETED if account.deleted else {})
        for place, account in enumerate(accounts, start=1)
    ]


def _no_deletion(element: _Element, issuer: IssuerDraft | None, accounts: Sequence[AccountDraft] | None) -> None:
    """Deletions come without an invoice [IM-78]."""
    facts = {"one": "deletion", "other": "invoice"}
    if issuer is not None and issuer.deleted:
        element.wrong(Code.NOT_TOGETHER, "issuer", "deleted", **facts)
    for place, account in enumerate(accounts or (), start=1):
        if account.deleted:
            element.wrong(Code.NOT_TOGETHER, "accounts", str(place), "deleted", **facts)


def _invoice(element: _Element, invoice: InvoiceDraft) -> None:
    element.told |= element.block(invoice, outgoing.INVOICE, "invoice")
    element.told |= element.block(invoice.total, outgoing.TOTAL, "invoice", "total")
    if invoice.asked is None and "inv_amount" in element.told:
        element.told["inv_show_amount"] = element.told["inv_amount"]
    for each in invoice.tax_summary:
        element.told |= element.block(each, outgoing.RATES[each.bucket], "invoice", "tax_summary", each.bucket)
    if invoice.lines is not None:
        element.few(invoice.lines, _MOST_LINES, "invoice", "lines")
        element.told["details"] = [
            {
                **element.block(
                    replace(line, entry=line.entry or invoice.entry), outgoing.LINE, "invoice", "lines", str(place)
                ),
                **_line_tax(line.bucket),
            }
            for place, line in enumerate(invoice.lines, start=1)
        ]
    if invoice.attachments:
        element.told["seller_attached_file"] = _files(element, invoice.attachments)
    element.findings += [each.at("invoice") for each in _sums(invoice)]


def _line_tax(bucket: Bucket | None) -> dict[str, object]:
    if bucket is None:
        return {}
    names = ("tax_type", "tax_rate_sec", "reduced_tax_flg")
    return {name: code for name, code in zip(names, outgoing.LINE_TAXES[bucket], strict=True) if code is not None}


def _files(element: _Element, files: Sequence[AttachmentDraft]) -> list[dict[str, object]]:
    element.few(files, _MOST_FILES, "invoice", "attachments")
    size = sum(len(each.content) for each in files)
    if size > _MOST_BYTES:
        element.wrong(Code.FILES_TOO_LARGE, "invoice", "attachments", bytes=size, most=_MOST_BYTES)
        return []
    told = []
    for place, each in enumerate(files, start=1):
        name = _FILE_NAME(each.name)
        element.findings += name.at("invoice", "attachments", str(place), "name").findings
        told.append({"file_name": name.value, "file": b64encode(each.content).decode()})
    return told


def _sums(invoice: InvoiceDraft) -> Iterator[Finding]:
    """Whether it adds up, by the rules of its kind: only qualified invoices are judged rate by rate [IM-103]."""
    if invoice.method not in _QUALIFIED:
        times = Counter(each.bucket for each in invoice.tax_summary)
        yield from (found(Code.RATE_REPEATED, bucket=each).at("tax_summary", each) for each in times if times[each] > 1)
        yield from check_totals([], [], invoice.total, invoice.entry)
        return
    by_line = invoice.method is Method.QUALIFIED_BY_LINE
    lines = [_figures(line) for line in invoice.lines or ()]
    # Where tax is entered line by line, each rate's is the sum of its lines' to the yen.
    yield from check_totals(lines, invoice.tax_summary, invoice.total, Entry.MANUAL if by_line else invoice.entry)
    day = invoice.closing_date or invoice.issue_date
    for each in invoice.tax_summary:
        found_here = check_rate(each.bucket, day, transitional=invoice.transitional)
        if not by_line:
            found_here += check_tax(each, invoice.entry, invoice.rounding)
        yield from (finding.at("tax_summary", each.bucket) for finding in found_here)


def _figures(line: LineDraft) -> Figures:
    return Figures(line.net, line.tax, line.gross, line.bucket)
