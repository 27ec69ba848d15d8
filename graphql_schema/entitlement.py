"""What a tenant's contract with a provider allows, what works for it there and, where something does not, why."""

from datetime import datetime

import strawberry

from connector.domain.ability import Ability as Able
from connector.domain.ability import Obstacle
from connector.domain.entitlement import Capability, Flag, Source, Verdict
from connector.domain.entitlement import Entitlement as Fact
from connector.explaining import Actor, explain_ability
from connector.ids import TenantId
from graphql_schema.context import Info

strawberry.enum(
    Flag, name="EntitlementFlag", description="A part of a tenant's contract with a provider (契約上の利用権)."
)
strawberry.enum(Verdict, name="EntitlementVerdict", description="What is known about a flag.")
strawberry.enum(
    Source,
    name="EntitlementSource",
    description="How it is known: declared by the operator, proven by a call that worked, or refuted by the provider.",
)
strawberry.enum(
    Capability, name="Capability", description="Something a provider can be asked to do for a tenant (利用できる機能)."
)
strawberry.enum(Actor, name="Actor", description="Who has to do something about it (対応者).")
strawberry.enum(
    Obstacle,
    name="AbilityObstacle",
    description="What stands in the way: the provider does not have it, the tenant's contract does not cover it, its "
    "connection is not active, or the provider does not answer at present (利用できない理由).",
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


@strawberry.type(description="Whether a capability works for a tenant at a provider now (機能の利用可否).")
class Ability:
    """Whether a capability works for a tenant at a provider now."""

    provider: str = strawberry.field(description="Key of the provider, such as `infomart`.")
    capability: Capability = strawberry.field(description="The capability.")
    works: bool = strawberry.field(description="Whether it works now.")
    obstacle: Obstacle | None = strawberry.field(description="What stands in its way; null: nothing does.")
    flag: Flag | None = strawberry.field(
        description="The part of the contract that is not known to be granted; null: it is not the contract."
    )
    who_acts: Actor = strawberry.field(description="Who has to do something about it (対応者).")
    what: str = strawberry.field(description="Whether it works, or what is wrong.")
    what_ja: str = strawberry.field(description="利用できるか、何が起きているか。")
    action: str = strawberry.field(description="What to do, and where.")
    action_ja: str = strawberry.field(description="どこで何をすればよいか。")

    @classmethod
    def of(cls, told: Able) -> "Ability":
        """The ability as the graph shows it."""
        explained = explain_ability(told)
        return cls(
            provider=told.provider,
            capability=told.capability,
            works=told.obstacle is None,
            obstacle=told.obstacle,
            flag=None if told.lacking is None else Flag(told.lacking.flag),
            who_acts=explained.actor,
            what=explained.said.en.what,
            what_ja=explained.said.ja.what,
            action=explained.said.en.action,
            action_ja=explained.said.ja.action,
        )


async def abilities_of(info: Info, tenant: TenantId) -> list[Ability]:
    """Every capability there is, at every provider of this installation."""
    loaders = info.context.loaders
    facts, connections = await loaders.entitlements.load(tenant), await loaders.connections.load(tenant)
    breakers = {each.provider: await loaders.breakers.load(each.provider) for each in connections}
    return [Ability.of(each) for each in info.context.flows.reading.abilities(facts, connections, breakers)]
