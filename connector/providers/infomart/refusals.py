"""What Infomart's refusals mean: told apart by what the body says, since one HTTP status covers them all [IM-10]."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus

import msgspec

from connector.domain.entitlement import Flag, Source
from connector.domain.renewal import TokenReply
from connector.errors import (
    AccessExpired,
    ClientRefused,
    ConnectorError,
    ConsentEnded,
    ConsentRefused,
    Misconfigured,
    NotEntitled,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
    Unreadable,
    Whose,
)
from connector.providers.infomart import faults, wire
from connector.providers.infomart.manifest import INFOMART, TOKEN_EXPIRED_CODES
from connector.providers.transport import Answer

_ABSENT_FLAG: Mapping[str, Flag] = {
    "E100001": Flag.ISSUER_PAID_MEMBER,
    "E100002": Flag.RECEIVER_PAID_MEMBER,
    "E100003": Flag.API_OPTION,
    "E100004": Flag.JOURNAL_FREE_ITEMS,
}
_NO_WORK = ("E0", "E1", "E7")  # token, contract, form of the request [IM-36, IM-45]
THEIR_SIDE = "E9"
_MAINTENANCE_CODE = "E900002"  # [IM-48], assumed
_MAINTAINED = {HTTPStatus.OK, HTTPStatus.BAD_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE}
_AT_THE_DOOR = {  # what such an answer refuses has not been begun [IM-161], assumed
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
}
_OVERLOADED = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_OUR_TURN = timedelta(minutes=1)
_MAINTENANCE = timedelta(minutes=10)  # [IM-4]: announced by nothing on the wire, so asked for again gently

# OpenAM names a dead refresh token, or a person who left, with the code for a malformed request; only its text tells
# (assumed, lower case). Wider words, like "expired" alone, would also match complaints about ourselves.
_BAD_REQUEST = "invalid_request"
_WRONG_CLIENT = "CONNECTOR_INFOMART_CLIENT_ID, CONNECTOR_INFOMART_CLIENT_SECRET: Infomart does not know this client"
_DEAD_TEXT = "refreshtoken does not exist"
_INACTIVE_TEXT = "resource owner"


def of_read(answer: Answer) -> ConnectorError | None:
    """Why a read was refused; None: it was not."""
    if answer.code == HTTPStatus.UNAUTHORIZED:
        return AccessExpired(provider=INFOMART.key)
    if answer.code in _OVERLOADED:
        for_all = answer.code == HTTPStatus.SERVICE_UNAVAILABLE  # a limit may be this tenant's alone [IM-50]
        return Unavailable(wait=answer.wait(_MAINTENANCE), whose=Whose.PROVIDER if for_all else Whose.OURS)
    if answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(wait=_OUR_TURN)
    try:
        told = faults.read(answer.body)
    except msgspec.DecodeError as cause:
        return Unreadable(provider=INFOMART.key, reason=f"HTTP {answer.code} without a readable answer: {cause}")
    return None if answer.code == HTTPStatus.OK and not told else _by_family(_codes(told))


def of_write(answer: Answer, told: Sequence[wire.Fault] | None) -> ConnectorError | None:
    """Why nothing at all was written, or that nobody can say; None: the answer says it element by element.

    `told`: the faults the answer names; None: it cannot be read. That nothing happened takes more proof than of a read:
    token, contract and form are checked before any work [IM-36], and a code for maintenance says that none was done
    [IM-48]; any other trouble of theirs may have come in the middle of it [IM-49, IM-108].
    """
    codes = _codes(told or ())
    if answer.code == HTTPStatus.UNAUTHORIZED:
        return AccessExpired(provider=INFOMART.key)
    if answer.code == HTTPStatus.TOO_MANY_REQUESTS:
        return Unavailable(wait=answer.wait(_MAINTENANCE), whose=Whose.OURS)
    if answer.code in _MAINTAINED and codes == [_MAINTENANCE_CODE]:
        return Unavailable(wait=answer.wait(_MAINTENANCE), whose=Whose.PROVIDER)
    if told is None and answer.code in _AT_THE_DOOR:
        return Unreadable(provider=INFOMART.key, reason=f"HTTP {answer.code} without a readable answer")
    if told is None or answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown()
    named = any(fault.error_index is not None for fault in told)
    nothing_done = answer.code in _AT_THE_DOOR or (codes and all(code.startswith(_NO_WORK) for code in codes))
    return _by_family(codes) if nothing_done and not named else None


def _codes(told: Sequence[wire.Fault]) -> list[str]:
    return [fault.error_code for fault in told if fault.error_code]


def _by_family(codes: Sequence[str]) -> ConnectorError:
    """The first two digits of a code name its family, and only families are relied on."""
    for code in codes:
        if code in TOKEN_EXPIRED_CODES:
            return AccessExpired(provider=INFOMART.key)
        if flag := _ABSENT_FLAG.get(code):
            return NotEntitled(flag=flag.value, provider=INFOMART.key, known_by=Source.REFUTED.value, since=None)
        if code.startswith(THEIR_SIDE):
            return Unavailable(wait=_MAINTENANCE, whose=Whose.PROVIDER)
    return RefusedByProvider(provider=INFOMART.key, codes=codes)


def of_token(reply: TokenReply, *, renewing: bool) -> ConnectorError | None:
    """Why the token endpoint gave nothing; None: it gave."""
    if reply.code == HTTPStatus.OK:
        return None
    if reply.code in _OVERLOADED:
        return Unavailable(wait=reply.retry_after or _MAINTENANCE, whose=Whose.PROVIDER)
    if reply.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return OutcomeUnknown()
    try:
        refusal = wire.read(wire.TOKEN_REFUSAL, reply.body)
    except msgspec.DecodeError:
        return OutcomeUnknown()
    return _by_error(refusal, renewing=renewing)


def _by_error(refusal: wire.TokenRefusal, *, renewing: bool) -> ConnectorError:
    if refusal.error == "invalid_client":
        # Our own fault, for which no connection may be marked.
        return ClientRefused(provider=INFOMART.key) if renewing else Misconfigured(problems=[_WRONG_CLIENT])
    text = (refusal.error_description or "").lower()
    person_inactive = refusal.error == _BAD_REQUEST and _INACTIVE_TEXT in text
    dead = refusal.error == _BAD_REQUEST and _DEAD_TEXT in text
    if refusal.error != "invalid_grant" and not dead and not person_inactive:
        return RefusedByProvider(provider=INFOMART.key, codes=[refusal.error])
    if renewing:
        return ConsentEnded(provider=INFOMART.key, person_inactive=person_inactive)
    return ConsentRefused(provider=INFOMART.key, reason=refusal.error)
