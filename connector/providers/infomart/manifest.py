"""Infomart's figures, paths and names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from connector.domain.entitlement import Capability, Flag
from connector.ids import ProviderKey
from connector.providers.manifest import Manifest

INFOMART = Manifest(
    key=ProviderKey("infomart"),
    name="Infomart BtoB Platform Invoice",
    name_ja="BtoBプラットフォーム 請求書（インフォマート）",
    authorise_path="/openam/oauth2/authorize",
    token_path="/openam/oauth2/access_token",  # noqa: S106 - a path, not a password
    scope="openid profile email qualified",  # [IM-17]
    sends_pkce=True,  # not documented there; a server that does not know the parameters ignores them
    access_lifetime=timedelta(minutes=5),  # [IM-3]
    refresh_lifetime=timedelta(days=31),  # [IM-3]
    call_limit=timedelta(seconds=300),  # [IM-33]
    token_calls_per_second=20,  # assumed: no limit is published
    token_calls_at_once=4,  # assumed; also what a client secret that goes bad costs before anybody notices
    calls_per_second=50,  # assumed: no limit is published [IM-50]
    calls_at_once=20,  # assumed [IM-50]
    page_size=100,  # [IM-7]
    needs={
        # The paid membership is bought per side, the API option once [IM-1].
        Capability.READ_RECEIVED_INVOICES: (Flag.RECEIVER_PAID_MEMBER, Flag.API_OPTION),
        Capability.READ_ISSUED_INVOICES: (Flag.ISSUER_PAID_MEMBER, Flag.API_OPTION),
    },
)


@dataclass(frozen=True, slots=True)
class Call:
    """Where something is asked for, and what the list in the answer is called; None: it has several, or none."""

    method: str  # a GET carries a query, anything else JSON
    path: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Generation:
    """How one generation of the API is asked, call by call [IM-15]."""

    part: Callable[[int], Mapping[str, int]]  # names the rows of a page, counted from 1
    received: Call
    issued: Call
    register: Call
    update: Call
    books: Call
    change_books: Call
    suppliers: Call


def _page_no(page: int) -> Mapping[str, int]:
    return {"page_no": page}  # [IM-7]


def _start_position(page: int) -> Mapping[str, int]:
    return {"start_position": (page - 1) * INFOMART.page_size + 1, "get_count": INFOMART.page_size}  # [IM-97]


# Published are the update of the first generation and the two searches of the second [IM-15]; the others are assumed.
GENERATIONS: Mapping[str, Generation] = {
    "v1": Generation(
        part=_page_no,
        received=Call("GET", "/v1/invoice/buyer/invoices", "invoices"),
        issued=Call("GET", "/v1/invoice/seller/invoices", "invoices"),
        register=Call("POST", "/v1/invoice/seller/invoices"),
        update=Call("PUT", "/v1/invoice/seller/invoices"),
        books=Call("GET", "/v1/invoice/buyer/journal_masters"),
        change_books=Call("POST", "/v1/invoice/buyer/journal_masters"),
        suppliers=Call("POST", "/v1/invoice/buyer/suppliers"),
    ),
    "v2": Generation(
        part=_start_position,
        received=Call("POST", "/wi/v2/buyer/invoice/search", "invdata"),  # [IM-138]
        issued=Call("POST", "/wi/v2/seller/invoice/search", "invoice_list"),  # [IM-151]
        register=Call("POST", "/wi/v2/seller/invoice/register"),
        update=Call("POST", "/wi/v2/seller/invoice/update"),
        books=Call("POST", "/wi/v2/buyer/journal_master/search"),
        change_books=Call("POST", "/wi/v2/buyer/journal_master/register"),
        suppliers=Call("POST", "/wi/v2/buyer/supplier/register"),
    ),
}
SPOKEN = "v1"  # unless the account says otherwise
MOST_INVOICES = 100  # in one request [IM-98], assumed
MOST_SUPPLIERS = 100  # [IM-128], assumed
MOST_MASTERS = 1000  # of each kind [IM-122], assumed

REALM = "/api"
TOKEN_EXPIRED_CODES = frozenset({"E000401"})  # [IM-29], assumed
