"""Infomart's words into ours; the only place where both vocabularies appear."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

import msgspec
import orjson

from connector.domain.invoice import Counterparty, FetchedInvoice, InvoiceLine, IssuedStage, Journal, Posting, Stage
from connector.domain.tax import TaxSummary
from connector.providers.infomart import dictionary, wire
from connector.providers.infomart.outgoing import RATES

_WITH_WORKFLOW: Mapping[int, Stage] = {
    50: Stage.AWAITING_FIRST_APPROVAL,
    51: Stage.IN_INTERNAL_APPROVAL,
    59: Stage.RETURNED,
    60: Stage.IN_ACCOUNTING_APPROVAL,
    69: Stage.RETURNED_TO_ACCOUNTING,
    70: Stage.IN_FINAL_APPROVAL,
    71: Stage.APPROVED,
}
_WITHOUT_WORKFLOW: Mapping[int, Stage] = {50: Stage.UNPROCESSED, 71: Stage.PROCESSED}
_OF_ISSUER: Mapping[int, IssuedStage] = {  # [IM-74]
    10: IssuedStage.DRAFT,  # [IM-75], assumed
    11: IssuedStage.IN_INTERNAL_APPROVAL,
    19: IssuedStage.RETURNED,
    20: IssuedStage.AWAITING_ISSUE_APPROVAL,
    21: IssuedStage.SCHEDULED,
    22: IssuedStage.ISSUED,
    23: IssuedStage.ISSUED_THEN_DELETED,
    29: IssuedStage.ISSUE_FAILED,
}

LONGEST_KEY = 200  # characters
_MOST_DIGITS = 30  # before and after the point; the provider's own amounts have 12 at most [IM-41]
_LARGEST_CODE = 2**31 - 1


def received_stage(wf_status: int | None, *, uses_workflow: bool) -> Stage:
    """Codes 50 and 71 have two meanings; only the tenant's workflow setting tells them apart [IM-11]."""
    table = _WITH_WORKFLOW if uses_workflow else _WITHOUT_WORKFLOW
    return table.get(wf_status, Stage.UNRECOGNISED) if wf_status is not None else Stage.UNRECOGNISED


def issued_stage(wf_status: int | None) -> IssuedStage:
    """The issuer's codes have one meaning each."""
    return _OF_ISSUER.get(wf_status, IssuedStage.UNRECOGNISED) if wf_status is not None else IssuedStage.UNRECOGNISED


def received_invoice(raw: bytes, *, uses_workflow: bool) -> FetchedInvoice:
    """One received invoice; raises msgspec.DecodeError when it lacks its key or is no object at all."""
    told = wire.read(wire.RECEIVED, raw)
    publisher = told.publisher or wire.Publisher()
    issuer = Counterparty(
        code=text(told.private_cust_cd_s),
        name=text(told.company_name_s)
        or text(publisher.publisher_company_name_org)
        or text(publisher.publisher_company_name),
        registration_number=text(publisher.biz_regist_no),
    )
    return _invoice(
        told,
        raw,
        stage=received_stage(whole(told.wf_status), uses_workflow=uses_workflow),
        due_date=_day(told.pay_due_date) or _day(told.pay_due_date_s),
        counterparty=issuer,
        day=_day(told.reception_date),
    )


def issued_invoice(raw: bytes) -> FetchedInvoice:
    """One issued invoice, its customer as the counterparty, whose registration number no field tells [IM-152].

    Windows go by the day of issue [IM-106]. Raises msgspec.DecodeError when it lacks its key or is no object at all.
    """
    told = wire.read(wire.ISSUED, raw)
    customer = told.customer or wire.Customer()
    return _invoice(
        told,
        raw,
        stage=issued_stage(whole(told.wf_status)),
        due_date=_day(told.pay_due_date),
        counterparty=Counterparty(
            code=text(customer.private_cust_cd),
            name=text(customer.company_name) or text(customer.company_name_org),
            registration_number=None,
        ),
        day=_day(told.send_date),
    )


def _invoice(
    told: wire.ReceivedInvoice | wire.IssuedInvoice,
    raw: bytes,
    *,
    stage: Stage | IssuedStage,
    due_date: date | None,
    counterparty: Counterparty,
    day: date | None,
) -> FetchedInvoice:
    """What both sides tell in the same words, and beside it what each tells in its own."""
    content, strangers = _all_of(raw)
    return FetchedInvoice(
        key=_key(told.invoice_mng_num),
        number=text(told.inv_no),
        subject=text(told.inv_name),
        stage=stage,
        stage_code=whole(told.wf_status),
        issue_date=_day(told.send_date),
        due_date=due_date,
        counterparty=counterparty,
        net=_figure(told.inv_without_tax),
        tax=_figure(told.inv_tax),
        total=_first(_figure(told.inv_amount), _figure(told.inv_show_amount)),
        tax_summary=_tax_summary(raw),
        lines=_lines(told.details),
        raw=raw,
        content=content,
        strangers=strangers,
        day=day,
    )


