"""The mutation that makes a tenant's onboarding link."""

from datetime import datetime
from typing import Annotated

import strawberry

from connector.domain.access import Permission
from connector.ids import ProviderKey
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.failures import Answers, UserError
from graphql_schema.guard import Requires


@strawberry.type(description="A one-time link by which a tenant connects a provider (招待リンク).")
class OnboardingLink:
    """A one-time link by which a tenant connects a provider."""

    url: str = strawberry.field(description="Send this to the tenant's administrator; it is shown now and never again.")
    provider: str = strawberry.field(description="Key of the provider it connects.")
    expires_at: datetime = strawberry.field(description="When it stops working.")


@strawberry.input(description="For whom the link is, and where it leads.")
class CreateOnboardingLinkInput:
    """For whom the link is, and where it leads."""

    tenant_id: strawberry.ID = strawberry.field(description="The tenant's id.")
    provider: str = strawberry.field(description="Key of the provider to connect, such as `infomart`.")


@strawberry.type(description="The link made.")
class CreateOnboardingLinkPayload:
    """The link made."""

    link: OnboardingLink | None = strawberry.field(default=None, description="The link; null when none was made.")
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why no link was made; empty when one was."
    )


@strawberry.type
class OnboardingMutation:
    """Mutations about onboarding."""

    @strawberry.mutation(
        description="Makes a one-time link by which a tenant connects a provider (招待リンクの発行).",
        extensions=[Requires(Permission.ONBOARD), Answers(CreateOnboardingLinkPayload)],
    )
    async def create_onboarding_link(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - GraphQL's own convention
            CreateOnboardingLinkInput, strawberry.argument(description="For whom, and to which provider.")
        ],
    ) -> CreateOnboardingLinkPayload:
        """Makes an onboarding link."""
        tenant = identity.read_tenant(input.tenant_id)
        onboarding = info.context.flows.onboarding
        link, url = await onboarding.invite(info.context.viewer.scope, tenant, ProviderKey(input.provider))
        made = OnboardingLink(url=url.reveal(), provider=link.provider, expires_at=link.expires_at)
        return CreateOnboardingLinkPayload(link=made)
