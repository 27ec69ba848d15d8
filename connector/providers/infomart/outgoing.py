"""Our words into Infomart's, field by field, for everything that is written there; `writing` puts them together.

The lengths of an issuer's master are published [IM-83]; the other names come from files that share them [IM-72], the
other lengths are assumed [IM-96], those of journal masters too [IM-123].
"""

from collections.abc import Mapping
from functools import partial

from connector.domain.bank_account import (
    DepositKind,
    read_account_number,
    read_bank_code,
    read_branch_code,
    read_deposit_kind,
    read_holder,
)
from connector.domain.bookkeeping import BookKind
from connector.domain.contact import read_mail_address, read_phone, read_postal_code
from connector.domain.draft import Business, Invitation, Method, Payment, Unit
from connector.domain.finding import Checked, Code, echoed, found
from connector.domain.registration import read_corporate_number, read_registration_number
from connector.domain.tax import Bucket, Entry
from connector.providers.infomart.fitting import (
    Block,
    Slot,
    amount,
    day,
    flag,
    invoice_key,
    kept,
    key,
    one_of,
    order,
    quantity,
    text,
)

_DEPOSITS = {  # [LAW-9]
    DepositKind.ORDINARY: "1",
    DepositKind.CURRENT: "2",
    DepositKind.SAVINGS: "4",
    DepositKind.OTHER: "9",
}
_INVITATIONS = {Invitation.EMAIL: "1", Invitation.FAX: "2", Invitation.PAPER: "9"}  # [IM-85], assumed
# [IM-162], partly assumed
_BUSINESSES = {Business.TAXABLE: "1", Business.EXEMPT: "2"}
_METHODS = {  # [IM-71]
    Method.ORDINARY: "0",
    Method.ITEMISED: "1",
    Method.FREE_FORM: "2",
    Method.QUALIFIED: "3",
    Method.QUALIFIED_BY_LINE: "4",
}
_UNITS = {Unit.INVOICE: "0", Unit.LINE: "1", Unit.SLIP: "2"}
_PAYMENTS = {Payment.TRANSFER: "0", Payment.DIRECT_DEBIT: "1", Payment.OTHER: "9"}
_ENTRIES = {Entry.EXCLUSIVE: "1", Entry.INCLUSIVE: "2", Entry.MANUAL: "3"}

# A line's tax_type, tax_rate_sec and reduced_tax_flg [IM-69, IM-70].
LINE_TAXES: Mapping[Bucket, tuple[str, int | None, str]] = {
    Bucket.STANDARD_10: ("0", 10, "0"),
    Bucket.REDUCED_8: ("0", 8, "1"),
    Bucket.OLD_8: ("0", 8, "0"),
    Bucket.OLD_5: ("0", 5, "0"),
    Bucket.ZERO: ("0", 0, "0"),
    Bucket.NON_TAXABLE: ("1", None, "0"),
    Bucket.EXEMPT: ("2", None, "0"),
    Bucket.OUT_OF_SCOPE: ("3", None, "0"),
}
SUFFIXES: Mapping[Bucket, str] = {  # [IM-68]
    Bucket.STANDARD_10: "tr10",
    Bucket.REDUCED_8: "tr8_reduced",
    Bucket.OLD_8: "tr8",
    Bucket.OLD_5: "tr5",
    Bucket.ZERO: "tr0",
    Bucket.NON_TAXABLE: "free",
    Bucket.EXEMPT: "exemption",
    Bucket.OUT_OF_SCOPE: "non",
}


def _deposit(given: str) -> Checked[str]:
    checked = read_deposit_kind(given)
    return Checked(None if checked.value is None else _DEPOSITS[checked.value], checked.findings)


def _place(given: str) -> Checked[str]:
    """Which of a journal's eight items that are chosen from a master [IM-66]."""
    known = given in {str(place) for place in range(1, 9)}
    return Checked(given, ()) if known else Checked(None, (found(Code.NUMBER_UNREADABLE, given=echoed(given)),))


