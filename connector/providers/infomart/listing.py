"""Pages of a list: keys, and what tells of each invoice whether it has to be read at all."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import orjson

from connector.domain.invoice import FetchedInvoice, ListedInvoice
from connector.errors import Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart import mapping, outgoing, wire
from connector.providers.infomart.manifest import INFOMART
from connector.providers.transport import Answer

# How an invoice is read is what these modules say: with other words in them, whatever comes is read anew.
_HOW = hashlib.sha256(b"".join(Path(str(each.__file__)).read_bytes() for each in (mapping, outgoing, wire))).digest()


def page(
    answer: Answer, list_key: str, number: int, read: Callable[[bytes], FetchedInvoice], *, how: bytes = b""
) -> InvoicePage:
    """What a list says on one page; raises Unreadable when it is no list, or one of its rows has no key.

    `how`: what `read` knows besides the bytes.
    """
    try:
        told = wire.read(wire.FIELDS, answer.body)
        rows = wire.read(wire.ROWS, bytes(told[list_key])) if list_key in told else None
        if rows is None:
            raise Unreadable(provider=INFOMART.key, reason=f"the answer has no list {list_key!r}")
        listed = [_listed(bytes(raw), number, read, how) for raw in rows]
    except msgspec.DecodeError as cause:
        raise Unreadable(provider=INFOMART.key, reason=f"page {number}: {cause}") from None
    total = mapping.total_count(bytes(told.get("total_count", b"")))
    return InvoicePage(listed=listed, last=len(listed) < INFOMART.page_size, total=total)


def _listed(raw: bytes, number: int, read: Callable[[bytes], FetchedInvoice], how: bytes) -> ListedInvoice:
    exact = hashlib.sha256(_HOW + how + b"\0" + raw).digest()

    def whole() -> FetchedInvoice:
        try:
            return replace(read(raw), exact=exact)
        except (msgspec.DecodeError, orjson.JSONDecodeError) as cause:
            raise Unreadable(provider=INFOMART.key, reason=f"page {number}: {cause}") from None

    return ListedInvoice(key=mapping.key_of(raw), exact=exact, read=whole)
