"""The profiles are the two generations of the API; whatever differs between them stands in this table (reference 1).

Only `PUT /v1/invoice/seller/invoices` and the two searches of v2 are published [IM-15]; the other paths are assumed.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from types import MappingProxyType


class Paging(StrEnum):
    """How a part of a list is asked for."""

    PAGE_NO = "page_no"  # pages of one size, counted from 1 [IM-7]
    START_POSITION = "start_position"  # from which row on, counted from 1, and how many [IM-97]


@dataclass(frozen=True, slots=True)
class Wire:
    """Where one operation is found, and what its list is called in the answer."""

    method: str
    path: str
    list_key: str = "invoices"


@dataclass(frozen=True, slots=True)
class Profile:
    """One generation."""

    name: str
    paging: Paging
    denied: HTTPStatus  # what a contract that does not cover the call answers [IM-10], [IM-47]
    wires: MappingProxyType[str, Wire]  # by the operation's name


_V1, _V2 = "/v1/invoice", "/wi/v2"

PROFILES: tuple[Profile, ...] = (
    Profile(
        "v1",
        Paging.PAGE_NO,
        HTTPStatus.BAD_REQUEST,
        MappingProxyType(
            {
                "issued": Wire("GET", f"{_V1}/seller/invoices"),  # API 1
                "register": Wire("POST", f"{_V1}/seller/invoices"),  # API 2
                "update": Wire("PUT", f"{_V1}/seller/invoices"),  # API 3, public
                "masters": Wire("GET", f"{_V1}/buyer/journal_masters"),  # API 4
                "save_masters": Wire("POST", f"{_V1}/buyer/journal_masters"),  # API 5
                "invoices": Wire("GET", f"{_V1}/buyer/invoices"),  # API 6
                "suppliers": Wire("POST", f"{_V1}/buyer/suppliers", "suppliers"),  # API 7
            }
        ),
    ),
    Profile(
        "v2",
        Paging.START_POSITION,
        HTTPStatus.FORBIDDEN,
        MappingProxyType(
            {
                "issued": Wire("POST", f"{_V2}/seller/invoice/search", "invoice_list"),  # public
                "register": Wire("POST", f"{_V2}/seller/invoice/register"),
                "update": Wire("POST", f"{_V2}/seller/invoice/update"),
                "masters": Wire("POST", f"{_V2}/buyer/journal_master/search"),
                "save_masters": Wire("POST", f"{_V2}/buyer/journal_master/register"),
                "invoices": Wire("POST", f"{_V2}/buyer/invoice/search", "invdata"),  # public
                "suppliers": Wire("POST", f"{_V2}/buyer/supplier/register", "suppliers"),
            }
        ),
    ),
)
