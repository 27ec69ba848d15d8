"""Texts as a receiver takes them: how long, on how many lines, and what becomes of characters it would lose."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from connector.domain.finding import Checked, Code, Finding, echoed, found, named, passed
from connector.domain.kana import composed

_FULL_WIDTH = range(0xFF01, 0xFF5F)  # ！ to ～
_HALF_WIDTH = {point: point - 0xFEE0 for point in _FULL_WIDTH} | {0x3000: 0x20}
_HYPHENS = "‐‑‒–—―−－ｰー"
_BARE = str.maketrans("", "", "- \u00a0")
_LARGEST_OF_PLANE_0 = 0xFFFF
_JOINER = "\u200d"  # holds an emoji together


@dataclass(frozen=True, slots=True)
class Field:
    """What a receiver takes in one field of text."""

    most: int  # characters, not bytes
    lines: bool = False  # whether line breaks may stand in it
    is_key: bool = False  # other things are found by it, so it is refused rather than changed
    vanishing: Mapping[str, str] = field(default_factory=dict)  # what the receiver drops unsaid -> what to send instead


def half_width(text: str) -> str:
    """The same text with full-width letters, digits, signs and spaces made half-width; nothing else changes.

    >>> half_width("Ｔ８０１－㈱①ガｶﾞ")
    'T801-㈱①ガｶﾞ'
    """
    return text.translate(_HALF_WIDTH)


def hyphened(text: str) -> str:
    """Half-width, with every character that people type for a hyphen made one; only for figures and codes.

    >>> hyphened("０３ー１２３４−５６７８")
    '03-1234-5678'
    """
    return half_width(text.translate(dict.fromkeys(map(ord, _HYPHENS), "-")))


def bare(text: str) -> str:
    """Half-width, without hyphens and spaces; only for figures and codes.

    >>> bare(" Ｔ8-0116-0102-2911 ")
    'T8011601022911'
    """
    return hyphened(text).translate(_BARE)


def is_digits(text: str) -> bool:
    """Whether the text is made of 0 to 9 alone; digits of other scripts are none."""
    return text.isascii() and text.isdigit()


def not_digits(text: str) -> str:
    """The characters of the text that are none of 0 to 9."""
    return "".join(each for each in text if not is_digits(each))


def settled(given: str, used: str, findings: Iterable[Finding] = ()) -> Checked[str]:
    """What is sent for what was typed; a notice says so when the two differ."""
    checked = passed(used, findings)
    if checked.value is None or given == used:
        return checked
    return passed(used, [*checked.findings, found(Code.VALUE_NORMALISED, given=echoed(given), used=echoed(used))])


def read_text(given: str, room: Field) -> Checked[str]:
    """The text as it can be sent; an empty one is fit for any field.

    >>> read_text("5% 引き", Field(most=30, vanishing={"%": "％"})).value
    '5％ 引き'
    """
    whole = given if room.is_key else composed(given.replace("\r\n", "\n"))
    text = "".join(room.vanishing.get(each, each) for each in whole)
    findings = [*settled(given, whole).findings, *_lost(whole, room), *_strange(text, room)]
    if len(text) > room.most:
        findings.append(found(Code.TEXT_TOO_LONG, length=len(text), most=room.most))
    return passed(text, findings)


def _lost(text: str, room: Field) -> Iterator[Finding]:
    lost = [each for each in text if each in room.vanishing]
    if lost and room.is_key:
        yield found(Code.CHARACTERS_WOULD_VANISH, characters=named(lost))
    elif lost:
        instead = "".join(room.vanishing[each] for each in dict.fromkeys(lost))
        yield found(Code.CHARACTERS_REPLACED, characters=named(lost), used=named(instead))


def _strange(text: str, room: Field) -> Iterator[Finding]:
    taken = ("\n" if room.lines else "") + ("" if room.is_key else _JOINER)
    unusable = dict.fromkeys(each for each in text if _unusable(each) and each not in taken)
    if unusable:
        yield found(Code.CHARACTERS_UNUSABLE, characters=named(unusable))
    rare = [each for each in text if ord(each) > _LARGEST_OF_PLANE_0 and each not in unusable]
    if rare:
        yield found(Code.CHARACTERS_RARE, characters=named(rare))


def _unusable(character: str) -> bool:
    """Control and invisible characters, halves of a pair, and points that are no characters."""
    point = ord(character)
    if 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE:  # noqa: PLR2004 - Unicode's noncharacters
        return True
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
