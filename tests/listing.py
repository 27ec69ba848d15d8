"""Pages as tests read and write them: a provider lists invoices, and a look reads what it does not know."""

from collections.abc import Sequence
from functools import partial

from connector.domain.invoice import FetchedInvoice, ListedInvoice
from connector.ports import InvoicePage


def invoices_on(page: InvoicePage) -> list[FetchedInvoice]:
    """Every invoice of the page."""
    return [each.read() for each in page.listed]


def listed(invoices: Sequence[FetchedInvoice]) -> list[ListedInvoice]:
    """The invoices as a page lists them."""
    return [ListedInvoice(each.key, each.exact or repr(each).encode(), partial(_told, each)) for each in invoices]


def _told(invoice: FetchedInvoice) -> FetchedInvoice:
    return invoice
