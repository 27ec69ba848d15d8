"""What flows ask of the world: one small protocol per ability."""

from connector.ports.machine import (
    Clock,
    Doorbell,
)
from connector.ports.providers import (
    DayOf,
    GivesConsent,
    InvoicePage,
    Pace,
    Provider,
    ReadsIssuedInvoices,
    ReadsReceivedInvoices,
    Register,
)
from connector.ports.store import (
    Breakers,
    Connections,
    Consents,
    Directory,
    Entitlements,
    Fetches,
    KeyOwner,
    Mirror,
    Renewals,
    Store,
    Work,
)
from connector.ports.vault import (
    Escrow,
    KeyService,
    KeyShelf,
    Sealer,
    TokenJournal,
    Vault,
)

__all__ = [
    "Breakers",
    "Clock",
    "Connections",
    "Consents",
    "DayOf",
    "Directory",
    "Doorbell",
    "Entitlements",
    "Escrow",
    "Fetches",
    "GivesConsent",
    "InvoicePage",
    "KeyOwner",
    "KeyService",
    "KeyShelf",
    "Mirror",
    "Pace",
    "Provider",
    "ReadsIssuedInvoices",
    "ReadsReceivedInvoices",
    "Register",
    "Renewals",
    "Sealer",
    "Store",
    "TokenJournal",
    "Vault",
    "Work",
]
