"""Who asks: the key, its partner, and what it may do."""

from datetime import datetime
from typing import Annotated

import strawberry

from connector.domain.access import Permission
from connector.domain.access import Viewer as Credential
from connector.domain.invoice import InvoiceFilter, Side
from connector.domain.paging import FIRST_DEFAULT, FIRST_MOST
from graphql_schema import identity, limits
from graphql_schema.context import Info
from graphql_schema.guard import Requires
from graphql_schema.inbox import Inbox, collected
from graphql_schema.issued_invoice import IssuedInvoice, IssuedInvoiceFilter
from graphql_schema.paging import After, First
from graphql_schema.received_invoice import ReceivedInvoice, ReceivedInvoiceFilter

strawberry.enum(Permission, name="Permission", description="What an API key may do.")


@strawberry.type(description="What one request may ask for.")
class Limits:
    """What one request may ask for."""

    first: int = strawberry.field(description="Most items on a page.")
    depth: int = strawberry.field(description="Deepest nesting of a document.")
    aliases: int = strawberry.field(description="Most aliases in a document.")
    tokens: int = strawberry.field(description="Most tokens in a document.")
    body: int = strawberry.field(description="Largest request body, in bytes.")


@strawberry.type(description="Who this credential is, and what it may do.")
class Viewer:
    """Who this credential is."""

    key_id: str = strawberry.field(description="Public name of the API key.")
    key_name: str = strawberry.field(description="What the operator called the key.")
    key_expires_at: datetime | None = strawberry.field(description="When the key ends; null: it has no end.")
    partner: str = strawberry.field(description="Name of the partner the key belongs to.")
    permissions: list[Permission] = strawberry.field(description="What the key may do.")
    tenant_id: strawberry.ID | None = strawberry.field(
        description="The only tenant the key may act for; null: every tenant that accepted the partner."
    )
    limits: Limits = strawberry.field(description="What one request may ask for.")

    @strawberry.field(
        description="Invoices received by every tenant this key may act for and whose contract covers them, newest "
        "issue date first (受取請求書).",
        extensions=[Requires(Permission.READ)],
    )
    async def received_invoices(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[  # noqa: A002 - GraphQL's own convention
            ReceivedInvoiceFilter | None, strawberry.argument(description="Which are wanted; null: all.")
        ] = None,
    ) -> Inbox[ReceivedInvoice]:
        """Invoices received by every tenant in scope."""
        wanted = filter.told() if filter else InvoiceFilter()
        return await collected(info, Side.RECEIVER, wanted, ReceivedInvoice.of, first=first, after=after)

    @strawberry.field(
        description="Invoices issued by every tenant this key may act for and whose contract covers them, newest "
        "issue date first (発行請求書).",
        extensions=[Requires(Permission.READ)],
    )
    async def issued_invoices(
        self,
        info: Info,
        first: First = FIRST_DEFAULT,
        after: After = None,
        filter: Annotated[  # noqa: A002 - GraphQL's own convention
            IssuedInvoiceFilter | None, strawberry.argument(description="Which are wanted; null: all.")
        ] = None,
    ) -> Inbox[IssuedInvoice]:
        """Invoices issued by every tenant in scope."""
        wanted = filter.told() if filter else InvoiceFilter()
        return await collected(info, Side.ISSUER, wanted, IssuedInvoice.of, first=first, after=after)

    @classmethod
    def of(cls, told: Credential) -> "Viewer":
        """The credential as the graph shows it."""
        only = told.scope.tenant_id
        return cls(
            key_id=told.key_id,
            key_name=told.key_name,
            key_expires_at=told.key_expires_at,
            partner=told.partner_name,
            permissions=sorted(told.permissions),
            tenant_id=None if only is None else strawberry.ID(identity.write(identity.TENANT, only)),
            limits=Limits(
                first=FIRST_MOST,
                depth=limits.DEPTH,
                aliases=limits.ALIASES,
                tokens=limits.TOKENS,
                body=limits.BODY,
            ),
        )
