"""A supplier list is a receiver's master of the companies it pays (支払先); nothing is ever taken off it [IM-127]."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.masters import ObstacleError, Saved
from connector.twins.infomart.suppliers import Supplier

CODE = "private_cust_cd_s"  # the key (reference 5.7, indirect)

TEXTS = (
    "company_name",
    "section",
    "user_name",
    "zip",
    "address1",
    "address2",
    "phone",
    "fax",
    "user_email",
    "tax_corp_id",
    "biz_type",
    "biz_regist_no",
)

_ADDRESS = (("zip",), ("address1", "address2"))
_ALWAYS = (("company_name",), *_ADDRESS)


class Way(StrEnum):
    """How a company is invited to the platform (reference 4.1, codes assumed); paper is a letter that costs money."""

    NONE = "0"
    EMAIL = "1"
    FAX = "2"
    PAPER = "9"


# What each way needs: of every group, one field that holds something [IM-130].
_NEEDED = {Way.EMAIL: (("user_email",),), Way.FAX: (("fax",),), Way.PAPER: _ADDRESS}


class Invited(StrEnum):
    """How far a company has come on its way to the platform, as `invite_status` tells (reference 4.3, assumed)."""

    NEVER = "0"
    INVITED = "1"
    CONNECTED = "2"


@dataclass(frozen=True, slots=True)
class Listed:
    """One supplier of the list, by the names of its fields on the wire; what holds nothing is not there."""

    code: str
    facts: Mapping[str, Any]
    invited: Invited = Invited.NEVER

    def as_json(self) -> dict[str, Any]:
        """Everything the list knows of it."""
        told = {name: self.facts.get(name) for name in TEXTS}
        return {CODE: self.code, **told, "banks": self.facts.get("banks", []), "invite_status": self.invited}


@dataclass(slots=True)
class SupplierList:
    """The suppliers of one member, by code."""

    _listed: dict[str, Listed] = field(default_factory=dict)

    @classmethod
    def of(cls, suppliers: Iterable[Listed]) -> "SupplierList":
        """These and no others."""
        return cls({each.code: each for each in suppliers})

    def find(self, code: str) -> Listed | None:
        """The supplier, if it is on the list."""
        return self._listed.get(code)

    def __getitem__(self, code: str) -> Listed:
        return self._listed[code]

    def __iter__(self) -> Iterator[Listed]:
        return iter(self._listed.values())

    def save(self, code: str, given: Mapping[str, Any]) -> Saved:
        """The supplier is new, or takes what is given, None clearing a field; ObstacleError if one lacks [IM-129]."""
        before = self.find(code)
        old = before.facts if before is not None else {}
        facts = {name: value for name, value in {**old, **given}.items() if value is not None}
        if lacking := [group[0] for group in _ALWAYS if not any(facts.get(name) for name in group)]:
            raise ObstacleError(*((Code.REQUIRED, name) for name in lacking))
        self._listed[code] = replace(before, facts=facts) if before is not None else Listed(code, facts)
        return Saved(before is None, tuple(name for name in (*TEXTS, "banks") if old.get(name) != facts.get(name)))

    def invite(self, code: str, way: Way) -> Invited:
        """An invitation goes out, once more if there was one before; ObstacleError if it cannot [IM-130]."""
        listed = self._listed[code]
        if listed.invited is Invited.CONNECTED:
            raise ObstacleError((Code.NOT_INVITABLE, "invite_type"))
        needed = _NEEDED.get(way, ())
        if lacking := [group[0] for group in needed if not any(listed.facts.get(name) for name in group)]:
            raise ObstacleError(*((Code.NOT_INVITABLE, name) for name in lacking))
        self._listed[code] = replace(listed, invited=Invited.INVITED)
        return Invited.INVITED

    def stand(self, code: str, invited: Invited) -> None:
        """The company has come this far, perhaps on ways of its own; ValueError for an unknown code."""
        if (listed := self.find(code)) is None:
            raise ValueError(f"not on the list: {code}")
        self._listed[code] = replace(listed, invited=invited)

    def copy(self) -> "SupplierList":
        """The same list, to be changed apart."""
        return SupplierList(dict(self._listed))


def on_the_platform(supplier: Supplier) -> Listed:
    """A company that issues invoices here, as its receivers have it on their lists."""
    block = supplier.publisher()
    facts = {
        "company_name": supplier.name,
        "section": block["publisher_section"],
        "zip": block["publisher_zip"],
        "address1": block["publisher_address1"],
        "address2": block["publisher_address2"],
        "phone": block["publisher_phone"],
        "fax": block["publisher_fax"],
        "user_email": block["publisher_mail"],
        "tax_corp_id": supplier.number[1:] if supplier.number else None,
        "biz_type": block["biz_type"],
        "biz_regist_no": supplier.number,
        "banks": supplier.banks(),
    }
    return Listed(supplier.code, {name: fact for name, fact in facts.items() if fact is not None}, Invited.CONNECTED)
