"""What a tenant's contract with a provider allows."""

from datetime import datetime

import strawberry

from connector.domain.entitlement import Entitlement as Fact
from connector.domain.entitlement import Flag, Source, Verdict

strawberry.enum(
    Flag, name="EntitlementFlag", description="A part of a tenant's contract with a provider (契約上の利用権)."
)
strawberry.enum(Verdict, name="EntitlementVerdict", description="What is known about a flag.")
strawberry.enum(
    Source,
    name="EntitlementSource",
    description="How it is known: declared by the operator, proven by a call that worked, or refuted by the provider.",
)


@strawberry.type(description="One observed fact about a tenant's contract with a provider (契約状況).")
class Entitlement:
    """One observed fact about a tenant's contract."""

    provider: str = strawberry.field(description="Key of the provider, such as `infomart`.")
    flag: Flag = strawberry.field(description="Which part of the contract.")
    verdict: Verdict = strawberry.field(description="What is known about it.")
    source: Source = strawberry.field(description="How it is known.")
    observed_at: datetime = strawberry.field(description="When it was last observed.")
    expires_at: datetime | None = strawberry.field(
        description="When it must be asked again; null: it holds until something else is observed."
    )

    @classmethod
    def of(cls, fact: Fact) -> "Entitlement":
        """The fact as the graph shows it."""
        return cls(
            provider=fact.provider,
            flag=fact.flag,
            verdict=fact.verdict,
            source=fact.source,
            observed_at=fact.observed_at,
            expires_at=fact.expires_at,
        )
