"""Every failure and its remedy, drawn on one page.

    ConnectorError
    ├── KeyRefused              the API key is missing, unknown, expired or revoked
    ├── NotPermitted            the key is good and its permissions do not cover this
    ├── NotFound                no such thing within this scope, or not allowed: the answer is the same
    ├── InvalidInput            a value the caller sent cannot be used
    ├── TooMuchAsked            a document past a limit of size, depth or cost
    ├── NotConnected            the tenant has no active connection that this could use
    ├── NotEntitled             the tenant's contract lacks a flag this needs
    ├── LinkUnusable            an onboarding link that is unknown, expired, used or withdrawn
    ├── ConsentRefused          the person or the provider said no
    ├── ConsentBroken           the callback does not belong to this browser, this attempt or this provider
    ├── AccessExpired           the access token is no longer taken; renew it once and repeat a read once
    ├── ConsentEnded            the connection's authorisation no longer works; a person must renew it
    ├── ClientRefused           the provider does not know our own client id or secret; no connection is at fault
    ├── RefusedByProvider       the provider understood us and would not do it
    ├── Unreadable              the provider answered with something its own rules exclude
    ├── Unstable                the provider's list moved under every reading of it, so none of them proves anything
    ├── Unavailable             nothing happened, and it may be tried again
    ├── OutcomeUnknown          the call left and no answer came: it may or may not have happened
    ├── CannotOpen              a sealed value does not open with the key and owner it is said to have
    └── Misconfigured           the operator's settings are missing or contradict each other

An error holds facts, never a sentence for a person and never an HTTP status: `connector.wording` says it in two
languages, `graphql_schema.failures`, `connector.site` and `workers.harness` carry it to where it is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar


class Remedy(StrEnum):
    """The four things anyone can do about a failure."""

    TELL_CALLER = "tell_caller"
    ASK_PERSON = "ask_person"
    TRY_LATER = "try_later"
    RECONCILE = "reconcile"


class ConnectorError(Exception):
    """A failure this product foresees; `code` is stable and `remedy` says what can be done."""

    code: ClassVar[str]
    remedy: ClassVar[Remedy]

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{self.code}({facts})"


@dataclass(eq=False)
class KeyRefused(ConnectorError):
    code = "KEY_REFUSED"
    remedy = Remedy.TELL_CALLER


@dataclass(eq=False)
class NotPermitted(ConnectorError):
    code = "NOT_PERMITTED"
    remedy = Remedy.TELL_CALLER
    permission: str


@dataclass(eq=False)
class NotFound(ConnectorError):
    code = "NOT_FOUND"
    remedy = Remedy.TELL_CALLER
    noun: str


@dataclass(eq=False)
class InvalidInput(ConnectorError):
    code = "INVALID_INPUT"
    remedy = Remedy.TELL_CALLER
    path: Sequence[str]
    reason: str


@dataclass(eq=False)
class TooMuchAsked(ConnectorError):
    code = "TOO_MUCH_ASKED"
    remedy = Remedy.TELL_CALLER
    limit: str
    allowed: int


@dataclass(eq=False)
class NotConnected(ConnectorError):
    code = "NOT_CONNECTED"
    remedy = Remedy.ASK_PERSON


@dataclass(eq=False)
class NotEntitled(ConnectorError):
    code = "NOT_ENTITLED"
    remedy = Remedy.ASK_PERSON
    flag: str
    provider: str
    known_by: str  # how the absence is known: declared, refuted, or not yet known
    since: datetime | None  # None: nothing was ever known


class LinkFault(StrEnum):
    """Why an onboarding link cannot be used."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    WITHDRAWN = "withdrawn"


@dataclass(eq=False)
class LinkUnusable(ConnectorError):
    code = "LINK_UNUSABLE"
    remedy = Remedy.ASK_PERSON
    fault: LinkFault


@dataclass(eq=False)
class ConsentRefused(ConnectorError):
    code = "CONSENT_REFUSED"
    remedy = Remedy.ASK_PERSON
    provider: str
    reason: str


class ConsentFault(StrEnum):
    """Why a callback or a confirmation cannot be accepted."""

    UNKNOWN_STATE = "unknown_state"
    OTHER_BROWSER = "other_browser"
    OTHER_PROVIDER = "other_provider"
    EXPIRED = "expired"
    ALREADY_REDEEMED = "already_redeemed"
    INTERRUPTED = "interrupted"
    FORGED_FORM = "forged_form"


@dataclass(eq=False)
class ConsentBroken(ConnectorError):
    code = "CONSENT_BROKEN"
    remedy = Remedy.ASK_PERSON
    fault: ConsentFault


@dataclass(eq=False)
class AccessExpired(ConnectorError):
    code = "ACCESS_EXPIRED"
    remedy = Remedy.TRY_LATER
    provider: str


@dataclass(eq=False)
class ConsentEnded(ConnectorError):
    code = "CONSENT_ENDED"
    remedy = Remedy.ASK_PERSON
    provider: str
    person_inactive: bool = False  # True: whoever consented has left or was disabled there


@dataclass(eq=False)
class ClientRefused(ConnectorError):
    code = "CLIENT_REFUSED"
    remedy = Remedy.ASK_PERSON
    provider: str


@dataclass(eq=False)
class RefusedByProvider(ConnectorError):
    code = "REFUSED_BY_PROVIDER"
    remedy = Remedy.TELL_CALLER
    provider: str
    codes: Sequence[str]


@dataclass(eq=False)
class Unreadable(ConnectorError):
    code = "UNREADABLE_ANSWER"
    remedy = Remedy.TRY_LATER
    provider: str
    reason: str


@dataclass(eq=False)
class Unstable(ConnectorError):
    code = "UNSTABLE_LIST"
    remedy = Remedy.TRY_LATER
    provider: str
    passes: int


class Whose(StrEnum):
    """Where the trouble lies."""

    OURS = "ours"
    LINE = "line"  # nobody could be reached there
    PROVIDER = "provider"  # it answered, and put us off


@dataclass(eq=False)
class Unavailable(ConnectorError):
    code = "UNAVAILABLE"
    remedy = Remedy.TRY_LATER
    wait: timedelta = field(default=timedelta(seconds=30))
    whose: Whose = Whose.OURS


@dataclass(eq=False)
class OutcomeUnknown(ConnectorError):
    code = "OUTCOME_UNKNOWN"
    remedy = Remedy.RECONCILE


class SealFault(StrEnum):
    """Why a sealed value does not open."""

    KEY_MISSING = "key_missing"
    KEY_NOT_UNWRAPPED = "key_not_unwrapped"
    DAMAGED = "damaged"


@dataclass(eq=False)
class CannotOpen(ConnectorError):
    code = "CREDENTIAL_UNREADABLE"
    remedy = Remedy.ASK_PERSON
    purpose: str
    fault: SealFault = SealFault.DAMAGED


@dataclass(eq=False)
class Misconfigured(ConnectorError):
    code = "MISCONFIGURED"
    remedy = Remedy.ASK_PERSON
    problems: Sequence[str]
