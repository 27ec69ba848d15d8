"""Issued invoices: where they stand with the tenant that asks to be paid."""

import strawberry

from connector.domain.access import Permission
from connector.domain.history import Observation as Observed
from connector.domain.invoice import Invoice as Mirrored
from connector.domain.invoice import InvoiceFilter, IssuedStage, Side
from graphql_schema import invoice
from graphql_schema.context import Info
from graphql_schema.guard import RequiresReading
from graphql_schema.invoice import Gap, Invoice
from graphql_schema.invoice_list import InvoiceConditions

strawberry.enum(
    IssuedStage,
    name="IssuedInvoiceStage",
    description="Where an issued invoice stands in the issuer's workflow (wf_status).",
)


@strawberry.type(
    description="What a look saw of an issued invoice that the look before it had not seen. What lay in the gap "
    "between them, one step or many, is not known (観測)."
)
class IssuedObservation:
    """What a look saw for the first time."""

    stage: IssuedStage | None = strawberry.field(description="The stage; null: the invoice was no longer listed.")
    stage_code: int | None = strawberry.field(description="The provider's own code for it (wf_status).")
    gap: Gap = strawberry.field(description="When it came about, as nearly as looks can tell.")

    @classmethod
    def of(cls, told: Observed) -> "IssuedObservation":
        """The observation as the graph shows it."""
        stage, code = told.sight or (None, None)
        return cls(stage=None if stage is None else IssuedStage(stage), stage_code=code, gap=Gap.of(told))


@strawberry.type(description="An invoice the tenant issued or is preparing, drafts among them (発行請求書).")
class IssuedInvoice(Invoice):
    """An invoice the tenant issued or is preparing."""

    stage: IssuedStage = strawberry.field(description="Where it was last seen in the workflow.")

    @strawberry.field(
        description="What looks saw of its past, oldest first: the provider tells only where it stands now (履歴).",
        extensions=[RequiresReading(Permission.READ)],
    )
    async def history(self, info: Info) -> list[IssuedObservation]:
        """What looks saw of its past."""
        return [IssuedObservation.of(each) for each in await self.observed(info)]

    @classmethod
    def of(cls, told: Mirrored) -> "IssuedInvoice":
        """The invoice as the graph shows it."""
        return cls(**invoice.header(told))


@strawberry.input(description="Which issued invoices are wanted; an absent condition lets everything through.")
class IssuedInvoiceFilter(InvoiceConditions):
    """Which issued invoices are wanted."""

    stages: list[IssuedStage] | None = strawberry.field(default=None, description="In one of these stages.")

    def told(self) -> InvoiceFilter:
        """The filter in the domain's words; raises InvalidInput."""
        return self.met(self.stages or ())


async def find(info: Info, text: str) -> IssuedInvoice | None:
    """The invoice an id names, under the same guard as the list; None: outside the scope."""
    found = await invoice.find(info, Side.ISSUER, text)
    return IssuedInvoice.of(found) if found else None
