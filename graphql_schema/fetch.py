"""Readings of a provider: how far each has come, and how fresh a list is."""

from datetime import date, datetime
from typing import Annotated

import strawberry

from connector.domain.access import Permission
from connector.domain.fetch import Completeness as Freshness
from connector.domain.fetch import Fetch as Told
from connector.domain.fetch import Reading
from connector.domain.invoice import Side
from connector.ids import FetchId, TenantId
from graphql_schema import identity
from graphql_schema.context import Info
from graphql_schema.failures import Answers, UserError
from graphql_schema.guard import Requires
from graphql_schema.node import Node

strawberry.enum(Side, name="InvoiceSide", description="Which end of an invoice the tenant is at (発行側, 受取側).")
strawberry.enum(Reading, name="FetchReading", description="How a fetch is getting on.")


@strawberry.type(description="One reading of a provider's list, page by page (取得).")
class Fetch(Node):
    """One reading of a provider's list."""

    reading: Reading = strawberry.field(description="How the fetch is getting on.")
    first_day: date = strawberry.field(
        description="First day that is read: of reception, or of issue (受取日, 発行日 From)."
    )
    last_day: date = strawberry.field(
        description="Last day that is read: of reception, or of issue (受取日, 発行日 To)."
    )
    side: Side = strawberry.field(description="Which side of the invoices is read (発行側, 受取側).")
    passes: int = strawberry.field(description="How often the list is being read from its start; it moves meanwhile.")
    pages: int = strawberry.field(
        description="Pages read in the pass that came furthest; in the end, in the one that is proven."
    )
    rows: int = strawberry.field(description="Invoices read in that pass.")
    as_of: datetime | None = strawberry.field(
        description="The moment for which the list is proven complete; null: it is not, or not yet."
    )
    problem: str | None = strawberry.field(
        description="Code of the last failure; null: nothing failed, or it was overcome."
    )
    requested_at: datetime = strawberry.field(description="When it was asked for.")
    due_at: datetime = strawberry.field(description="When it may go on.")
    finished_at: datetime | None = strawberry.field(description="When it ended; null: it has not.")

    @classmethod
    def of(cls, told: Told) -> "Fetch":
        """The fetch as the graph shows it."""
        return cls(
            id=strawberry.ID(identity.write(identity.FETCH, told.tenant_id, told.id)),
            reading=told.reading,
            first_day=told.window.first_day,
            last_day=told.window.last_day,
            side=told.window.side,
            passes=told.in_pass,
            pages=told.pages,
            rows=told.rows,
            as_of=told.as_of,
            problem=told.problem,
            requested_at=told.requested_at,
            due_at=told.due_at,
            finished_at=told.finished_at,
        )


@strawberry.type(description="How fresh a list is; answers come from the mirror and never from the provider.")
class Completeness:
    """How fresh a list is."""

    as_of: datetime | None = strawberry.field(
        description="The moment for which a window was last proven complete; null: never yet."
    )
    complete_through: date | None = strawberry.field(
        description="The last day of that window, which reaches ahead for an issuer's scheduled ones; null: never yet."
    )
    next_fetch_at: datetime | None = strawberry.field(
        description="When the next reading is due; null: none is planned."
    )
    stale_because: str | None = strawberry.field(
        description="Code of what stands in the way, from docs/errors.md, or FIRST_FETCH_RUNNING; null: nothing does."
    )

    @classmethod
    def of(cls, told: Freshness) -> "Completeness":
        """The freshness as the graph shows it."""
        return cls(
            as_of=told.as_of,
            complete_through=told.complete_through,
            next_fetch_at=told.next_fetch_at,
            stale_because=told.stale_because,
        )


@strawberry.input(description="Which tenant to read now.")
class RequestFetchInput:
    """Which tenant to read now."""

    tenant_id: strawberry.ID = strawberry.field(description="The tenant's id.")


@strawberry.type(description="The readings asked for.")
class RequestFetchPayload:
    """The readings asked for."""

    fetches: list[Fetch] = strawberry.field(
        default_factory=list,
        description="One for each readable side of each connection; an open reading of the same days is reused.",
    )
    user_errors: list[UserError] = strawberry.field(
        default_factory=list, description="Why nothing was asked for; empty when it was."
    )


@strawberry.type
class FetchMutation:
    """Mutations about fetches."""

    @strawberry.mutation(
        description="Asks for the invoices of a tenant's last 62 days to be read now (今すぐ取得).",
        extensions=[Requires(Permission.FETCH), Answers(RequestFetchPayload)],
    )
    async def request_fetch(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - GraphQL's own convention
            RequestFetchInput, strawberry.argument(description="Which tenant to read.")
        ],
    ) -> RequestFetchPayload:
        """Asks for a reading now."""
        tenant = identity.read_tenant(input.tenant_id)
        asked = await info.context.flows.fetching.request(info.context.viewer.scope, tenant)
        return RequestFetchPayload(fetches=[Fetch.of(each) for each in asked])


async def find(info: Info, text: str) -> Fetch | None:
    """The fetch an id names; None: outside the scope."""
    tenant, own = identity.read(identity.FETCH, text, parts=2)
    context = info.context
    found = await context.flows.reading.fetch(context.viewer.scope, TenantId(tenant), FetchId(own))
    return Fetch.of(found) if found else None
