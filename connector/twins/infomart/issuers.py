"""Issuers have masters of their own: who they are on paper, whom they bill, where they are paid, on which layout."""

from copy import deepcopy
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from connector.twins.infomart.dice import dice
from connector.twins.infomart.members import Member
from connector.twins.infomart.outbox import Outbox, Stage
from connector.twins.infomart.suppliers import registration_number
from connector.twins.infomart.vocabulary import BANK_BRANCHES, BANKS, TOWNS

_UNFINISHED = {Stage.INTERNAL_APPROVAL, Stage.RETURNED, Stage.ISSUE_APPROVAL, Stage.RESERVED}
_FIRST_COMPANY = 500_001


@dataclass(slots=True)
class Customer:
    """Whom the member bills, by the member's own code."""

    fields: dict[str, Any]
    corp_genuine_id: str  # the platform's id of the company
    invite_status: str = "0"  # 1 invited, 2 connected [IM-85]
    connected_to: str | None = None  # the member of this platform that it is, by PFID

    def block(self) -> dict[str, Any]:
        """Itself as the `customer` block of an answer (reference 4.3)."""
        return {**self.fields, "corp_genuine_id": self.corp_genuine_id, "invite_status": self.invite_status}


@dataclass(frozen=True, slots=True)
class Layout:
    """A 請求書書式, which only a person on screen can set up [IM-81]."""

    invoice_setting_code: str
    name: str
    invoice_type: str = "3"
    transfer_code: str | None = None
    free_titles: dict[str, str] = field(default_factory=dict)  # by the free item's name


@dataclass(slots=True)
class Masters:
    """Everything a registration may change besides the outbox; the first publisher and layout are the defaults."""

    publishers: list[dict[str, Any]]  # codes may repeat here, since screens allow it [IM-84]
    customers: dict[str, Customer]
    accounts: dict[str, dict[str, Any]]


@dataclass(slots=True)
class Issuer:
    """The issuing side of one member."""

    masters: Masters
    layouts: dict[str, Layout]
    outbox: Outbox = field(default_factory=Outbox)

    def publishers(self, code: str) -> list[dict[str, Any]]:
        """Every publisher with this code."""
        return [each for each in self.masters.publishers if each["publisher_mng_num"] == code]

    @property
    def default_publisher(self) -> dict[str, Any]:
        """Who issues where a request does not say [IM-77]."""
        return self.masters.publishers[0]

    @property
    def default_layout(self) -> Layout:
        """How an invoice looks where neither it nor its customer says."""
        return next(iter(self.layouts.values()))

    def publisher_in_use(self, publisher: dict[str, Any]) -> bool:
        """Whether it is the default, or stands on an invoice that is not issued yet [IM-86]."""
        code = publisher["publisher_mng_num"]
        return publisher is self.default_publisher or any(
            each.publisher.get("publisher_mng_num") == code for each in self.outbox if each.stage in _UNFINISHED
        )

    def account_in_use(self, code: str) -> bool:
        """Whether a customer or a layout falls back on it, or an unissued invoice names it [IM-86]."""
        defaults = {each.fields.get("transfer_code") for each in self.masters.customers.values()}
        defaults |= {each.transfer_code for each in self.layouts.values()}
        named = {bank["transfer_code"] for each in self.outbox if each.stage in _UNFINISHED for bank in each.banks}
        return code in defaults | named

    def keep(self) -> Masters:
        """The masters as they are now, to go back to."""
        return deepcopy(self.masters)


@dataclass(slots=True)
class Issuers:
    """The issuing sides of all members, by PFID."""

    _issuers: dict[str, Issuer] = field(default_factory=dict)
    _companies: "count[int]" = field(default_factory=lambda: count(_FIRST_COMPANY))

    def of(self, member: Member) -> Issuer:
        """The member's; one who has never issued begins with a publisher, an account and a layout."""
        if member.pfid not in self._issuers:
            self._issuers[member.pfid] = _beginner(member)
        return self._issuers[member.pfid]

    def company(self) -> str:
        """The platform's id of a company it had not met."""
        return f"G{next(self._companies):08}"


def _beginner(member: Member) -> Issuer:
    die = dice("issuer", member.pfid)
    zip_code, prefecture, town = die.choice(TOWNS)
    bank_code, bank_name, bank_kana = die.choice(BANKS)
    branch_code, branch_name, branch_kana = die.choice(BANK_BRANCHES)
    publisher = {
        "publisher_mng_num": "HQ001",
        "publisher_company_name": "本社",
        "publisher_section": "経理部",
        "publisher_zip": zip_code,
        "publisher_address1": prefecture + town,
        "publisher_address2": f"{die.randint(1, 9)}-{die.randint(1, 28)}-{die.randint(1, 20)}",
        "publisher_phone": f"0{die.randint(3, 9)}-0000-{die.randint(0, 9999):04}",
        "publisher_mail": member.pfid,
        "biz_type": "1",
        "biz_regist_no": registration_number(die.randint(900_000, 999_999)),
    }
    account = {
        "transfer_code": "B001",
        "fncl_inst_code": bank_code,
        "fncl_inst_name": bank_name,
        "fncl_inst_kana": bank_kana,
        "branch_code": branch_code,
        "branch_name": branch_name,
        "branch_kana": branch_kana,
        "deposit_sec": "1",
        "account_num": f"{die.randint(1, 9_999_999):07}",
        "depositor_name": member.name,
        "depositor_kana": "ﾃｽﾄｶｲｼﾔ",
    }
    layout = Layout("STD01", "標準書式", transfer_code="B001")
    masters = Masters([publisher], {}, {"B001": account})
    return Issuer(masters, {layout.invoice_setting_code: layout})
