"""Every name known to stand in a list of invoices; others are kept in `raw` all the same, and counted [IM-9]."""

from typing import Any

from connector.providers.infomart import wire

_READ = (
    wire.Stated,
    wire.ReceivedInvoice,
    wire.IssuedInvoice,
    wire.Publisher,
    wire.Customer,
    wire.Detail,
    wire.Journal,
    wire.Posting,
)
_HEADER = """
    invoice_setting_code invoice_title close_date payment_method invoice_type unit_tax_calc_sec tax_calc_basis
    private_print_flg inv_coop_post_use_type prev_inv_amount payment adjustment carryover_new invoice_amount_title
    remarks invoice_comment customer_code1 customer_code2 edi_info contact destination_code destination_name
    paid_info refund_info additional_info custom_header custom_details seller_attached_file banks list_info
    inv_free_titles private_cust_cd_b company_name_b order_date remind_date item_memo1 item_memo2
"""
_BLOCKS = """
    publisher_mng_num publisher_section publisher_zip publisher_address1 publisher_address2 publisher_phone
    publisher_fax publisher_mail biz_type nta_biz_regist_no_result nta_registered_date nta_process nta_company_name
    nta_area nta_address nta_update_date nta_trade_name nta_common_name nta_cancel_date nta_lapse_date
    section user_name zip address1 address2 phone fax user_email tax_corp_id transfer_code corp_genuine_id invite_status
    fncl_inst_code fncl_inst_name fncl_inst_kana branch_code branch_name branch_kana deposit_sec account_num
    depositor_name depositor_kana
    product_sec private_user_name approver_name billing_name issue_user_name seal_flg seal_date fax_send_flg qa_history
"""
_LINE = """
    tax_calc_type input_tax_type sum_exempt_flg item_sec_code item_sec_name item_free_txt_l
    journal_free item_no aux_code aux_name text
"""
_DESCRIBED = frozenset(  # [IM-72]
    {
        *(name for each in _READ for name in each.__struct_fields__),
        *(f"inv_free_txt{place}" for place in range(1, 4)),
        *(f"inv_free_num{place}" for place in range(1, 8)),
        *(f"inv_op_free_txt{place}" for place in range(1, 13)),
        *(f"item_free_txt{place}" for place in range(1, 11)),
        *_HEADER.split(),
        *_BLOCKS.split(),
        *_LINE.split(),
    }
)


# What holds others: only these are looked into, and whatever has a name of its own.
_HOLDING = """
    publisher customer details journals debit credit banks qa_history inv_free_titles custom_header custom_details
    paid_info refund_info additional_info seller_attached_file list_info contact journal_free
"""
_HOLDERS = frozenset(_HOLDING.split())


def strangers(told: dict[str, Any] | list[Any]) -> int:
    """How many fields, however deep, have a name that nothing describes."""
    count, waiting = 0, [told]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            unknown = each.keys() - _DESCRIBED
            count += len(unknown)
            each = [each[name] for name in (each.keys() & _HOLDERS) | unknown]
        waiting += [inner for inner in each if isinstance(inner, (dict, list))]
    return count
