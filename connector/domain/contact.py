"""Postal codes, telephone numbers and mail addresses."""

import re

from connector.domain.finding import Checked, Code, found, named, passed
from connector.domain.text import bare, half_width, hyphened, not_digits, settled

_POSTAL_DIGITS = 7
_BRACKETS = str.maketrans("()", "--")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+{_LABEL}")
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 255  # characters


def read_postal_code(given: str) -> Checked[str]:
    """`XXX-XXXX`, from any width, with or without the mark 〒 and the hyphen.

    >>> read_postal_code("〒１０３ー００２２").value
    '103-0022'
    """
    digits = bare(given).removeprefix("〒")
    if not digits:
        return passed(digits, [found(Code.VALUE_MISSING)])
    strange = not_digits(digits)
    count = len(digits) - len(strange)
    wrong = [found(Code.CHARACTERS_UNEXPECTED, characters=named(strange))] if strange else []
    if count != _POSTAL_DIGITS:
        wrong.append(found(Code.DIGITS_WRONG_COUNT, digits=count, wanted=_POSTAL_DIGITS))
    return settled(given, f"{digits[:3]}-{digits[3:]}", wrong)


def read_phone(given: str, *, most: int) -> Checked[str]:
    """Digits and hyphens, perhaps after a plus; brackets become hyphens, since some receivers lose them.

    >>> read_phone("（０３）1234 5678", most=20).value
    '03-1234-5678'
    """
    text = re.sub(r"[- ]+", "-", hyphened(given).translate(_BRACKETS)).strip("-")
    if not text:
        return passed(text, [found(Code.VALUE_MISSING)])
    strange = not_digits(text.removeprefix("+").replace("-", ""))
    wrong = [found(Code.CHARACTERS_UNEXPECTED, characters=named(strange))] if strange else []
    if len(text) > most:
        wrong.append(found(Code.TEXT_TOO_LONG, length=len(text), most=most))
    return settled(given, text, wrong)


def read_mail_address(given: str, *, most: int) -> Checked[str]:
    """One address that a mail server could take; whether anybody reads it is not known here.

    >>> read_mail_address("keiri＠example.co.jp", most=100).value
    'keiri@example.co.jp'
    """
    text = half_width(given).strip()
    if not text:
        return passed(text, [found(Code.VALUE_MISSING)])
    local, at, domain = text.rpartition("@")
    wrong = [found(Code.TEXT_TOO_LONG, length=len(text), most=most)] if len(text) > most else []
    if not at:
        wrong.append(found(Code.MAIL_ADDRESS_BROKEN, part="at"))
    elif not _LOCAL.fullmatch(local) or len(local) > _LONGEST_LOCAL:
        wrong.append(found(Code.MAIL_ADDRESS_BROKEN, part="local"))
    elif not _DOMAIN.fullmatch(domain) or len(domain) > _LONGEST_DOMAIN:
        wrong.append(found(Code.MAIL_ADDRESS_BROKEN, part="domain"))
    return settled(given, text, wrong)
