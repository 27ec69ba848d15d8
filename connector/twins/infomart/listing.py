"""The list shows an issuer what it has registered, by days of issue, wherever it stands (API 1, [IM-93])."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.dictionary import BANK, CUSTOMER, DETAIL, HEADER, PUBLISHER
from connector.twins.infomart.issuers import Issuer
from connector.twins.infomart.members import Member
from connector.twins.infomart.operations import Call, Operation, Result, Side, refuse
from connector.twins.infomart.outbox import Issued
from connector.twins.infomart.paging import Part, read_part
from connector.twins.infomart.rules import Findings, Rule, day, one_of, read_block, text, whole
from connector.twins.infomart.spans import Span, read_span
from connector.twins.infomart.stages import Stages

_CONDITIONS: dict[str, Rule] = {  # [IM-106]
    "close_date": day,
    "invoice_type": one_of("0", "1", "2", "3", "4"),
    "seal_flg": one_of("0", "1"),
    "extracting_type01": one_of("0", "1"),
    "extracting_type02": one_of("0", "1"),
}
_EXTRA: dict[str, Rule] = {  # [IM-102]
    "inv_no": text(20),
    "private_cust_cd": text(15),
    "invoice_mng_num": whole(10, least=1),
}
_NOT_TOLD = {"delete_flg", "invite_type"}


@dataclass(frozen=True, slots=True)
class Search:
    """Which invoices are wanted, and which part of them; a condition that is absent or None asks for nothing."""

    sent: Span
    due: Span
    conditions: Mapping[str, Any]
    part: Part

    def wants(self, issued: Issued) -> bool:
        """Whether an invoice meets every condition; where it stands is not among them [IM-56]."""
        header = issued.header
        return (
            self.sent.covers(header["send_date"])
            and self.due.covers(header.get("pay_due_date"))
            and all(_meets(issued, name, value) for name, value in self.conditions.items() if value is not None)
        )


def read_search(call: Call) -> Search:
    """Conditions and part; every fault of the request is named at once."""
    findings = Findings()
    rules = _CONDITIONS | (_EXTRA if call.world.knobs.extra_filters else {})
    search = Search(
        sent=read_span(call.fields, "send_date", findings, required=True),
        due=read_span(call.fields, "pay_due_date", findings),
        conditions=read_block(call.fields, rules, "", findings),
        part=read_part(call.fields, call.profile.paging, call.world.knobs.page_size, findings),
    )
    refuse(findings)
    return search


def read_issued(call: Call, search: Search) -> Result:
    """One part, in ascending order of management numbers; the newest may be missing for a while."""
    Stages(call.world, call.member).settle()
    issuer, now = call.world.issuers.of(call.member), call.world.clock.now()
    found = [each for each in issuer.outbox if each.listed_from <= now and search.wants(each)]
    page = search.part.of(found)
    return Result(
        payload={
            "total_count": len(found),
            **search.part.told,
            call.wire.list_key: [write_issued(each, issuer, call.member) for each in page],
        },
        noted={**search.sent.told, **search.part.told, "mng_nums": [each.mng_num for each in page]},
    )


def write_issued(issued: Issued, issuer: Issuer, member: Member) -> dict[str, Any]:
    """One element of the list; what was not stated is null (reference 5.1)."""
    layout = issuer.layouts.get(issued.header["invoice_setting_code"], issuer.default_layout)
    return {
        "invoice_mng_num": issued.mng_num,
        **blank(HEADER, issued.header),
        "wf_status": int(issued.stage),
        "publisher": {**blank(PUBLISHER, issued.publisher), "publisher_company_name_org": member.name},
        "customer": {
            **blank(CUSTOMER, issued.customer),
            "corp_genuine_id": issued.customer["corp_genuine_id"],
            "invite_status": issued.customer["invite_status"],
        },
        "banks": [blank(BANK, bank) for bank in issued.banks],
        "details": [{"detail_seq": seq, **blank(DETAIL, detail)} for seq, detail in enumerate(issued.details, start=1)],
        "list_info": {
            "product_sec": "0",
            "private_user_name": None,
            "approver_name": None,
            "billing_name": issued.customer.get("company_name"),
            "issue_user_name": member.name,
            "phone": issued.publisher.get("publisher_phone"),
            "send_date": issued.header["send_date"],
            "remind_date": issued.remind_date,
            "seal_flg": _sealed(issued),
            "seal_date": issued.seal_date,
            "fax_send_flg": "0",
            "qa_history": None,
            "destination_code": issued.header.get("destination_code"),
            "destination_name": issued.header.get("destination_name"),
        },
        "inv_free_titles": {name: layout.free_titles.get(name) for name in HEADER if name.startswith("inv_free_")},
    }


def blank(rules: Mapping[str, Rule], block: Mapping[str, Any]) -> dict[str, Any]:
    """A block with every field that it may have, in the dictionary's order."""
    return {name: block.get(name) for name in rules if name not in _NOT_TOLD}


def _sealed(issued: Issued) -> str:
    return "0" if issued.seal_date is None else "1"


def _meets(issued: Issued, name: str, value: Any) -> bool:
    match name:
        case "seal_flg":
            return bool(_sealed(issued) == value)
        case "extracting_type01":  # 0: no condition (reference 4.1)
            return bool(value == "0") or issued.reissued
        case "extracting_type02":
            return bool(value == "0") or issued.new_partner
        case "private_cust_cd":
            return bool(issued.customer[name] == value)
        case "invoice_mng_num":
            return bool(issued.mng_num == value)
        case _:
            return bool(issued.header.get(name) == value)


ISSUED = Operation("issued", Side.SELLER, read_search, read_issued)
