"""What flows ask of the world: one small protocol per ability."""

from connector.ports.machine import (
    Clock,
    Doorbell,
    Watch,
)
from connector.ports.providers import (
    DayOf,
    GivesConsent,
    InvoicePage,
    Provider,
    ReadsReceivedInvoices,
    Register,
    TokenPace,
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
    "Provider",
    "ReadsReceivedInvoices",
    "Register",
    "Renewals",
    "Sealer",
    "Store",
    "TokenJournal",
    "TokenPace",
    "Vault",
    "Watch",
    "Work",
]
