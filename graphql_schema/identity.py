"""Opaque ids: a kind, its tenant and its own identity in one text that only we can read."""

import base64
import binascii
from datetime import UTC, date, datetime
from uuid import UUID

from connector.domain.invoice import Place
from connector.errors import InvalidInput, NotFound
from connector.ids import InvoiceId, TenantId

TENANT = "ten"
CONNECTION = "con"
RECEIVED_INVOICE = "rin"
ISSUED_INVOICE = "iin"
FETCH = "fet"


def write(kind: str, *parts: UUID) -> str:
    """The opaque id of something of this kind."""
    return f"{kind}_{_text(b''.join(part.bytes for part in parts))}"


def kind_of(text: str) -> str:
    """The kind an id names, whatever else it says."""
    return text.partition("_")[0]


def read(kind: str, text: str, *, parts: int) -> tuple[UUID, ...]:
    """What an id of this kind names; raises NotFound for any other text, as for something that does not exist."""
    named, _, rest = text.partition("_")
    try:
        content = _bytes(rest)
    except (ValueError, binascii.Error):
        content = b""
    if named != kind or len(content) != 16 * parts:
        raise NotFound(noun=kind)
    return tuple(UUID(bytes=content[start : start + 16]) for start in range(0, len(content), 16))


def read_tenant(text: str) -> TenantId:
    """The tenant an id names; raises NotFound."""
    return TenantId(read(TENANT, text, parts=1)[0])


def write_place(place: Place) -> str:
    """The cursor of an invoice in its list."""
    return _text(place.issue_date.isoformat().encode() + place.id.bytes)


def read_place(text: str | None) -> Place | None:
    """The place a cursor names; None: from the start. Raises InvalidInput for a text that is no cursor."""
    if text is None:
        return None
    try:
        content = _bytes(text)
        return Place(issue_date=date.fromisoformat(content[:10].decode()), id=InvoiceId(UUID(bytes=content[10:])))
    except ValueError:
        raise InvalidInput(path=["after"], reason="it is not a cursor of this list") from None


def write_moment(moment: datetime, identity: UUID) -> str:
    """The cursor of something listed by its moment."""
    return _text(moment.isoformat().encode() + b" " + identity.bytes)


def read_moment(text: str | None) -> tuple[datetime, UUID] | None:
    """The moment and identity a cursor names; None: from the start. Raises InvalidInput."""
    if text is None:
        return None
    try:
        moment, _, identity = _bytes(text).partition(b" ")
        return datetime.fromisoformat(moment.decode()).astimezone(UTC), UUID(bytes=identity)
    except (ValueError, OverflowError):
        raise InvalidInput(path=["after"], reason="it is not a cursor of this list") from None


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
