"""Filters keep the received invoices that a search asks for beyond its days (reference 5.6, [IM-132])."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.rules import Findings, Rule, one_of, read_block, text

_RULES: Mapping[str, Rule] = {
    "private_cust_cd_s": text(15),
    "company_name_s": text(100),
    "burden_sec_code": text(15),
    "burden_sec_name": text(60),
    "acc_depart_name": text(60),
    "journal_flg": one_of("0", "1"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wished, by the names of the request; a code must be equal, a name contained."""

    wished: Mapping[str, str]

    def keep(self, invoice: Mapping[str, Any]) -> bool:
        """Whether the written invoice is one that is asked for."""
        tests: dict[str, Callable[[str], bool]] = {
            "private_cust_cd_s": lambda code: invoice["private_cust_cd_s"] == code,
            "company_name_s": lambda name: name in invoice["company_name_s"],
            "burden_sec_code": lambda code: any(side["burden_sec_code"] == code for side in _sides(invoice)),
            "burden_sec_name": lambda name: any(name in side["burden_sec_name"] for side in _sides(invoice)),
            "acc_depart_name": lambda name: name in (invoice.get("acc_depart_name") or ""),
            "journal_flg": lambda flag: flag == "0" or _journalised(invoice),
        }
        return all(test(self.wished[name]) for name, test in tests.items() if name in self.wished)


def read_filters(fields: Mapping[str, Any], findings: Findings) -> Filters:
    """The wishes of a request; an empty one is none."""
    given = read_block(fields, _RULES, "", findings)
    return Filters({name: wish for name, wish in given.items() if wish is not None})


def _sides(invoice: Mapping[str, Any]) -> Iterator[Mapping[str, str]]:
    for detail in invoice["details"]:
        for journal in detail["journals"]:
            yield journal["debit"]
            yield journal["credit"]


def _journalised(invoice: Mapping[str, Any]) -> bool:
    """Whether every line that charges something is booked; a remark never is [IM-132]."""
    charged = [detail for detail in invoice["details"] if detail["item_amount"] is not None]
    return bool(charged) and all(detail["journals"] for detail in charged)
