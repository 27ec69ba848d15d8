"""What a tenant's contract says about reading one side of its invoices, and what an answer says about the contract."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from connector.domain.entitlement import READS, Entitlement, Flag, Source, Verdict, refused
from connector.domain.invoice import Side
from connector.errors import NotEntitled
from connector.ids import ProviderKey
from connector.ports import Provider

_PROVEN_FOR = timedelta(days=40)  # longer than any fetch schedule, so that only a silent month makes it doubtful
_REFUTED_FOR = timedelta(days=1)  # the contract may be mended; ask again tomorrow


def refusal(provider: Provider, side: Side, facts: Sequence[Entitlement], now: datetime) -> NotEntitled | None:
    """Why the contract is known not to cover this side; None: ask the provider."""
    known = {fact.flag: fact for fact in facts if fact.provider == provider.key}
    return refused(needs(provider, side), known, now)


def to_ask(provider: Provider, facts: Sequence[Entitlement], now: datetime) -> Sequence[Side]:
    """The sides worth reading; every side where each is known to be refused, so that its fetch says why."""
    readable = [side for side in Side if provider.reads(side)]
    return [side for side in readable if refusal(provider, side, facts, now) is None] or readable


def uses_workflow(provider: Provider, facts: Sequence[Entitlement]) -> bool:
    """Whether the receiver works with approvals; unless it is known not to, it does."""
    workflow = [fact for fact in facts if fact.provider == provider.key and fact.flag is Flag.RECEIVER_WORKFLOW]
    return all(fact.verdict is not Verdict.REFUSED for fact in workflow)


def proven(provider: Provider, side: Side, now: datetime) -> list[Entitlement]:
    """A call that worked proves every flag it needed."""
    return [
        Entitlement(
            provider=provider.key,
            flag=flag,
            verdict=Verdict.GRANTED,
            source=Source.PROVEN,
            observed_at=now,
            expires_at=now + _PROVEN_FOR,
        )
        for flag in needs(provider, side)
    ]


def refuted(provider: ProviderKey, failure: NotEntitled, now: datetime) -> Entitlement:
    """What a provider's refusal says about the contract."""
    return Entitlement(
        provider=provider,
        flag=Flag(failure.flag),
        verdict=Verdict.REFUSED,
        source=Source.REFUTED,
        observed_at=now,
        expires_at=now + _REFUTED_FOR,
    )


def needs(provider: Provider, side: Side) -> Sequence[Flag]:
    """What reading this side takes of a contract there."""
    return provider.needs.get(READS[side], ())