_CODE = key(15)
_ZIP = kept(read_postal_code)
_PHONE = kept(partial(read_phone, most=20))
_MAIL = kept(partial(read_mail_address, most=100))
_REGISTRATION = kept(partial(read_registration_number, corporation=False))
_CORPORATE = kept(read_corporate_number)
_REGISTERED = Slot("registration_number", "biz_regist_no", _REGISTRATION)
_BUSINESS = Slot("business", "biz_type", one_of(_BUSINESSES))
_INVITED = Slot("invitation", "invite_type", one_of(_INVITATIONS))

ISSUER = (
    Slot("code", "publisher_mng_num", _CODE),
    Slot("name", "publisher_company_name", text(30)),
    Slot("section", "publisher_section", text(30)),
    Slot("postal_code", "publisher_zip", _ZIP),
    Slot("address1", "publisher_address1", text(100)),
    Slot("address2", "publisher_address2", text(100)),
    Slot("phone", "publisher_phone", _PHONE),
    Slot("fax", "publisher_fax", _PHONE),
    Slot("mail", "publisher_mail", _MAIL),
    _BUSINESS,
    _REGISTERED,
)
_COMPANY = (
    Slot("name", "company_name", text(100)),
    Slot("section", "section", text(30)),
    Slot("person", "user_name", text(30)),
    Slot("postal_code", "zip", _ZIP),
    Slot("address1", "address1", text(100)),
    Slot("address2", "address2", text(100)),
    Slot("phone", "phone", _PHONE),
    Slot("fax", "fax", _PHONE),
    Slot("mail", "user_email", _MAIL),
    Slot("corporate_number", "tax_corp_id", _CORPORATE),
    _INVITED,
)
CUSTOMER = (
    Slot("code", "private_cust_cd", _CODE),
    *_COMPANY,
    Slot("account_code", "transfer_code", _CODE),
    Slot("layout_code", "invoice_setting_code", _CODE),
)
SUPPLIER = (Slot("code", "private_cust_cd_s", _CODE), *_COMPANY, _BUSINESS, _REGISTERED)
ACCOUNT = (
    Slot("code", "transfer_code", _CODE),
    Slot("bank_code", "fncl_inst_code", read_bank_code),
    Slot("bank_name", "fncl_inst_name", text(30)),
    Slot("bank_kana", "fncl_inst_kana", text(15)),
    Slot("branch_code", "branch_code", read_branch_code),
    Slot("branch_name", "branch_name", text(30)),
    Slot("branch_kana", "branch_kana", text(15)),
    Slot("kind", "deposit_sec", _deposit),
    Slot("number", "account_num", read_account_number),
    # A company's abbreviation has a bracket, which would vanish and leave another name: refused, not replaced.
    Slot("holder", "depositor_kana", kept(read_holder)),
    Slot("holder_name", "depositor_name", text(60)),
)
INVOICE = (
    Slot("number", "inv_no", key(20)),
    Slot("title", "invoice_title", text(30)),
    Slot("subject", "inv_name", text(100)),
    Slot("layout_code", "invoice_setting_code", _CODE),
    Slot("issue_date", "send_date", day),
    Slot("closing_date", "close_date", day),
    Slot("due_date", "pay_due_date", day),
    Slot("method", "invoice_type", one_of(_METHODS)),
    Slot("unit", "unit_tax_calc_sec", one_of(_UNITS)),
    Slot("payment", "payment_method", one_of(_PAYMENTS)),
    Slot("asked", "inv_show_amount", amount),
    Slot("remarks", "remarks", text(1000, lines=True)),
    Slot("reference", "inv_free_txt1", key(50)),  # [IM-160], assumed
)
LINE = (
    Slot("name", "item_name", text(100)),
    Slot("day", "item_slip_date", day),
    Slot("slip_number", "item_slip_no", key(30)),
    Slot("product_code", "item_prod_code", key(30)),
    Slot("quantity", "item_qty", quantity),
    Slot("unit", "item_unit", text(10)),
    Slot("unit_price", "item_price", quantity),
    Slot("net", "item_without_tax", amount),
    Slot("tax", "item_tax", amount),
    Slot("gross", "item_amount", amount),
    Slot("entry", "tax_calc_type", one_of(_ENTRIES)),
    Slot("department_code", "item_sec_code", _CODE),
    Slot("department_name", "item_sec_name", text(60)),
    Slot("remarks", "detail_remarks", text(200)),
)
UPDATED = (Slot("key", "invoice_mng_num", invoice_key),)


