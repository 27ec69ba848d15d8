"""What a receiver keeps books with, read tolerantly: four lists, of which the last may be missing [IM-65, IM-120]."""

import msgspec
import orjson

from connector.domain.bookkeeping import BookKind, BookMaster, Books
from connector.providers.infomart import mapping, wire
from connector.providers.infomart.outgoing import BOOK_LISTS, BOOKS

_OPTION = "journal_free_option"


def books(body: bytes) -> Books:
    """All four lists; raises msgspec.DecodeError when one that must be there is not, or a master lacks its code."""
    told = wire.read(wire.FIELDS, body)
    try:
        orjson.loads(body)  # what nobody asked for is kept as well, so it must be sound to its last byte
    except orjson.JSONDecodeError as cause:
        raise msgspec.DecodeError(str(cause)) from None
    masters = [_master(kind, bytes(raw)) for kind in BookKind for raw in _rows(kind, told)]
    return Books(masters=masters, auxiliary_items=_yes_or_no(_loose(told.get(_OPTION))))


def _rows(kind: BookKind, told: dict[str, msgspec.Raw]) -> list[msgspec.Raw]:
    name = BOOK_LISTS[kind]
    rows = wire.read(wire.ROWS, bytes(told[name])) if name in told else None
    if rows is None and kind is not BookKind.AUXILIARY_ITEM:
        raise msgspec.ValidationError(f"the answer has no list {name!r}")
    return rows or []


def _master(kind: BookKind, raw: bytes) -> BookMaster:
    fields = wire.read(wire.FIELDS, raw)
    told = {slot.ours: _loose(fields.get(slot.theirs)) for slot in BOOKS[kind]}
    code, within = mapping.text(told["code"]), mapping.text(told.get("within"))
    belongs = "within" in told
    if code is None or len(code) > mapping.LONGEST_KEY or (belongs and within is None):
        raise msgspec.ValidationError(f"one of {BOOK_LISTS[kind]!r} has no code, or an endless one")
    return BookMaster(
        kind=kind,
        code=code,
        within=within,
        name=mapping.text(told["name"]),
        order=mapping.whole(told["order"]),
        in_use=_yes_or_no(told["in_use"]),
        raw=raw,
    )


def _loose(raw: msgspec.Raw | None) -> wire.Loose:
    return None if raw is None else wire.read(wire.LOOSE, bytes(raw))


def _yes_or_no(told: wire.Loose) -> bool | None:
    return {"1": True, "0": False}.get(mapping.text(told) or "")
