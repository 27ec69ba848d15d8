"""Suppliers are the companies that send invoices, each with an address, a bank account and a tax registration."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from connector.twins.infomart.dice import dice
from connector.twins.infomart.vocabulary import BANK_BRANCHES, BANKS, BRANCHES, COMPANIES, TOWNS, Trade

_CORPORATE_DIGITS = 12
_REGISTER_OFFICE = 9900  # no registry office has this number, so no living company can have ours
_REGISTER_KEYS = (
    "nta_biz_regist_no_result",
    "nta_registered_date",
    "nta_process",
    "nta_company_name",
    "nta_area",
    "nta_address",
    "nta_update_date",
    "nta_trade_name",
    "nta_common_name",
    "nta_cancel_date",
    "nta_lapse_date",
)


def check_digit(twelve_digits: str) -> int:
    """The digit that leads a corporate number (reference 7.1)."""
    if len(twelve_digits) != _CORPORATE_DIGITS or not twelve_digits.isdecimal():
        raise ValueError("a corporate number has twelve digits behind its check digit")
    weighed = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(twelve_digits)))
    return 9 - weighed % 9


def registration_number(serial: int) -> str:
    """A registration number with a true check digit that belongs to nobody."""
    digits = f"{_REGISTER_OFFICE:04}01{serial:06}"
    return f"T{check_digit(digits)}{digits}"


@dataclass(frozen=True, slots=True)
class Supplier:
    """One company that issues invoices, with the habits it keeps from one invoice to the next."""

    index: int
    name: str
    kana: str
    trade: Trade
    registered: bool  # sole traders here are tax-exempt and have no registration number

    @property
    def number(self) -> str | None:
        """Its registration number, if it has one."""
        return registration_number(100_000 + 7_919 * self.index) if self.registered else None

    @property
    def code(self) -> str:
        """What its buyers call it in their supplier master."""
        return f"S{self.index:05}"

    @property
    def rounding(self) -> str:
        """Which way it rounds tax; the law leaves the direction free (reference 7.3)."""
        return ("down", "up", "half_up")[self.index % 3]

    @property
    def prices_include_tax(self) -> bool:
        """Whether its unit prices already contain the tax."""
        return self.index % 5 == 3  # noqa: PLR2004  # every fifth supplier

    @property
    def taxes_each_line(self) -> bool:
        """Whether it enters tax by line, which is invoice type 4."""
        return self.registered and self.index % 4 == 2  # noqa: PLR2004  # some of them, at different prices

    def publisher(self) -> dict[str, Any]:
        """Itself as the `publisher` block (reference 4.2)."""
        die = dice("supplier", self.index)
        zip_code, prefecture, town = die.choice(TOWNS)
        branch, section = die.choice(BRANCHES)
        return {
            "publisher_mng_num": f"HQ{self.index:03}",
            "publisher_company_name": branch,
            "publisher_section": section,
            "publisher_zip": zip_code,
            "publisher_address1": prefecture + town,
            "publisher_address2": f"{die.randint(1, 9)}-{die.randint(1, 28)}-{die.randint(1, 20)}",
            "publisher_phone": f"0{die.randint(3, 9)}-0000-{die.randint(0, 9999):04}",
            "publisher_fax": f"0{die.randint(3, 9)}-0000-{die.randint(0, 9999):04}",
            "publisher_mail": f"seikyu-{self.index:02}@example.co.jp",
            "publisher_company_name_org": self.name,
            "biz_type": "1" if self.registered else "2",
            "biz_regist_no": self.number,
            **self._register_entry(prefecture, town),
        }

    def _register_entry(self, prefecture: str, town: str) -> dict[str, Any]:
        """What the tax agency's register says of it: nothing, for the unregistered (reference 4.2)."""
        blank = dict.fromkeys(_REGISTER_KEYS)
        if not self.registered:
            return blank
        return blank | {
            "nta_biz_regist_no_result": "1",
            "nta_registered_date": "2023-10-01",
            "nta_process": "01",
            "nta_company_name": self.name,
            "nta_area": prefecture,
            "nta_address": prefecture + town,
            "nta_update_date": "2023-10-01",
        }

    def banks(self) -> list[dict[str, Any]]:
        """Where it wants to be paid: one account, or two (reference 4.4)."""
        die = dice("bank", self.index)
        accounts = []
        for place in range(1 + self.index % 2):
            bank_code, bank_name, bank_kana = die.choice(BANKS)
            branch_code, branch_name, branch_kana = die.choice(BANK_BRANCHES)
            accounts.append(
                {
                    "transfer_code": f"B{self.index:03}{place + 1}",
                    "fncl_inst_code": bank_code,
                    "fncl_inst_name": bank_name,
                    "fncl_inst_kana": bank_kana,
                    "branch_code": branch_code,
                    "branch_name": branch_name,
                    "branch_kana": branch_kana,
                    "deposit_sec": die.choice(("1", "1", "2")),
                    "account_num": f"{die.randint(1, 9_999_999):07}",
                    "depositor_name": self.name,
                    "depositor_kana": self.kana,
                }
            )
        return accounts


@cache
def every_supplier() -> tuple[Supplier, ...]:
    """All suppliers of the pretend platform, the same in every twin."""
    return tuple(
        Supplier(index, name, kana, trade, registered="会社" in name)
        for index, (name, kana, trade) in enumerate(COMPANIES, start=1)
    )