def figures(suffix: str) -> tuple[Slot, ...]:
    """The three amounts of a total, or of one rate."""
    return (
        Slot("net", f"inv_without_tax{suffix}", amount),
        Slot("tax", f"inv_tax{suffix}", amount),
        Slot("gross", f"inv_amount{suffix}", amount),
    )


TOTAL = figures("")
RATES: Mapping[Bucket, tuple[Slot, ...]] = {bucket: figures(f"_{suffix}") for bucket, suffix in SUFFIXES.items()}

_EVERY_MASTER = (Slot("order", "sort_no", order), Slot("in_use", "use_flg", flag))
BOOKS: Mapping[BookKind, tuple[Slot, ...]] = {  # [IM-123]
    BookKind.ACCOUNT: (
        Slot("code", "account_code", _CODE),
        Slot("name", "account_name", text(60)),
        *_EVERY_MASTER,
    ),
    BookKind.SUB_ACCOUNT: (
        Slot("within", "account_code", _CODE),
        Slot("code", "sub_account_code", _CODE),
        Slot("name", "sub_account_name", text(60)),
        *_EVERY_MASTER,
    ),
    BookKind.DEPARTMENT: (
        Slot("code", "burden_sec_code", _CODE),
        Slot("name", "burden_sec_name", text(60)),
        *_EVERY_MASTER,
    ),
    BookKind.AUXILIARY_ITEM: (
        Slot("within", "item_no", _place),
        Slot("code", "aux_code", _CODE),
        Slot("name", "aux_name", text(60)),
        *_EVERY_MASTER,
    ),
}
BOOK_LISTS: Mapping[BookKind, str] = {  # [IM-121], assumed
    BookKind.ACCOUNT: "accounts",
    BookKind.SUB_ACCOUNT: "sub_accounts",
    BookKind.DEPARTMENT: "burden_secs",
    BookKind.AUXILIARY_ITEM: "journal_auxs",
}

# What stands where in an element of each list, so that a fault named by their path can be told in our words.
BLOCKS: Mapping[str, Mapping[str, Block]] = {
    "invoices": {
        "": Block(("invoice",), INVOICE),
        "publisher": Block(("issuer",), ISSUER),
        "customer": Block(("customer",), CUSTOMER),
        "banks": Block(("accounts",), ACCOUNT),
        "details": Block(("invoice", "lines"), LINE),
    },
    "suppliers": {"": Block((), SUPPLIER), "banks": Block(("accounts",), ACCOUNT)},
    **{name: {"": Block((), BOOKS[kind])} for kind, name in BOOK_LISTS.items()},
}
PATHS: Mapping[str, tuple[str, ...]] = {  # of fields that no block holds
    "invoice_mng_num": ("key",),
    **{slot.theirs: ("invoice", "total", slot.ours) for slot in TOTAL},
    **{slot.theirs: ("invoice", "tax_summary", bucket, slot.ours) for bucket, slots in RATES.items() for slot in slots},
}
LEAVES: Mapping[str, str] = {  # of fields that several of theirs make one of ours
    **dict.fromkeys(("tax_type", "tax_rate_sec", "reduced_tax_flg"), "bucket"),
    "delete_flg": "deleted",
    "seller_attached_file": "attachments",
}
