"""An operation is one of the provider's seven APIs: who may call it, how its request is read, and what it does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

from connector.twins.infomart.answers import Refusal, RefusedError
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.members import Member
from connector.twins.infomart.profiles import Profile, Wire
from connector.twins.infomart.rules import Findings
from connector.twins.infomart.world import World

Asked = TypeVar("Asked")

# The parts of a contract, and what a call is told that lacks one [IM-44], [IM-46].
LACKING = {
    "seller_paid": Code.SELLER_NOT_PAID,
    "buyer_paid": Code.BUYER_NOT_PAID,
    "api_option": Code.NO_API_OPTION,
    "journal_free": Code.NO_JOURNAL_OPTION,
}


class Side(StrEnum):
    """Whose operation it is; the value is the flag of that side's paid membership [IM-1]."""

    BUYER = "buyer_paid"
    SELLER = "seller_paid"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that passed the checks before its content: who calls, in which generation, with what."""

    world: World
    member: Member
    profile: Profile
    wire: Wire
    fields: Mapping[str, Any]
    request_id: UUID


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation answers, and what the ledger keeps of it; a partial failure has refusals as well [IM-5]."""

    payload: dict[str, Any]
    noted: dict[str, Any]
    refusals: Sequence[Refusal] = ()

    @property
    def http_code(self) -> HTTPStatus:
        """400 if anything was refused; 409 if everything refused was being changed by somebody else [IM-49]."""
        if not self.refusals:
            return HTTPStatus.OK
        meanwhile = all(each.error_code is Code.CHANGED_MEANWHILE for each in self.refusals)
        return HTTPStatus.CONFLICT if meanwhile else HTTPStatus.BAD_REQUEST


def _nothing(_: Any) -> frozenset[int]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Operation(Generic[Asked]):
    """`parse` checks the content of a request and raises RefusedError; `do` is the business, and is never undone."""

    name: str  # as in `profiles`, and for faults
    side: Side
    parse: Callable[[Call], Asked]
    do: Callable[[Call, Asked], Result]
    needs: tuple[str, ...] = ("api_option",)  # further flags of the contract, in the order in which they are checked
    touches: Callable[[Asked], frozenset[int]] = field(default=_nothing)  # invoices held while the call takes its time


def refuse(findings: Findings) -> None:
    """Raises RefusedError with everything found, if there is anything."""
    if findings.refusals:
        raise RefusedError(HTTPStatus.BAD_REQUEST, *findings.refusals)
