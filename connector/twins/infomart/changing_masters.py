"""Changing masters registers, updates and deletes what a receiver keeps books with (API 5, 仕訳関連マスタ登録)."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from http import HTTPStatus
from typing import Any

from connector.twins.infomart.answers import Refusal, RefusedError
from connector.twins.infomart.approvals import DONE
from connector.twins.infomart.assumed import MOST_MASTERS
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.journals import FROM_A_MASTER, used_masters
from connector.twins.infomart.masters import SHAPES, Key, Kind, Master, Masters, ObstacleError, Reference
from connector.twins.infomart.operations import LACKING, Call, Operation, Result, Side, refuse
from connector.twins.infomart.received import write_received
from connector.twins.infomart.rules import Findings, Rule, one_of, read_block, read_list, text, whole

_CODE, _NAME = text(15), text(60)  # [IM-123]
_RULES: Mapping[Kind, Mapping[str, Rule]] = {
    Kind.ACCOUNT: {"account_code": _CODE, "account_name": _NAME},
    Kind.SUB_ACCOUNT: {"account_code": _CODE, "sub_account_code": _CODE, "sub_account_name": _NAME},
    Kind.DEPARTMENT: {"burden_sec_code": _CODE, "burden_sec_name": _NAME},
    Kind.AUXILIARY: {"item_no": one_of(*map(str, FROM_A_MASTER)), "aux_code": _CODE, "aux_name": _NAME},
}
_ALWAYS: Mapping[str, Rule] = {
    "sort_no": whole(9, least=0),
    "use_flg": one_of("0", "1"),
    "delete_flg": one_of("0", "1"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One element of an array: what shall become of the master with this key, unless something is wrong with it."""

    kind: Kind
    path: str  # accounts[0].
    faults: Findings
    key: Key = ()
    given: Mapping[str, Any] = field(default_factory=dict)  # the fields that were sent; None where one was empty

    @property
    def deletes(self) -> bool:
        """Whether the master shall go."""
        return self.given.get("delete_flg") == "1"


def read_changes(call: Call) -> list[Change]:
    """The elements of every array; then the option check, which stands before all work on masters [IM-135]."""
    findings = Findings()
    arrays = {kind: read_list(call.fields.get(kind), kind, MOST_MASTERS, findings) for kind in Kind}
    if not any(arrays.values()) and not findings.refusals:
        findings.note(Code.REQUIRED)
    refuse(findings)
    if arrays[Kind.AUXILIARY] and not call.member.journal_free:
        denied = HTTPStatus(call.world.knobs.denied[call.profile.name])
        raise RefusedError(denied, Refusal(LACKING["journal_free"], Kind.AUXILIARY))
    changes = [read_change(kind, place, each) for kind in Kind for place, each in enumerate(arrays[kind])]
    seen: set[Reference] = set()
    for change in changes:
        if not change.faults.refusals and (change.kind, change.key) in seen:  # which of the two, nobody knows [IM-124]
            change.faults.note(Code.INCONSISTENT, change.path + SHAPES[change.kind].key[-1])
        seen.add((change.kind, change.key))
    return changes


def read_change(kind: Kind, place: int, element: Any) -> Change:
    """The element at this place, from 0."""
    path, faults = f"{kind}[{place}].", Findings(place + 1)
    given = read_block(element, {**_RULES[kind], **_ALWAYS}, path, faults)
    if not faults.refusals:
        faults.require(given, path, *SHAPES[kind].key)
    if faults.refusals:
        return Change(kind, path, faults)
    key = tuple(int(given[name]) if name == "item_no" else given[name] for name in SHAPES[kind].key)
    return Change(kind, path, faults, key, given)


def change_masters(call: Call, changes: Sequence[Change]) -> Result:
    """Kind by kind, each after those it depends on [IM-82]; what can be done is done [IM-122]."""
    masters = call.world.members.masters(call.member)
    counts = {kind: Counter[str]() for kind in Kind}
    used = cache(lambda: frozenset(_used(call)))
    for change in changes:
        if change.faults.refusals:
            continue
        try:
            deed = _apply(call, masters, change, used() if change.deletes else frozenset())
        except ObstacleError as obstacle:
            for code, name in obstacle.obstacles:
                change.faults.note(code, change.path + name)
        else:
            counts[change.kind][deed] += 1
    told = {
        kind.value: {deed: counts[kind][deed] for deed in ("created", "updated", "deleted")}
        for kind in Kind
        if call.member.journal_free or kind is not Kind.AUXILIARY
    }
    refusals = [refusal for change in changes for refusal in change.faults.refusals]
    quiet = refusals and not call.world.knobs.echo_success_on_400
    return Result(payload={} if quiet else told, noted={"changed": told}, refusals=refusals)


def apply_fields(change: Change, before: Master | None) -> Master:
    """The master as it is after the change; ObstacleError if it has no name then [IM-124]."""
    name_field = SHAPES[change.kind].name
    name = change.given.get(name_field, before.name if before is not None else None)
    if name is None:
        raise ObstacleError((Code.REQUIRED, name_field))
    master = before or Master(change.kind, change.key, name)
    return replace(
        master,
        name=name,
        sort_no=change.given.get("sort_no", master.sort_no) or 0,
        use_flg=change.given.get("use_flg", master.use_flg) or "1",
    )


def _apply(call: Call, masters: Masters, change: Change, used: frozenset[Reference]) -> str:
    facts = {
        "pfid": call.member.pfid,
        "request_id": str(call.request_id),
        "kind": SHAPES[change.kind].target,
        "code": "/".join(map(str, change.key)),
    }
    if change.deletes:
        masters.delete(change.kind, change.key, used=used)
        call.world.ledger.write("master_deleted", **facts)
        return "deleted"
    before = masters.find(change.kind, change.key)  # decides whether it is registered or updated [IM-133]
    saved = masters.save(apply_fields(change, before))
    call.world.ledger.write("master_saved", **facts, action=saved.action, changed=list(saved.changed))
    return saved.action


def _used(call: Call) -> Iterator[Reference]:
    """Every master that an unfinished invoice is booked to [IM-125]."""
    for received in call.world.members.inbox(call.member).everything():
        if received.wf_status != DONE:
            yield from used_masters(write_received(call, received))


SAVE_MASTERS = Operation("save_masters", Side.BUYER, read_changes, change_masters)
