"""An inbox: the invoices of many tenants in one list, and how fresh they are together."""

from dataclasses import dataclass
from datetime import datetime

from connector.domain.invoice import Invoice


@dataclass(frozen=True, slots=True)
class Arrival:
    """An invoice in the inbox, with the name of the tenant whose it is."""

    invoice: Invoice
    tenant_name: str


@dataclass(frozen=True, slots=True)
class InboxCompleteness:
    """How fresh an inbox is, by its tenants' recent days."""

    tenants: int  # whose invoices it lists
    left_out: int  # connected tenants whose contract is not known to cover them
    stale: int  # of those listed: what stands in the way is told by each tenant's own list
    as_of: datetime | None  # the earliest of their moments; None: a tenant was never read whole, or there is none
