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
class Listing:
    """Where a list is asked for, and what it is called in the answer."""

    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Generation:
    """How one generation of the API is asked for its lists [IM-15]."""

    posts: bool  # a search is a POST with a JSON body; False: a GET with a query
    part: Callable[[int], Mapping[str, int]]  # names the rows of a page, counted from 1
    received: Listing
    issued: Listing


def _page_no(page: int) -> Mapping[str, int]:
    return {"page_no": page}  # [IM-7]


def _start_position(page: int) -> Mapping[str, int]:
    return {"start_position": (page - 1) * INFOMART.page_size + 1, "get_count": INFOMART.page_size}  # [IM-97]


# Of the first generation only the update call's path is published; these two are assumed.
GENERATIONS: Mapping[str, Generation] = {
    "v1": Generation(
        posts=False,
        part=_page_no,
        received=Listing("/v1/invoice/buyer/invoices", "invoices"),
        issued=Listing("/v1/invoice/seller/invoices", "invoices"),
    ),
    "v2": Generation(
        posts=True,
        part=_start_position,
        received=Listing("/wi/v2/buyer/invoice/search", "invdata"),  # [IM-138]
        issued=Listing("/wi/v2/seller/invoice/search", "invoice_list"),  # [IM-151]
    ),
}
SPOKEN = "v1"  # unless the account says otherwise

REALM = "/api"
TOKEN_EXPIRED_CODES = frozenset({"E000401"})  # [IM-29], assumed
