"""What an answer says became of each element of a write: by place and by path, and never by what is likely.

An answer may be a partial failure: some elements are named as refused, and the others were done without a word
[IM-5, IM-100]. Where the answer contradicts itself, nothing is believed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from connector.domain.outcome import Done, Invited, Outcome, Refusal, Refused, Silence, Untold
from connector.ports import Prepared
from connector.providers.infomart import mapping, outgoing, wire
from connector.providers.infomart.fitting import Block
from connector.providers.infomart.refusals import THEIR_SIDE

_PATH = re.compile(r"(?P<part>\w+)\[(?P<place>[0-9]{1,6})\](?:\.(?P<rest>.*))?", re.DOTALL)
_STEP = re.compile(r"(?P<name>\w+)(?:\[(?P<place>[0-9]{1,6})\])?")
_OF_DATA = ("E2", "E3", "E4")  # what was sent cannot be done as it is [IM-45]
_LONGEST = 500  # characters of what a provider says that are kept
_INVITED: Mapping[str, Invited] = {"0": Invited.NEVER, "1": Invited.INVITED, "2": Invited.CONNECTED}  # [IM-85], assumed
_CREATED: Mapping[str, bool] = {"created": True, "updated": False}


@dataclass(slots=True)
class _Told:
    """What was said about one element."""

    refusals: list[Refusal] = field(default_factory=list)
    doubts: list[Refusal] = field(default_factory=list)  # faults that do not prove that it was not done
    rows: list[wire.Written] = field(default_factory=list)


def whole_request(faults: Sequence[wire.Fault], sent: Sequence[Prepared]) -> bool:
    """Whether every fault is about the list of several elements itself, so that none of them was looked at."""
    parts = {each.part for each in sent}
    of_a_list = [each.error_item in parts and each.error_index is None for each in faults]
    return len(sent) > 1 and bool(faults) and all(of_a_list)


def read(
    faults: Sequence[wire.Fault], body: bytes, sent: Sequence[Prepared], *, refusing: bool, counted: bool
) -> list[Outcome]:
    """One outcome for each element that was sent, in that order.

    `refusing`: the HTTP status says so too, so that a code of no known family is a refusal and no remark. `counted`: a
    success is told by numbers alone, so an answer that refuses nothing is one for all of them [IM-122].
    """
    told = [_Told() for _ in sent]
    unplaced: list[Refusal] = []
    for fault in faults:
        place = _place(fault, sent)
        if place is None:
            unplaced.append(_refusal(fault))
        elif _refuses(fault, refusing=refusing):
            told[place].refusals.append(_refusal(fault))
        else:
            told[place].doubts.append(_refusal(fault))
    rows = _rows(body, sent)
    for row in rows:
        if (at := _place_of_row(row, sent)) is not None:
            told[at].rows.append(row)
    if counted and not faults and not refusing:
        return [Done(code=each.known_by[-1]) for each in sent]
    named = any(each.refusals for each in told) and not unplaced
    return [_outcome(each, element, unplaced, named=named) for each, element in zip(told, sent, strict=True)]


def _refuses(fault: wire.Fault, *, refusing: bool) -> bool:
    """Whether it was not done because of this; trouble of theirs may have come in the middle of the work [IM-49]."""
    code = fault.error_code or ""
    return not code.startswith(THEIR_SIDE) and (refusing or code.startswith(_OF_DATA))


def _outcome(told: _Told, sent: Prepared, unplaced: Sequence[Refusal], *, named: bool) -> Outcome:
    if told.refusals and not told.rows and not told.doubts:
        return Refused(tuple(told.refusals))
    if told.refusals or told.doubts or len(told.rows) > 1 or (told.rows and not _fits(told.rows[0], sent)):
        return Untold(Silence.NOT_NAMED, (*told.refusals, *told.doubts, *unplaced))
    if told.rows:
        return _done(told.rows[0])
    return Untold(Silence.OTHERS_NAMED if named else Silence.NOT_NAMED, tuple(unplaced))


def _done(row: wire.Written) -> Done:
    number, status, invited = (mapping.text(each) for each in (row.invoice_mng_num, row.wf_status, row.invite_status))
    return Done(
        key=number if number and len(number) <= mapping.LONGEST_KEY else None,
        stage=None if status is None else mapping.issued_stage(mapping.whole(row.wf_status)),
        code=mapping.text(row.private_cust_cd) or mapping.text(row.private_cust_cd_s),
        created=_CREATED.get(mapping.text(row.action) or ""),
        invited=None if invited is None else _INVITED.get(invited, Invited.UNRECOGNISED),
    )


def _fits(row: wire.Written, sent: Prepared) -> bool:
    """Whether what the row says of the element's names is what was sent; what it does not say fits."""
    customer = sent.element.get("customer")
    asked: dict[str, Any] = {**(customer if isinstance(customer, Mapping) else {}), **sent.element}
    names = ("inv_no", "private_cust_cd", "private_cust_cd_s", "invoice_mng_num")
    return all(
        mapping.text(asked[name]) == said
        for name in names
        if name in asked and (said := mapping.text(getattr(row, name)))
    )


