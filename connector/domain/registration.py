"""Registration numbers of qualified invoice issuers (登録番号) and corporate numbers (法人番号)."""

from collections.abc import Iterator

from connector.domain.finding import Checked, Code, Finding, echoed, found, named, passed
from connector.domain.text import bare, not_digits, settled

_DIGITS = 13  # of a corporate number and, after its T, of a registration number [LAW-1]


def check_digit(last_twelve: str) -> int:
    """The digit that belongs before the other twelve: 1 to 9 [LAW-2].

    >>> check_digit("011601022911")
    8
    """
    weighed = (int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(last_twelve)))
    return 9 - sum(weighed) % 9


def read_registration_number(given: str, *, corporation: bool) -> Checked[str]:
    """`T` and 13 digits, from any width, with hyphens and spaces.

    A wrong check digit stops a corporation's number only: whether a sole proprietor's obeys it is disputed [LAW-3].

    >>> read_registration_number("ｔ８０１１－６０１０－２２９１１", corporation=True).value
    'T8011601022911'
    """
    text = bare(given)
    if not text:
        return passed(text, [found(Code.VALUE_MISSING)])
    digits = text[1:] if text[0] in "Tt" else text
    without = [found(Code.REGISTRATION_WITHOUT_T, given=echoed(given))] if digits == text else []
    return settled(given, f"T{digits}", [*without, *_wrong(digits, doubtful=not corporation)])


def read_corporate_number(given: str) -> Checked[str]:
    """The 13 digits of a corporate number, from any width, with hyphens and spaces.

    >>> read_corporate_number("８０１１６０１０２２９１１").value
    '8011601022911'
    """
    digits = bare(given)
    if not digits:
        return passed(digits, [found(Code.VALUE_MISSING)])
    return settled(given, digits, _wrong(digits, doubtful=False))


def _wrong(text: str, *, doubtful: bool) -> Iterator[Finding]:
    strange = not_digits(text)
    digits = len(text) - len(strange)
    if strange:
        yield found(Code.CHARACTERS_UNEXPECTED, characters=named(strange))
    if digits != _DIGITS:
        yield found(Code.DIGITS_WRONG_COUNT, digits=digits, wanted=_DIGITS)
    elif not strange and check_digit(text[1:]) != int(text[0]):
        code = Code.CHECK_DIGIT_DOUBTFUL if doubtful else Code.CHECK_DIGIT_WRONG
        yield found(code, found=text[0], expected=check_digit(text[1:]))
