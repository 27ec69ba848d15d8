"""Infomart's own words, read tolerantly: unknown fields pass, absent ones are None, figures may come as text [IM-9]."""

from typing import TypeAlias

import msgspec

Loose: TypeAlias = str | int | float | bool | None


class TokenAnswer(msgspec.Struct):
    """What the token endpoint gives."""

    access_token: str
    refresh_token: str | None = None
    expires_in: Loose = None
    exires_in: Loose = None  # the published page spells it so


class TokenRefusal(msgspec.Struct):
    """Why the token endpoint gives nothing."""

    error: str
    error_description: str | None = None


class Fault(msgspec.Struct):
    """One element of `error_list`."""

    error_code: str | None = None


class Envelope(msgspec.Struct):
    """What surrounds every answer; the payload is kept as it came."""

    error_list: list[Fault] | None = None
    invoices: list[msgspec.Raw] | None = None


class Publisher(msgspec.Struct):
    """The issuing company as printed on the invoice."""

    publisher_company_name: str | None = None
    publisher_company_name_org: str | None = None
    biz_regist_no: str | None = None


class Posting(msgspec.Struct):
    """One side of a journal entry."""

    burden_sec_code: str | None = None
    burden_sec_name: str | None = None
    account_code: str | None = None
    account_name: str | None = None
    sub_account_code: str | None = None
    sub_account_name: str | None = None


class Journal(msgspec.Struct):
    """One journal entry of a line."""

    acc_slip_date: str | None = None
    debit: Posting | None = None
    credit: Posting | None = None
    journal_amount: Loose = None
    detail_summary: str | None = None


class Detail(msgspec.Struct):
    """One line; every tax item may be null [IM-8]."""

    detail_seq: Loose = None
    item_slip_date: str | None = None
    item_slip_no: Loose = None
    item_prod_code: Loose = None
    item_name: str | None = None
    item_qty: Loose = None
    item_price: Loose = None
    item_unit: str | None = None
    item_without_tax: Loose = None
    item_tax: Loose = None
    item_amount: Loose = None
    tax_type: Loose = None
    tax_rate_sec: Loose = None
    reduced_tax_flg: Loose = None
    detail_remarks: str | None = None
    journals: list[Journal] | None = None


class ReceivedInvoice(msgspec.Struct):
    """One invoice of the receiving side; the per-rate figures are read by name from the same object."""

    invoice_mng_num: Loose
    inv_no: Loose = None
    inv_name: str | None = None
    wf_status: Loose = None
    send_date: str | None = None
    pay_due_date: str | None = None
    pay_due_date_s: str | None = None
    private_cust_cd_s: Loose = None
    company_name_s: str | None = None
    publisher: Publisher | None = None
    inv_without_tax: Loose = None
    inv_tax: Loose = None
    inv_amount: Loose = None
    inv_show_amount: Loose = None
    details: list[Detail] | None = None


PAGE = msgspec.json.Decoder(Envelope)
INVOICE = msgspec.json.Decoder(ReceivedInvoice)
FIGURES = msgspec.json.Decoder(dict[str, msgspec.Raw])
TOKEN = msgspec.json.Decoder(TokenAnswer)
TOKEN_REFUSAL = msgspec.json.Decoder(TokenRefusal)
LOOSE = msgspec.json.Decoder(Loose)