def _rows(body: bytes, sent: Sequence[Prepared]) -> list[wire.Written]:
    """The rows of elements that were done; one that cannot be read says nothing."""
    rows = []
    try:
        listed = wire.read(wire.FIELDS, body).get(sent[0].part)
        told = wire.read(wire.ROWS, bytes(listed)) if listed is not None else None
    except msgspec.DecodeError:  # an answer in XML, or counters in place of a list
        return []
    for each in told or ():
        try:
            rows.append(wire.read(wire.WRITTEN, bytes(each)))
        except msgspec.DecodeError:
            continue
    return rows


def _place_of_row(row: wire.Written, sent: Sequence[Prepared]) -> int | None:
    if row.index is None and len(sent) == 1:
        return 0
    index = _index(row.index)
    return index - 1 if index is not None and 1 <= index <= len(sent) else None


def _index(told: wire.Loose) -> int | None:
    """A place, from 1; what is yes or no is none."""
    return None if isinstance(told, bool) else mapping.whole(told)


def _place(fault: wire.Fault, sent: Sequence[Prepared]) -> int | None:
    """Which element a fault is about: the only one there is, if it does not say; None: nobody knows."""
    path = _PATH.fullmatch(mapping.text(fault.error_item) or "")
    index = _index(fault.error_index)
    part, place = (path["part"], int(path["place"])) if path else (None, None if index is None else index - 1)
    if path and index is not None and index - 1 != place:
        return None
    if len(sent) == 1 and place is None:
        return 0
    places = [at for at, each in enumerate(sent) if part is None or each.part == part]
    if part is None and len({each.part for each in sent}) > 1:
        return None  # a place in one of several lists
    return places[place] if place is not None and 0 <= place < len(places) else None


def _refusal(fault: wire.Fault) -> Refusal:
    said = mapping.text(fault.error_message)
    return Refusal(
        code=fault.error_code,
        path=_ours(mapping.text(fault.error_item) or ""),
        words=None if said is None else said[:_LONGEST],
    )


def _ours(item: str) -> tuple[str, ...]:
    """The path within the element in our words; a step we have no word for keeps theirs, and places count from 1."""
    path = _PATH.fullmatch(item)
    if path is None:
        return (item[:_LONGEST],) if item else ()
    rest, blocks = (path["rest"] or "")[:_LONGEST], outgoing.BLOCKS.get(path["part"], {})
    head, _, name = rest.partition(".")
    step = _STEP.fullmatch(head)
    if step is None or "." in name or (name and step["name"] not in blocks):
        return (rest,) if rest else ()
    if step["name"] not in blocks:
        return _named(blocks.get(""), head)
    block = blocks[step["name"]]
    lead = (*block.ours, *([str(int(step["place"]) + 1)] if step["place"] else []))
    return (*lead, *(_named(replace(block, ours=()), name) if name else ()))


def _named(block: Block | None, name: str) -> tuple[str, ...]:
    """One field's name in our words, led by what it stands in."""
    if name in outgoing.PATHS:
        return outgoing.PATHS[name]
    slots = block.slots if block else ()
    ours = next((slot.ours for slot in slots if slot.theirs == name), outgoing.LEAVES.get(name, name))
    return (*(block.ours if block else ()), ours)
