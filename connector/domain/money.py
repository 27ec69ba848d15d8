"""Amounts and currencies: exact decimals, no finer than the currency and no larger than the receiver takes."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation
from functools import reduce

from connector.domain.finding import Checked, Code, echoed, found, passed
from connector.domain.text import hyphened, settled

YEN = "JPY"

# ISO 4217, list one: every currency in use, under the number of its decimals [LAW-13].
_CODES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW "
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR "
    "ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV "
    "MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
DECIMALS: Mapping[str, int] = {code: decimals for decimals, codes in _CODES.items() for code in codes.split()}

# Sums are exact or fail: two figures of 30 digits on either side of the point fit, and nothing we take is longer.
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])
_LONGEST = 60  # characters of a figure; beyond it nothing is read
_FIGURE = re.compile(r"(?P<sign>[-+▲△]?)(?P<whole>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<fraction>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class Limit:
    """How large and how fine a figure a receiver takes, in digits before and after the point."""

    whole: int
    decimals: int


def added(figures: Iterable[Decimal]) -> Decimal:
    """The exact sum; nought of nothing.

    >>> added([Decimal("9999999999999999999999999999"), Decimal("0.1")])
    Decimal('9999999999999999999999999999.1')
    """
    return reduce(_EXACT.add, figures, Decimal(0))


def read_currency(given: str) -> Checked[str]:
    """The currency's three letters, in capitals.

    >>> read_currency("ｊｐｙ").value
    'JPY'
    """
    code = hyphened(given).strip().upper()
    if not code:
        return passed(code, [found(Code.VALUE_MISSING)])
    return settled(given, code, [] if code in DECIMALS else [found(Code.CURRENCY_UNKNOWN, given=echoed(given))])


def read_amount(given: str | int | Decimal, limit: Limit, *, currency: str = YEN) -> Checked[Decimal]:
    """An amount of money, without decimals that say nothing; KeyError for what `read_currency` would not pass.

    >>> read_amount("▲１,２００", Limit(whole=12, decimals=0)).value
    Decimal('-1200')
    """
    return read_figure(given, Limit(limit.whole, min(limit.decimals, DECIMALS[currency])))


def read_figure(given: str | int | Decimal, limit: Limit) -> Checked[Decimal]:
    """Any figure, such as a quantity or a unit price; it is never rounded.

    >>> read_figure("0.12345", Limit(whole=10, decimals=4)).findings[0].facts
    {'decimals': 5, 'most': 4}
    """
    figure = _parsed(given) if isinstance(given, str) else Decimal(given)
    if isinstance(given, str) and not given.strip():
        return Checked(None, (found(Code.VALUE_MISSING),))
    if figure is None or not figure.is_finite():
        return Checked(None, (found(Code.NUMBER_UNREADABLE, given=echoed(str(given))),))
    sign, digits, exponent = _shortest(figure)
    whole, decimals = max(len(digits) + exponent, 0), max(-exponent, 0)
    wrong = []
    if whole > limit.whole:
        wrong.append(found(Code.NUMBER_TOO_LARGE, digits=whole, most=limit.whole))
    if decimals > limit.decimals:
        wrong.append(found(Code.NUMBER_TOO_FINE, decimals=decimals, most=limit.decimals))
    if wrong:
        return Checked(None, tuple(wrong))
    value = Decimal((sign, digits + (0,) * max(exponent, 0), min(exponent, 0)))
    return Checked(value, settled(given, f"{value:f}").findings if isinstance(given, str) else ())


def _parsed(text: str) -> Decimal | None:
    figure = _FIGURE.fullmatch(hyphened(text).strip()) if len(text) <= _LONGEST else None
    if figure is None:
        return None
    minus = "-" if figure["sign"] not in {"", "+"} else ""
    return Decimal(f"{minus}{figure['whole'].replace(',', '')}.{figure['fraction'] or '0'}")


def _shortest(figure: Decimal) -> tuple[int, tuple[int, ...], int]:
    """Sign, digits and exponent without zeros at either end; nought has no digits and no sign."""
    sign, digits, exponent = figure.as_tuple()
    written = "".join(map(str, digits)).lstrip("0")
    kept = written.rstrip("0")
    if not kept:
        return 0, (), 0
    return sign, tuple(map(int, kept)), int(exponent) + len(written) - len(kept)
