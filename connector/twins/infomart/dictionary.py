"""The dictionary names the fields of the issuing side's requests and says what each may hold (reference 4.2 to 4.7).

Among them is everything that the issuing side can ask for [IM-91]. Published are the lengths of `publisher_mng_num`,
name, section, zip and addresses [IM-83]; the other names come from public files that share them [IM-72], the other
lengths are assumed [IM-96].
"""

from connector.twins.infomart.rules import (
    Rule,
    account_number,
    amount,
    day,
    decimal,
    one_of,
    shape,
    text,
    untouched,
    whole,
)
from connector.twins.infomart.taxation import BUCKETS

_ZIP = shape("[0-9]{3}-[0-9]{4}")
_REGISTRATION = shape("T[0-9]{13}")
_FLAG = one_of("0", "1")
_MAIL = text(100, r"[^@\s]+@[^@\s]+")
_CODE = text(15)

AMOUNTS = ("without_tax", "tax", "amount")
CARRIED = ("prev_inv_amount", "payment", "adjustment", "carryover_new")

PUBLISHER: dict[str, Rule] = {
    "publisher_mng_num": _CODE,
    "publisher_company_name": text(30),
    "publisher_section": text(30),
    "publisher_zip": _ZIP,
    "publisher_address1": text(100),
    "publisher_address2": text(100),
    "publisher_phone": text(20),
    "publisher_fax": text(20),
    "publisher_mail": _MAIL,
    "biz_type": one_of("0", "1", "2"),
    "biz_regist_no": _REGISTRATION,
    "delete_flg": _FLAG,
}
CUSTOMER: dict[str, Rule] = {
    "private_cust_cd": _CODE,
    "company_name": text(100),
    "section": text(30),
    "user_name": text(30),
    "zip": _ZIP,
    "address1": text(100),
    "address2": text(100),
    "phone": text(20),
    "fax": text(20),
    "user_email": _MAIL,
    "tax_corp_id": shape("[0-9]{13}"),
    "transfer_code": _CODE,
    "invoice_setting_code": _CODE,
    "invite_type": one_of("0", "1", "2", "9"),
}
BANK: dict[str, Rule] = {
    "transfer_code": _CODE,
    "fncl_inst_code": shape("[0-9]{4}"),
    "fncl_inst_name": text(30),
    "fncl_inst_kana": text(15),
    "branch_code": shape("[0-9]{3}"),
    "branch_name": text(30),
    "branch_kana": text(15),
    "deposit_sec": one_of("1", "2", "4", "9"),
    "account_num": account_number,
    "depositor_name": text(60),
    "depositor_kana": text(30),
    "delete_flg": _FLAG,
}
HEADER: dict[str, Rule] = {
    "inv_no": text(20),
    "invoice_setting_code": _CODE,
    "invoice_title": text(30),
    "inv_name": text(100),
    "send_date": day,
    "close_date": day,
    "pay_due_date": day,
    "payment_method": one_of("0", "1", "9"),
    "invoice_type": one_of("0", "1", "2", "3", "4"),
    "unit_tax_calc_sec": one_of("0", "1", "2"),
    "tax_calc_basis": untouched,
    "private_print_flg": untouched,
    "inv_coop_post_use_type": untouched,
    **dict.fromkeys(CARRIED, amount),
    **{f"inv_{part}": amount for part in AMOUNTS},
    "inv_show_amount": amount,
    "invoice_amount_title": text(30),
    **{f"inv_{part}_{bucket}": amount for bucket in BUCKETS for part in AMOUNTS},
    "remarks": text(1000),
    "invoice_comment": text(200),
    "customer_code1": text(30),
    "customer_code2": text(30),
    "edi_info": text(20, "[\x20-\x7e\uff61-\uff9f]*"),
    "contact": text(30),
    **{f"inv_free_txt{place}": text(50) for place in range(1, 4)},
    **{f"inv_free_num{place}": decimal for place in range(1, 8)},
    "destination_code": _CODE,
    "destination_name": text(60),
    "paid_info": untouched,
    "refund_info": untouched,
    "additional_info": untouched,
    "custom_header": untouched,
    "custom_details": untouched,
    "seller_attached_file": untouched,
}
DETAIL: dict[str, Rule] = {
    "item_slip_date": day,
    "item_slip_no": text(30),
    "item_prod_code": text(30),
    "item_name": text(100),
    "item_qty": decimal,
    "item_price": decimal,
    "item_unit": text(10),
    **{f"item_{part}": amount for part in AMOUNTS},
    "tax_type": one_of("0", "1", "2", "3"),
    "tax_rate_sec": whole(2, least=0),
    "reduced_tax_flg": _FLAG,
    "tax_calc_type": one_of("1", "2", "3"),
    "input_tax_type": untouched,
    "sum_exempt_flg": untouched,
    "item_sec_code": text(15),
    "item_sec_name": text(60),
    "detail_remarks": text(200),
    **{f"item_free_txt{place}": text(50) for place in range(1, 11)},
    "item_free_txt_l": text(1000),
}
