"""An outbox holds the invoices one member has registered, issued or not, in the order of their numbers."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import IntEnum
from typing import Any

_FREE = ("customer_code1", "customer_code2", "edi_info", "contact", "remarks")
_FREE_PREFIX = "inv_free_"


class Stage(IntEnum):
    """Where an issued invoice stands, its `wf_status` [IM-74]."""

    INTERNAL_APPROVAL = 11
    RETURNED = 19
    ISSUE_APPROVAL = 20
    RESERVED = 21
    ISSUED = 22
    DELETED = 23
    FAILED = 29


@dataclass(slots=True)
class Issued:
    """One invoice as its issuer wrote it; what it says of masters is what they said at that time."""

    mng_num: int  # [IM-55]
    header: dict[str, Any]
    publisher: dict[str, Any]
    customer: dict[str, Any]
    banks: list[dict[str, Any]]
    details: list[dict[str, Any]]
    stage: Stage
    listed_from: datetime  # the list may lag behind the registration
    new_partner: bool = False  # the first invoice to its customer
    reissued: bool = False
    seal_date: str | None = None  # when the receiving side opened it
    remind_date: str | None = None

    def facts(self) -> dict[str, Any]:
        """What a ledger keeps of it: enough to tell two invoices with one number apart, and to count them."""
        header = self.header
        return {
            "mng_num": self.mng_num,
            "inv_no": header.get("inv_no"),
            "private_cust_cd": self.customer["private_cust_cd"],
            "inv_show_amount": header.get("inv_show_amount"),
            "send_date": header["send_date"],
            "wf_status": int(self.stage),
            "free": {
                name: value
                for name, value in header.items()
                if value is not None and (name in _FREE or name.startswith(_FREE_PREFIX))
            },
        }

    def truth(self) -> dict[str, Any]:
        """All of it, as it really is."""
        return {
            **self.facts(),
            "listed_from": self.listed_from.isoformat(),
            "new_partner": self.new_partner,
            "reissued": self.reissued,
            "seal_date": self.seal_date,
            "header": deepcopy(self.header),
            "publisher": dict(self.publisher),
            "customer": dict(self.customer),
            "banks": deepcopy(self.banks),
            "details": deepcopy(self.details),
        }


@dataclass(slots=True)
class Outbox:
    """Invoices by their management numbers, which only rise."""

    settled_on: date | None = None  # when somebody last looked for reserved invoices whose day had come
    _issued: dict[int, Issued] = field(default_factory=dict)
    _customers: set[str] = field(default_factory=set)

    def put(self, issued: Issued) -> None:
        """One more invoice."""
        self._issued[issued.mng_num] = issued
        self._customers.add(issued.customer["private_cust_cd"])

    def knows(self, customer: str) -> bool:
        """Whether there has been an invoice to this customer."""
        return customer in self._customers

    def find(self, mng_num: int) -> Issued | None:
        """The invoice with this number."""
        return self._issued.get(mng_num)

    def __iter__(self) -> Iterator[Issued]:
        return iter(list(self._issued.values()))

    def __len__(self) -> int:
        return len(self._issued)
