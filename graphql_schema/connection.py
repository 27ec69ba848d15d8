"""A tenant's authorisation at a provider."""

from datetime import datetime

import strawberry

from connector.domain.access import Permission
from connector.domain.connection import Cause, Connection, Standing
from connector.explaining import Actor, Explanation, explain
from connector.ids import ConnectionId, TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.entitlement import Ability, abilities_of
from graphql_schema.guard import Requires
from graphql_schema.node import Node

strawberry.enum(Standing, name="ConnectionStanding", description="Where a connection stands (連携の状態).")


strawberry.enum(Cause, name="ConnectionCause", description="Why a connection is not active (原因).")


@strawberry.type(description="A connection explained to people, in Japanese and English (連携状態の説明).")
class ConnectionExplanation:
    """A connection explained."""

    who_acts: Actor = strawberry.field(description="Who has to do something about it (対応者).")
    since: datetime = strawberry.field(description="Since when it is so (発生日時).")
    next_look_at: datetime | None = strawberry.field(
        description="When it is looked at again by itself; null: not before somebody acts (次の確認)."
    )
    what: str = strawberry.field(description="What is wrong.")
    what_ja: str = strawberry.field(description="何が起きているか。")
    why: str = strawberry.field(description="Why, as far as is known.")
    why_ja: str = strawberry.field(description="分かっている原因。")
    action: str = strawberry.field(description="What to do, and where.")
    action_ja: str = strawberry.field(description="どこで何をすればよいか。")
    otherwise: str = strawberry.field(description="What happens if nobody does.")
    otherwise_ja: str = strawberry.field(description="何もしない場合にどうなるか。")

    @classmethod
    def of(cls, told: Explanation) -> "ConnectionExplanation":
        """The explanation as the graph shows it."""
        names = ("what", "why", "action", "otherwise")
        words = {name: getattr(told.en, name) for name in names}
        words_ja = {f"{name}_ja": getattr(told.ja, name) for name in names}
        return cls(who_acts=told.actor, since=told.since, next_look_at=told.next_look_at, **words, **words_ja)


@strawberry.type(description="A tenant's authorisation at one provider (連携).")
class ProviderConnection(Node):
    """A tenant's authorisation at one provider."""

    provider: str = strawberry.field(description="Key of the provider, such as `infomart`.")
    standing: Standing = strawberry.field(description="Where the connection stands.")
    consent_ends_at: datetime | None = strawberry.field(
        description="When consent would end if it were never renewed; null: no end is set, or none was given."
    )
    changed_at: datetime = strawberry.field(description="When the standing last changed.")
    cause: Cause | None = strawberry.field(description="Why it is not active; null: nothing is wrong (原因).")
    next_renewal_at: datetime | None = strawberry.field(
        description="When it is renewed or looked at next by itself; null: not before somebody acts (次の更新)."
    )
    told: strawberry.Private[Connection]

    @strawberry.field(
        description="What is wrong, since when, who acts and how, and what happens otherwise (状態の説明).",
        extensions=[Requires(Permission.READ)],
    )
    async def explanation(self, info: Info) -> ConnectionExplanation:
        """What is wrong, who acts and how."""
        breaker = await info.context.loaders.breakers.load(self.told.provider)
        return ConnectionExplanation.of(explain(self.told, breaker))

    @strawberry.field(
        description="What works through it now and, where something does not, why and who acts (利用できる機能).",
        extensions=[Requires(Permission.READ)],
    )
    async def capabilities(self, info: Info) -> list[Ability]:
        """What works through it."""
        return [each for each in await abilities_of(info, self.told.tenant_id) if each.provider == self.provider]

    @classmethod
    def of(cls, told: Connection) -> "ProviderConnection":
        """The connection as the graph shows it."""
        return cls(
            id=strawberry.ID(identity.write(identity.CONNECTION, told.tenant_id, told.id)),
            provider=told.provider,
            standing=told.standing,
            consent_ends_at=told.consent_ends_at,
            changed_at=told.changed_at,
            cause=told.cause,
            next_renewal_at=told.due_at,
            told=told,
        )


async def find(info: Info, text: str) -> ProviderConnection | None:
    """The connection an id names; None: outside the scope."""
    tenant, own = identity.read(identity.CONNECTION, text, parts=2)
    context = info.context
    found = await context.flows.reading.connection(context.viewer.scope, TenantId(tenant), ConnectionId(own))
    return ProviderConnection.of(found) if found else None
