"""What a tenant's contract with a provider allows: observed facts, never guesses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from connector.domain.invoice import Side
from connector.errors import NotEntitled
from connector.ids import ProviderKey


class Flag(StrEnum):
    """A part of a tenant's contract with a provider."""

    ISSUER_PAID_MEMBER = "issuer_paid_member"
    RECEIVER_PAID_MEMBER = "receiver_paid_member"
    API_OPTION = "api_option"
    JOURNAL_FREE_ITEMS = "journal_free_items"
    PROFESSIONAL_PLAN = "professional_plan"
    RECEIVER_WORKFLOW = "receiver_workflow"  # not bought but set: the receiver side works with approvals [IM-11]


class Verdict(StrEnum):
    """What is known about a flag."""

    GRANTED = "granted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Source(StrEnum):
    """How it is known."""

    DECLARED = "declared"
    PROVEN = "proven"
    REFUTED = "refuted"


class Capability(StrEnum):
    """Something a provider can be asked to do for a tenant."""

    READ_RECEIVED_INVOICES = "read_received_invoices"
    READ_ISSUED_INVOICES = "read_issued_invoices"


Needs: TypeAlias = Mapping[ProviderKey, Sequence[Flag]]  # what one capability takes of a contract, at each provider

READS: Mapping[Side, Capability] = {
    Side.RECEIVER: Capability.READ_RECEIVED_INVOICES,
    Side.ISSUER: Capability.READ_ISSUED_INVOICES,
}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One fact about one flag at one provider."""

    provider: ProviderKey
    flag: Flag
    verdict: Verdict
    source: Source
    observed_at: datetime
    expires_at: datetime | None  # None: holds until something else is observed

    def holds(self, now: datetime) -> bool:
        """Whether the flag counts as granted at `now`; a fact past its expiry no longer does."""
        return self.verdict is Verdict.GRANTED and not self.expired(now)

    def expired(self, now: datetime) -> bool:
        """Whether the fact is too old to be relied on and must be asked again."""
        return self.expires_at is not None and self.expires_at <= now


def missing(
    needs: Iterable[Flag], known: Mapping[Flag, Entitlement], provider: ProviderKey, now: datetime
) -> NotEntitled | None:
    """The first needed flag that is not granted, as the error that names it; None when all are."""
    for flag in needs:
        fact = known.get(flag)
        if fact is None:
            return NotEntitled(flag=flag.value, provider=provider, known_by=Verdict.UNKNOWN.value, since=None)
        if not fact.holds(now):
            return _absent(fact)
    return None


def refused(needs: Iterable[Flag], known: Mapping[Flag, Entitlement], now: datetime) -> NotEntitled | None:
    """The first needed flag known to be absent, so that asking the provider would be pointless; None: ask it."""
    for flag in needs:
        fact = known.get(flag)
        if fact is not None and fact.verdict is Verdict.REFUSED and not fact.expired(now):
            return _absent(fact)
    return None


def _absent(fact: Entitlement) -> NotEntitled:
    return NotEntitled(flag=fact.flag.value, provider=fact.provider, known_by=fact.source.value, since=fact.observed_at)
