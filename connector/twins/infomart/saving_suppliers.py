"""Saving suppliers registers, updates and invites the companies a receiver pays (API 7, 支払先登録更新招待)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.twins.infomart.assumed import MOST_BANKS, MOST_SUPPLIERS
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.dictionary import BANK, CUSTOMER, PUBLISHER
from connector.twins.infomart.masters import ObstacleError
from connector.twins.infomart.operations import Call, Operation, Result, Side, refuse
from connector.twins.infomart.rules import Findings, Rule, one_of, read_block, read_list, text
from connector.twins.infomart.supplier_list import CODE, TEXTS, Way

_RULES: Mapping[str, Rule] = {
    CODE: text(15),
    **{name: CUSTOMER.get(name) or PUBLISHER[name] for name in TEXTS},
    "invite_type": one_of(*Way),
}
_BANK = {name: rule for name, rule in BANK.items() if name != "delete_flg"}
_BANK_NEEDS = tuple(name for name in _BANK if name not in {"fncl_inst_kana", "branch_kana", "depositor_name"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """One element: the fields to save and how the company shall be invited, unless something is wrong with it."""

    path: str  # suppliers[0].
    faults: Findings
    code: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)  # None where a field was sent empty
    way: Way = Way.NONE


def read_suppliers(call: Call) -> list[Wanted]:
    """The elements of `suppliers`, of which there must be one and may be a hundred [IM-128]."""
    findings = Findings()
    elements = read_list(call.fields.get("suppliers"), "suppliers", MOST_SUPPLIERS, findings)
    if not elements and not findings.refusals:
        findings.note(Code.REQUIRED, "suppliers")
    refuse(findings)
    suppliers = [read_supplier(place, element) for place, element in enumerate(elements)]
    seen: set[str] = set()
    for wanted in suppliers:
        if not wanted.faults.refusals and wanted.code in seen:  # which of the two, nobody knows [IM-128]
            wanted.faults.note(Code.INCONSISTENT, wanted.path + CODE)
        seen.add(wanted.code)
    return suppliers


def read_supplier(place: int, element: Any) -> Wanted:
    """The element at this place, from 0."""
    path, faults = f"suppliers[{place}].", Findings(place + 1)
    given = read_block(element, _RULES, path, faults)
    if isinstance(element, Mapping) and "banks" in element:
        given["banks"] = _read_banks(element["banks"], f"{path}banks", faults)
    if not faults.refusals:
        faults.require(given, path, CODE)
    if faults.refusals:
        return Wanted(path, faults)
    way = Way(given.pop("invite_type", None) or Way.NONE)
    return Wanted(path, faults, given.pop(CODE), given, way)


def _read_banks(given: Any, path: str, faults: Findings) -> list[dict[str, Any]]:
    """The accounts that stand in place of all earlier ones [IM-129]."""
    banks = []
    for place, element in enumerate(read_list(given, path, MOST_BANKS, faults)):
        before = len(faults.refusals)
        bank = read_block(element, _BANK, f"{path}[{place}].", faults)
        if len(faults.refusals) == before:
            faults.require(bank, f"{path}[{place}].", *_BANK_NEEDS)
        banks.append(bank)
    return banks


def save_suppliers(call: Call, wishes: Sequence[Wanted]) -> Result:
    """Each is looked up, saved and then invited [IM-134]; what can be done is done [IM-128]."""
    done = []
    for wanted in wishes:
        if wanted.faults.refusals:
            continue
        try:
            done.append({"index": wanted.faults.index, **_save(call, wanted)})
        except ObstacleError as obstacle:
            for code, name in obstacle.obstacles:
                wanted.faults.note(code, wanted.path + name)
    refusals = [refusal for wanted in wishes for refusal in wanted.faults.refusals]
    quiet = refusals and not call.world.knobs.echo_success_on_400
    noted = {"saved": [each[CODE] for each in done]}
    return Result(payload={} if quiet else {call.wire.list_key: done}, noted=noted, refusals=refusals)


def _save(call: Call, wanted: Wanted) -> dict[str, Any]:
    """A refused invitation leaves what was saved before it [IM-131]."""
    suppliers = call.world.members.supplier_list(call.member)
    facts = {"pfid": call.member.pfid, "request_id": str(call.request_id), "code": wanted.code}
    saved = suppliers.save(wanted.code, wanted.given)
    call.world.ledger.write("supplier_saved", **facts, action=saved.action, changed=list(saved.changed))
    if wanted.way is not Way.NONE:
        suppliers.invite(wanted.code, wanted.way)
        call.world.ledger.write("supplier_invited", **facts, by=wanted.way.name.lower())
    return {CODE: wanted.code, "action": saved.action, "invite_status": suppliers[wanted.code].invited}


SUPPLIERS = Operation("suppliers", Side.BUYER, read_suppliers, save_suppliers)
