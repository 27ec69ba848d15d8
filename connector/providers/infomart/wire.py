"""Infomart's own words, read tolerantly: unknown fields pass, absent ones are None, figures may come as text [IM-9]."""

from typing import TypeAlias, TypeVar

import msgspec

from connector.providers.infomart.outgoing import RATES

T = TypeVar("T")

Loose: TypeAlias = str | int | float | bool | None


class TokenAnswer(msgspec.Struct):
    """What the token endpoint gives."""

    access_token: str | None = None  # None: an answer of half a line, or of a server that lost its way
    refresh_token: str | None = None
    # Left unread until the tokens are safe: no lifetime, however odd, may cost a token that has already arrived.
    expires_in: msgspec.Raw = msgspec.Raw()
    exires_in: msgspec.Raw = msgspec.Raw()  # the published page spells it so


class TokenRefusal(msgspec.Struct):
    """Why the token endpoint gives nothing."""

    error: str
    error_description: str | None = None


class Fault(msgspec.Struct):
    """One element of `error_list`; its layout is assumed [IM-43]."""

    error_code: str | None = None
    error_message: Loose = None  # for people
    error_item: Loose = None  # a path such as invoices[0].customer.zip
    error_index: Loose = None  # the element's place, from 1


class Envelope(msgspec.Struct):
    """What surrounds every answer, whatever its list is called."""

    error_list: list[Fault] | None = None


class Publisher(msgspec.Struct):
    """The issuing company as printed on the invoice."""

    publisher_company_name: Loose = None
    publisher_company_name_org: Loose = None
    biz_regist_no: Loose = None


class Posting(msgspec.Struct):
    """One side of a journal entry."""

    burden_sec_code: Loose = None
    burden_sec_name: Loose = None
    account_code: Loose = None
    account_name: Loose = None
    sub_account_code: Loose = None
    sub_account_name: Loose = None


class Journal(msgspec.Struct):
    """One journal entry of a line."""

    acc_slip_date: Loose = None
    debit: Posting | None = None
    credit: Posting | None = None
    journal_amount: Loose = None
    detail_summary: Loose = None


class Detail(msgspec.Struct):
    """One line; every tax item may be null [IM-8]."""

    detail_seq: Loose = None
    item_slip_date: Loose = None
    item_slip_no: Loose = None
    item_prod_code: Loose = None
    item_name: Loose = None
    item_qty: Loose = None
    item_price: Loose = None
    item_unit: Loose = None
    item_without_tax: Loose = None
    item_tax: Loose = None
    item_amount: Loose = None
    tax_type: Loose = None
    tax_rate_sec: Loose = None
    reduced_tax_flg: Loose = None
    detail_remarks: Loose = None
    journals: list[Journal] | None = None


class ReceivedInvoice(msgspec.Struct):
    """One invoice of the receiving side; the per-rate figures are read by name from the same object."""

    invoice_mng_num: Loose
    inv_no: Loose = None
    inv_name: Loose = None
    wf_status: Loose = None
    send_date: Loose = None
    reception_date: Loose = None  # its name is assumed [IM-150]
    pay_due_date: Loose = None
    pay_due_date_s: Loose = None
    private_cust_cd_s: Loose = None
    company_name_s: Loose = None
    publisher: Publisher | None = None
    inv_without_tax: Loose = None
    inv_tax: Loose = None
    inv_amount: Loose = None
    inv_show_amount: Loose = None
    details: list[Detail] | None = None


class Key(msgspec.Struct):
    """What tells one invoice from another."""

    invoice_mng_num: Loose


class Customer(msgspec.Struct):
    """The company an invoice was issued to (発行先)."""

    private_cust_cd: Loose = None
    company_name: Loose = None
    company_name_org: Loose = None


class IssuedInvoice(msgspec.Struct):
    """One invoice of the issuing side; the per-rate figures are read by name from the same object."""

    invoice_mng_num: Loose
    inv_no: Loose = None
    inv_name: Loose = None
    wf_status: Loose = None
    send_date: Loose = None
    pay_due_date: Loose = None
    customer: Customer | None = None
    inv_without_tax: Loose = None
    inv_tax: Loose = None
    inv_amount: Loose = None
    inv_show_amount: Loose = None
    details: list[Detail] | None = None


Stated = msgspec.defstruct(  # the figures of each rate, in the order of RATES
    "Stated", [(slot.theirs, Loose, None) for slots in RATES.values() for slot in slots], module=__name__
)


class Written(msgspec.Struct):
    """What an answer says of one element that was done; its layout is assumed [IM-100]."""

    index: Loose = None  # the element's place, from 1
    invoice_mng_num: Loose = None
    inv_no: Loose = None
    private_cust_cd: Loose = None
    private_cust_cd_s: Loose = None
    wf_status: Loose = None
    invite_status: Loose = None
    action: Loose = None


PAGE = msgspec.json.Decoder(Envelope)
WRITTEN = msgspec.json.Decoder(Written)
ROWS = msgspec.json.Decoder(list[msgspec.Raw] | None)
RECEIVED = msgspec.json.Decoder(ReceivedInvoice)
ISSUED = msgspec.json.Decoder(IssuedInvoice)
KEY = msgspec.json.Decoder(Key)
STATED = msgspec.json.Decoder(Stated)
FIELDS = msgspec.json.Decoder(dict[str, msgspec.Raw])
TOKEN = msgspec.json.Decoder(TokenAnswer)
TOKEN_REFUSAL = msgspec.json.Decoder(TokenRefusal)
TEXT = msgspec.json.Decoder(str)
LOOSE = msgspec.json.Decoder(Loose)


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """What the decoder makes of `body`; raises msgspec.DecodeError for anything it cannot read.

    Of endless nesting and of bytes that are no UTF-8 the decoder itself says otherwise.
    """
    try:
        return decoder.decode(body)
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
    except UnicodeDecodeError:
        raise msgspec.DecodeError("not in UTF-8") from None
