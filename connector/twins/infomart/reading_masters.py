"""Reading masters tells a receiver what it keeps books with (API 4, 仕訳関連マスタ取得, reference 5.4)."""

from dataclasses import dataclass

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.masters import SHAPES, Kind
from connector.twins.infomart.operations import Call, Operation, Result, Side, refuse
from connector.twins.infomart.paging import RULES, Part, read_part
from connector.twins.infomart.rules import Findings, is_nothing, read_list

_KINDS = {shape.target: kind for kind, shape in SHAPES.items()}


@dataclass(frozen=True, slots=True)
class Wish:
    """Which kinds are wanted, and which part of each; None: all of it."""

    kinds: tuple[Kind, ...]
    part: Part | None


def read_wish(call: Call) -> Wish:
    """`target` names kinds, none means all of them; without a page, everything is told at once [IM-121]."""
    findings = Findings()
    given = call.fields.get("target")
    named = read_list([given] if isinstance(given, str) and given else given, "target", len(Kind), findings)
    for place, name in enumerate(named):
        if name not in _KINDS:
            findings.note(Code.WRONG_FORMAT, f"target[{place}]")
    paged = not all(is_nothing(call.fields.get(name)) for name in RULES[call.profile.paging])
    part = read_part(call.fields, call.profile.paging, call.world.knobs.page_size, findings) if paged else None
    refuse(findings)
    return Wish(tuple(kind for kind in Kind if not named or SHAPES[kind].target in named), part)


def tell_masters(call: Call, wish: Wish) -> Result:
    """Kind by kind in this order [IM-120]; without the option, not even an empty list of auxiliary items [IM-65]."""
    masters, option = call.world.members.masters(call.member), call.member.journal_free
    told = {
        kind.value: [master.as_json() for master in (wish.part.of(found) if wish.part is not None else found)]
        for kind in wish.kinds
        if option or kind is not Kind.AUXILIARY
        for found in (masters.listed(kind),)
    }
    page = dict(wish.part.told) if wish.part is not None else {}
    return Result(
        payload={"journal_free_option": "1" if option else "0", **page, **told},
        noted={**page, "told": {kind: len(rows) for kind, rows in told.items()}},
    )


MASTERS = Operation("masters", Side.BUYER, read_wish, tell_masters)
