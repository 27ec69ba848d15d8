"""What another member issued is shown to its receiver as it was written, with the receiver's own side added (API 6)."""

from typing import Any

from connector.twins.infomart.approvals import UNTOUCHED
from connector.twins.infomart.dictionary import BANK, DETAIL, HEADER, PUBLISHER
from connector.twins.infomart.inbox import Received, Sent
from connector.twins.infomart.listing import blank
from connector.twins.infomart.masters import Masters
from connector.twins.infomart.members import Member


def write_delivered(received: Received, sent: Sent, member: Member, masters: Masters) -> dict[str, Any]:
    """One element of `invoices` as API 6 answers it; its journals are those that somebody entered (reference 5.6)."""
    issued, day = sent.issued, received.reception_date.isoformat()
    due = issued.header.get("pay_due_date")
    return {
        "invoice_mng_num": issued.mng_num,
        **blank(HEADER, issued.header),
        "wf_status": received.wf_status,
        "reception_date": day,
        "order_date": day,
        "remind_date": issued.remind_date,
        "pay_due_date_s": due,
        "pay_due_date": None if received.wf_status == UNTOUCHED else due,
        "seal_flg": "0" if issued.seal_date is None else "1",
        "seal_date": issued.seal_date,
        "private_cust_cd_s": f"M{issued.customer['corp_genuine_id']}",
        "company_name_s": sent.issuer,
        "private_cust_cd_b": issued.customer["private_cust_cd"],
        "company_name_b": member.name,
        "publisher": {**blank(PUBLISHER, issued.publisher), "publisher_company_name_org": sent.issuer},
        "banks": [blank(BANK, bank) for bank in issued.banks],
        "details": [
            {
                "detail_seq": seq,
                **blank(DETAIL, detail),
                "journals": [
                    booking.as_json(masters, with_free_items=member.journal_free)
                    for booking in received.entered.get(seq, ())
                ],
            }
            for seq, detail in enumerate(issued.details, start=1)
        ],
    }
