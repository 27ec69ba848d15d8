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
from connector.providers.infomart import wire
from connector.providers.infomart.manifest import INFOMART, TOKEN_EXPIRED_CODES
from connector.providers.transport import Answer

_ABSENT_FLAG: Mapping[str, Flag] = {
    "E100001": Flag.ISSUER_PAID_MEMBER,
    "E100002": Flag.RECEIVER_PAID_MEMBER,
    "E100003": Flag.API_OPTION,
    "E100004": Flag.JOURNAL_FREE_ITEMS,
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


def of_call(answer: Answer) -> ConnectorError | None:
    """Why a call of the API was refused; None: it was not."""
    if answer.code == HTTPStatus.UNAUTHORIZED:
        return AccessExpired(provider=INFOMART.key)
    if answer.code in _OVERLOADED:
        for_all = answer.code == HTTPStatus.SERVICE_UNAVAILABLE  # a limit may be this tenant's alone [IM-50]
        return Unavailable(wait=answer.wait(_MAINTENANCE), whose=Whose.PROVIDER if for_all else Whose.OURS)
    if answer.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable(wait=_OUR_TURN)
    try:
        faults = wire.read(wire.PAGE, answer.body).error_list or []
    except msgspec.DecodeError as cause:
        return Unreadable(provider=INFOMART.key, reason=f"HTTP {answer.code} without readable JSON: {cause}")
    codes = [fault.error_code for fault in faults if fault.error_code]
    if answer.code == HTTPStatus.OK and not faults:
        return None
    return _by_family(codes)


def _by_family(codes: Sequence[str]) -> ConnectorError:
    """The first two digits of a code name its family, and only families are relied on."""
    for code in codes:
        if code in TOKEN_EXPIRED_CODES:
            return AccessExpired(provider=INFOMART.key)
        if flag := _ABSENT_FLAG.get(code):
            return NotEntitled(flag=flag.value, provider=INFOMART.key, known_by=Source.REFUTED.value, since=None)
        if code.startswith("E9"):
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
