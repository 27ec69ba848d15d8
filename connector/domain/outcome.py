"""What became of one element of a write: done, refused, or not told, and never one taken for another."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from connector.domain.invoice import IssuedStage


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a provider would not do it, in its own words."""

    code: str | None  # None: it gave none
    path: tuple[str, ...]  # from the element to what is wrong, in our words where we have them; empty: all of it
    words: str | None  # for people, in the provider's language; never read by a program


class Invited(StrEnum):
    """How far a company has come on its way to the platform."""

    NEVER = "never"
    INVITED = "invited"
    CONNECTED = "connected"
    UNRECOGNISED = "unrecognised"


@dataclass(frozen=True, slots=True)
class Done:
    """The provider says that it did it. Each fact is None where the element had none, or it was not told."""

    key: str | None = None  # of the invoice
    stage: IssuedStage | None = None  # of the invoice, now
    code: str | None = None  # of the customer or supplier
    created: bool | None = None  # of a supplier: whether it was new
    invited: Invited | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider names it among what it did not do; what came before the fault may be done all the same [IM-101]."""

    refusals: tuple[Refusal, ...]


class Silence(StrEnum):
    """Why it is not known what became of an element."""

    OTHERS_NAMED = "others_named"  # others were refused by name: by the provider's word it was done [IM-5, IM-100]
    NOT_NAMED = "not_named"  # the answer says nothing about it, or nothing that can be believed


@dataclass(frozen=True, slots=True)
class Untold:
    """Not said: it may or may not have happened, and only looking tells. `refusals` name no element."""

    silence: Silence
    refusals: tuple[Refusal, ...] = ()


Outcome: TypeAlias = Done | Refused | Untold
