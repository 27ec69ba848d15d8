"""Bank accounts in Japan, as the banks' data exchange (全銀) takes them; what is written otherwise is made so."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import ascii_lowercase, ascii_uppercase

from connector.domain.finding import Checked, Code, Finding, echoed, found, named, passed
from connector.domain.kana import half_width_kana, katakana, large_kana
from connector.domain.text import bare, half_width, hyphened, not_digits, settled

_BANK_DIGITS, _BRANCH_DIGITS, _ACCOUNT_DIGITS = 4, 3, 7  # [LAW-8]
_HOLDER_MOST = 30  # half-width characters; a voicing mark is one [LAW-10]

_SIGNS = " ().-"  # every bank takes these; some take more [LAW-11]
_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝﾞﾟ")
_NOT_EVERYWHERE = "ｦ"
_CAPITALS = str.maketrans(ascii_lowercase, ascii_uppercase)
_COMPANY_IN_FRONT = re.compile(r"^\((ｶ|ﾕ|ﾄﾞ)\)")
_COMPANY_AT_END = re.compile(r"\((ｶ|ﾕ|ﾄﾞ)\)$")


class DepositKind(StrEnum):
    """What kind of account it is (預金種目)."""

    ORDINARY = "ordinary"  # 普通
    CURRENT = "current"  # 当座
    SAVINGS = "savings"  # 貯蓄
    OTHER = "other"  # その他


_KINDS: Mapping[str, DepositKind] = {  # [LAW-9]
    **dict.fromkeys(("1", "普通", "普通預金", "ordinary"), DepositKind.ORDINARY),
    **dict.fromkeys(("2", "当座", "当座預金", "current"), DepositKind.CURRENT),
    **dict.fromkeys(("4", "貯蓄", "貯蓄預金", "savings"), DepositKind.SAVINGS),
    **dict.fromkeys(("9", "その他", "other"), DepositKind.OTHER),
}


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money is to be paid, in the forms that every bank's system takes."""

    bank_code: str
    branch_code: str
    kind: DepositKind
    number: str
    holder: str  # in half-width kana (口座名義カナ)


def read_bank_account(
    *, bank_code: str, branch_code: str, kind: str, number: str, holder: str, more_signs: str = ""
) -> Checked[BankAccount]:
    """The account; each finding's path starts with the name of the part it is about.

    >>> read_bank_account(bank_code="0009", branch_code="221", kind="普通", number="12345", holder="テスト").value
    BankAccount(bank_code='0009', branch_code='221', kind=<DepositKind.ORDINARY: 'ordinary'>, number='0012345', \
holder='ﾃｽﾄ')
    """
    bank = read_bank_code(bank_code).at("bank_code")
    branch = read_branch_code(branch_code).at("branch_code")
    deposit = read_deposit_kind(kind).at("kind")
    account = read_account_number(number).at("number")
    name = read_holder(holder, more_signs=more_signs).at("holder")
    findings = (*bank.findings, *branch.findings, *deposit.findings, *account.findings, *name.findings)
    if bank.value and branch.value and deposit.value and account.value and name.value:
        return Checked(BankAccount(bank.value, branch.value, deposit.value, account.value, name.value), findings)
    return Checked(None, findings)


def read_bank_code(given: str) -> Checked[str]:
    """Four digits; a lost nought in front is not guessed."""
    return _code(given, _BANK_DIGITS)


def read_branch_code(given: str) -> Checked[str]:
    """Three digits; a lost nought in front is not guessed."""
    return _code(given, _BRANCH_DIGITS)


def read_account_number(given: str) -> Checked[str]:
    """Seven digits, filled with noughts in front [LAW-8].

    >>> read_account_number("１２３-４５").value
    '0012345'
    """
    return _code(given, _ACCOUNT_DIGITS, filled=True)


def read_deposit_kind(given: str) -> Checked[DepositKind]:
    """The kind, from its digit, its Japanese name or our own word.

    >>> read_deposit_kind("２").value
    <DepositKind.CURRENT: 'current'>
    """
    text = half_width(given).strip().lower()
    if not text:
        return Checked(None, (found(Code.VALUE_MISSING),))
    kind = _KINDS.get(text)
    return Checked(kind, () if kind else (found(Code.DEPOSIT_KIND_UNKNOWN, given=echoed(given)),))


def read_holder(given: str, *, more_signs: str = "") -> Checked[str]:
    """The holder's name in half-width kana, at most 30 characters; `more_signs` are those the bank takes besides.

    Kana of every form become large half-width ones, the long bar a hyphen, and the brackets of a company's
    abbreviation stand as banks write them: `ｶ)` in front, `(ｶ` at the end [LAW-10, LAW-11].

    >>> read_holder("（カ）ガッコーショップ").value
    'ｶ)ｶﾞﾂｺ-ｼﾖﾂﾌﾟ'
    """
    name = half_width_kana(large_kana(katakana(hyphened(given)))).translate(_CAPITALS).strip()
    name = _COMPANY_AT_END.sub(r"(\1", _COMPANY_IN_FRONT.sub(r"\1)", name))
    return settled(given, name, _about_holder(name, _LETTERS | set(_SIGNS + _NOT_EVERYWHERE + more_signs)))


def _about_holder(name: str, taken: frozenset[str]) -> Iterator[Finding]:
    if not name:
        yield found(Code.VALUE_MISSING)
    strange = [each for each in name if each not in taken]
    if strange:
        yield found(Code.CHARACTERS_UNEXPECTED, characters=named(strange))
    if len(name) > _HOLDER_MOST:
        yield found(Code.TEXT_TOO_LONG, length=len(name), most=_HOLDER_MOST)
    if any(each in _NOT_EVERYWHERE for each in name):
        yield found(Code.KANA_NOT_TAKEN_EVERYWHERE, characters=_NOT_EVERYWHERE)


def _code(given: str, wanted: int, *, filled: bool = False) -> Checked[str]:
    digits = bare(given)
    if not digits:
        return passed(digits, [found(Code.VALUE_MISSING)])
    strange = not_digits(digits)
    count = len(digits) - len(strange)
    wrong = [found(Code.CHARACTERS_UNEXPECTED, characters=named(strange))] if strange else []
    if count > wanted or (count < wanted and not filled):
        wrong.append(found(Code.DIGITS_WRONG_COUNT, digits=count, wanted=wanted))
    return settled(given, digits.zfill(wanted) if filled else digits, wrong)
