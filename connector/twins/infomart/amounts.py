"""Amounts of an invoice must agree with each other; what is not stated is not judged (reference 7.3, [IM-103])."""

from collections.abc import Iterable, Mapping
from typing import Any

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.dictionary import AMOUNTS
from connector.twins.infomart.rules import Findings
from connector.twins.infomart.taxation import BUCKETS, LINE_CODES, RATES, tax_of

_QUALIFIED, _TAXED_BY_LINE = "3", "4"
_ROUNDINGS = ("down", "up", "half_up")
_RATES = {**{str(treatment): rate for treatment, rate in RATES.items()}, "tr8": 8, "tr5": 5}
_BUCKETS_BY_CODES: dict[tuple[Any, Any, Any], str] = {
    **{codes: str(treatment) for treatment, codes in LINE_CODES.items()},
    ("0", 8, "0"): "tr8",
    ("0", 5, "0"): "tr5",
    ("0", 0, "0"): "tr0",
}


def check_amounts(
    header: Mapping[str, Any],
    details: Iterable[Mapping[str, Any]],
    invoice_type: str | None,
    path: str,
    findings: Findings,
) -> None:
    """Notes every amount that contradicts others; only qualified invoices are judged rate by rate [IM-71]."""
    wrong = [] if _adds_up(header, "") else ["inv_amount"]
    if invoice_type in {_QUALIFIED, _TAXED_BY_LINE}:
        wrong += _wrong_buckets(header, rounded_once=invoice_type == _QUALIFIED)
        wrong += _wrong_sums(header)
    if invoice_type == _TAXED_BY_LINE:
        wrong += _wrong_line_taxes(header, details)
    for name in dict.fromkeys(wrong):
        findings.note(Code.INCONSISTENT, f"{path}{name}")


def _adds_up(header: Mapping[str, Any], suffix: str) -> bool:
    net, tax, gross = (header.get(f"inv_{part}{suffix}") for part in AMOUNTS)
    return None in {net, tax, gross} or net + tax == gross  # type: ignore[operator]  # none of them is None here


def _wrong_buckets(header: Mapping[str, Any], *, rounded_once: bool) -> list[str]:
    wrong = []
    for bucket in BUCKETS:
        net, tax, gross = (header.get(f"inv_{part}_{bucket}") for part in AMOUNTS)
        if not _adds_up(header, f"_{bucket}"):
            wrong.append(f"inv_amount_{bucket}")
        if tax is None:
            continue
        rate = _RATES.get(bucket, 0)
        if (rate == 0 and tax != 0) or (rounded_once and rate and not _is_rounded_tax(tax, net, gross, rate)):
            wrong.append(f"inv_tax_{bucket}")
    return wrong


def _is_rounded_tax(tax: int, net: int | None, gross: int | None, rate: int) -> bool:
    """Rounded once, in any direction, from the amount before tax or from the one with it."""
    fair = {tax_of(net, rate, included=False, rounding=each) for each in _ROUNDINGS} if net is not None else set()
    if gross is not None:
        fair |= {tax_of(gross, rate, included=True, rounding=each) for each in _ROUNDINGS}
    return not fair or tax in fair


def _wrong_sums(header: Mapping[str, Any]) -> list[str]:
    """The header's totals that are not the sums of their buckets."""
    wrong = []
    for part in AMOUNTS:
        total = header.get(f"inv_{part}")
        stated = [each for bucket in BUCKETS if (each := header.get(f"inv_{part}_{bucket}")) is not None]
        if total is not None and stated and sum(stated) != total:
            wrong.append(f"inv_{part}")
    return wrong


def _wrong_line_taxes(header: Mapping[str, Any], details: Iterable[Mapping[str, Any]]) -> list[str]:
    """Where tax is entered by line, a bucket's tax is the sum of its lines' and nothing else."""
    sums: dict[str, int] = {}
    for line in details:
        codes = (line.get("tax_type"), line.get("tax_rate_sec"), line.get("reduced_tax_flg") or "0")
        bucket = _BUCKETS_BY_CODES.get(codes)
        if bucket is not None and line.get("item_tax") is not None:
            sums[bucket] = sums.get(bucket, 0) + line["item_tax"]
    stated = {bucket: header.get(f"inv_tax_{bucket}") for bucket in sums}
    return [f"inv_tax_{bucket}" for bucket, tax in stated.items() if tax is not None and tax != sums[bucket]]