def key_of(raw: bytes) -> str:
    """The provider's own key of an invoice; raises msgspec.DecodeError when it lacks one or is no object at all."""
    return _key(wire.read(wire.KEY, raw).invoice_mng_num)


def total_count(told: bytes) -> int | None:
    """How many rows the list has by the provider's word; None: it does not say, or says no number [IM-54]."""
    try:
        return whole(wire.read(wire.LOOSE, told)) if told else None
    except msgspec.DecodeError:
        return None


def _all_of(raw: bytes) -> tuple[bytes, int]:
    """A digest of all it says, and how many of its fields nobody described.

    What nobody asked for is kept as well, so it must be sound to its last byte. Key order may change without meaning
    anything, a new field may not [IM-9].
    """
    told = orjson.loads(raw)
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).digest(), dictionary.strangers(told)


def _tax_summary(raw: bytes) -> list[TaxSummary]:
    """The buckets in which the issuer stated anything but nought."""
    told = msgspec.structs.astuple(wire.read(wire.STATED, raw))
    stated = []
    for place, bucket in enumerate(RATES):
        net, tax, gross = map(_figure, told[3 * place : 3 * place + 3])
        if net or tax or gross:
            stated.append(TaxSummary(bucket=bucket, net=net, tax=tax, gross=gross))
    return stated


def _lines(told: Sequence[wire.Detail] | None) -> list[InvoiceLine]:
    return [_line(position, detail) for position, detail in enumerate(told or (), start=1)]


def _line(position: int, told: wire.Detail) -> InvoiceLine:
    reduced = text(told.reduced_tax_flg)
    return InvoiceLine(
        position=position,
        date=_day(told.item_slip_date),
        slip_number=text(told.item_slip_no),
        product_code=text(told.item_prod_code),
        name=text(told.item_name),
        quantity=_figure(told.item_qty),
        unit=text(told.item_unit),
        unit_price=_figure(told.item_price),
        net=_figure(told.item_without_tax),
        tax=_figure(told.item_tax),
        gross=_figure(told.item_amount),
        tax_rate=_figure(told.tax_rate_sec),
        reduced_rate=None if reduced is None else reduced == "1",
        remarks=text(told.detail_remarks),
        journals=[_journal(entry) for entry in told.journals or ()],
    )


def _journal(told: wire.Journal) -> Journal:
    return Journal(
        slip_date=_day(told.acc_slip_date),
        amount=_figure(told.journal_amount),
        summary=text(told.detail_summary),
        debit=_posting(told.debit or wire.Posting()),
        credit=_posting(told.credit or wire.Posting()),
    )


def _posting(told: wire.Posting) -> Posting:
    return Posting(
        account_code=text(told.account_code),
        account_name=text(told.account_name),
        sub_account_code=text(told.sub_account_code),
        sub_account_name=text(told.sub_account_name),
        department_code=text(told.burden_sec_code),
        department_name=text(told.burden_sec_name),
    )


def _key(told: wire.Loose) -> str:
    """The provider's own key; raises msgspec.ValidationError for one that is empty or endless [IM-55]."""
    key = text(told)
    if key is None or len(key) > LONGEST_KEY:
        raise msgspec.ValidationError("invoice_mng_num is empty or endless")
    return key


def text(told: wire.Loose) -> str | None:
    """The text, or None for what is absent or blank; flags told as true and false read as 1 and 0."""
    if told is None:
        return None
    said = told if isinstance(told, str) else str(int(told) if isinstance(told, bool) else told)
    if "\0" in said:  # PostgreSQL's text holds none
        said = said.replace("\0", "")
    return said.strip() or None


def _figure(told: wire.Loose) -> Decimal | None:
    """The number, or None for what is absent, no number, or beyond any figure of an invoice [IM-41]."""
    said = text(told)
    if said is None:
        return None
    try:
        number = Decimal(said.replace(",", ""))
    except InvalidOperation:
        return None
    if len(said) <= _MOST_DIGITS and said.isascii() and "e" not in said.lower():
        return number if number.is_finite() else None  # as nearly all are: too short for anything beyond sense
    return number if number.is_finite() and _sensible(number) else None


def _sensible(number: Decimal) -> bool:
    _, digits, exponent = number.as_tuple()
    return int(exponent) >= -_MOST_DIGITS and len(digits) + int(exponent) <= _MOST_DIGITS


def whole(told: wire.Loose) -> int | None:
    """The whole number, or None for what is absent, none, or beyond any code."""
    number = _figure(told)
    if number is None or number != number.to_integral_value() or abs(number) > _LARGEST_CODE:
        return None
    return int(number)


def _day(told: wire.Loose) -> date | None:
    """The calendar date, or None for what is absent or no date."""
    said = text(told)
    try:
        return date.fromisoformat(said[:10]) if said else None
    except ValueError:
        return None


def _first(*figures: Decimal | None) -> Decimal | None:
    return next((figure for figure in figures if figure is not None), None)
