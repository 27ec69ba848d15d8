"""A member is a company on the pretend platform: how it signs in, what its contract covers, what it has received."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hmac import compare_digest
from itertools import count
from typing import Any

from connector.twins.infomart.approvals import WITH_WORKFLOW, WITHOUT_WORKFLOW
from connector.twins.infomart.chart import starting_chart
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.inbox import Inbox
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.masters import Masters
from connector.twins.infomart.supplier_list import SupplierList, on_the_platform
from connector.twins.infomart.suppliers import every_supplier

FLAGS = ("buyer_paid", "seller_paid", "api_option", "journal_free", "uses_workflow", "approves_issues", "active")

_TEXTS = ("pfid", "name", "password")
_COUNTS = ("invoices", "seed", "spread_days")
_REFILLING = {"invoices", "seed", "spread_days"}
_FIRST_NUMBER = 4_100_000_001  # ten digits, as the real ones (reference 4.5)
_MOST_INVOICES = 100_000
_MOST_SPREAD_DAYS = 3_660


@dataclass(frozen=True, slots=True)
class Member:
    """One company and its contract."""

    pfid: str  # mail-address-shaped login id (reference 0.3)
    name: str
    password: str = field(repr=False)
    seed: int
    spread_days: int = 30
    buyer_paid: bool = True  # [IM-1]
    seller_paid: bool = False  # [IM-1]
    api_option: bool = True  # [IM-1]
    journal_free: bool = False  # 仕訳自由項目利用オプション (reference 5.4)
    uses_workflow: bool = True  # [IM-11]
    approves_issues: bool = False  # whether an invoice needs approval before it is issued [IM-87]
    active: bool = True  # False: the person who consented has left or was disabled

    @property
    def codes(self) -> tuple[int, ...]:
        """The wf_status codes its invoices can stand at [IM-11]."""
        return WITH_WORKFLOW if self.uses_workflow else WITHOUT_WORKFLOW


@dataclass(slots=True)
class Members:
    """Every company of the platform, by PFID."""

    clock: Clock
    ledger: Ledger
    seed: int
    _members: dict[str, Member] = field(default_factory=dict)
    _inboxes: dict[str, Inbox] = field(default_factory=dict)
    _masters: dict[str, Masters] = field(default_factory=dict)
    _supplier_lists: dict[str, SupplierList] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=lambda: count(_FIRST_NUMBER))  # of every invoice, whoever issues it

    def save(self, body: Mapping[str, Any]) -> Member:
        """Adds the member this JSON object describes, or changes the one that has its PFID.

        A new member's `invoices`, `seed` or `spread_days`, or a change of any of them, fills the inbox afresh; a change
        of flags alone leaves the invoices where they are. ValueError says what is wrong with the object.
        """
        _check(body)
        known = self._members.get(body["pfid"])
        given = {key: value for key, value in body.items() if key != "invoices"}
        if known is None:
            if "password" not in body:
                raise ValueError("a new member needs a password")
            member = Member(**{"name": body["pfid"], "seed": self.seed, **given})
        else:
            member = replace(known, **given)
        self._members[member.pfid] = member
        if known is None or _REFILLING & set(body):
            self._fill(member, body.get("invoices", len(self.inbox(member)) if known else 0))
        else:
            self.inbox(member).confine(member.codes, now=self.clock.now())
        self.ledger.write("member_saved", **self.describe(member))
        return member

    def find(self, pfid: str) -> Member | None:
        """The member with this PFID."""
        return self._members.get(pfid)

    def sign_in(self, pfid: str, password: str) -> Member | None:
        """The member whose PFID and password these are."""
        member = self._members.get(pfid)
        if member is None or not compare_digest(member.password.encode(), password.encode()):
            return None
        return member

    def inbox(self, member: Member) -> Inbox:
        """What the member has received."""
        return self._inboxes[member.pfid]

    def masters(self, member: Member) -> Masters:
        """What the member keeps books with; at first, the starting chart."""
        if (masters := self._masters.get(member.pfid)) is None:
            masters = self._masters[member.pfid] = Masters.of(starting_chart())
        return masters

    def supplier_list(self, member: Member) -> SupplierList:
        """The companies the member pays; at first, those that issue invoices here."""
        if (suppliers := self._supplier_lists.get(member.pfid)) is None:
            suppliers = self._supplier_lists[member.pfid] = SupplierList.of(map(on_the_platform, every_supplier()))
        return suppliers

    def keep(
        self,
        member: Member,
        *,
        inbox: Inbox | None = None,
        masters: Masters | None = None,
        supplier_list: SupplierList | None = None,
    ) -> None:
        """The member has these from now on in place of what it had."""
        if inbox is not None:
            self._inboxes[member.pfid] = inbox
        if masters is not None:
            self._masters[member.pfid] = masters
        if supplier_list is not None:
            self._supplier_lists[member.pfid] = supplier_list

    def everyone(self) -> list[Member]:
        """All members, in the order in which they joined."""
        return list(self._members.values())

    def describe(self, member: Member) -> dict[str, Any]:
        """The member as JSON, without its password."""
        facts = asdict(member)
        del facts["password"]
        return {**facts, "invoices": len(self.inbox(member))}

    def _fill(self, member: Member, invoices: int) -> None:
        inbox = Inbox(f"{member.seed}/{member.pfid}", self.numbers)  # two members never receive the same
        inbox.fill(
            invoices,
            now=self.clock.now(),
            today=self.clock.today(),
            spread_days=member.spread_days,
            codes=member.codes,
        )
        self._inboxes[member.pfid] = inbox


def _check(body: Mapping[str, Any]) -> None:
    if unknown := sorted(set(body) - {*_TEXTS, *_COUNTS, *FLAGS}):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    if not body.get("pfid"):
        raise ValueError("pfid is required")
    if not (body.get("name", True) and body.get("password", True)):
        raise ValueError("name and password cannot be empty")
    for kind, keys in ((str, _TEXTS), (int, _COUNTS), (bool, FLAGS)):
        for key in keys:
            if key in body and type(body[key]) is not kind:
                raise ValueError(f"{key} must be {kind.__name__}")
    if not 0 <= body.get("invoices", 0) <= _MOST_INVOICES:
        raise ValueError(f"invoices must be 0 to {_MOST_INVOICES}")
    if not 1 <= body.get("spread_days", 1) <= _MOST_SPREAD_DAYS:
        raise ValueError(f"spread_days must be 1 to {_MOST_SPREAD_DAYS}")
