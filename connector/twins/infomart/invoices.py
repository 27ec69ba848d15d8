"""An invoice is written out in full from a few facts about its arrival, the same way every time."""

from calendar import monthrange
from datetime import date, timedelta
from random import Random
from typing import Any

from connector.twins.infomart.approvals import DONE, UNTOUCHED
from connector.twins.infomart.dice import dice
from connector.twins.infomart.inbox import Received
from connector.twins.infomart.journals import bookable, draw_bookings
from connector.twins.infomart.lines import draw_lines, write_details
from connector.twins.infomart.masters import Masters
from connector.twins.infomart.members import Member
from connector.twins.infomart.suppliers import Supplier, every_supplier
from connector.twins.infomart.taxation import Money, share
from connector.twins.infomart.totals import totals
from connector.twins.infomart.vocabulary import SURNAMES, Treatment

_REPEATS_EVERY = 9  # every ninth invoice repeats the number of the one before it, which the provider allows [IM-6]


def write_invoice(received: Received, member: Member, masters: Masters, *, untaxed_every: int = 7) -> dict[str, Any]:
    """One element of `invoices` as API 6 answers it (reference 5.6); its journals are booked to these masters.

    One in `untaxed_every` leaves its tax items empty [IM-8].
    """
    die = dice(received.seed, "invoice", received.serial)
    supplier, number = _sender(received)
    lines = draw_lines(die, supplier)
    included = supplier.prices_include_tax
    shares: list[Money] | None = None
    buckets: dict[Treatment, Money] = {}
    untaxed = untaxed_every and received.serial % untaxed_every == untaxed_every - 1
    if not (untaxed or received.untaxed):
        shares, buckets = share(
            [(line.treatment, line.entered) for line in lines], included=included, rounding=supplier.rounding
        )
    closed = _last_month_end(received.reception_date)
    details = write_details(die, supplier, lines, shares, closed)
    for detail in details:
        drawn = draw_bookings(die, supplier, detail, slip_date=closed, wf_status=received.wf_status)
        booked = received.entered.get(detail["detail_seq"], bookable(drawn, masters))
        detail["journals"] = [each.as_json(masters, with_free_items=member.journal_free) for each in booked]
    return {
        "invoice_mng_num": received.mng_num,
        "inv_no": number,
        "wf_status": received.wf_status,
        **_dates(received, closed),
        **_front(die, supplier, closed, taxed=shares is not None),
        **totals(lines, shares, buckets),
        **_spare_items(),
        **_parties(supplier, member),
        **_buyer_side(die, received),
        "publisher": supplier.publisher(),
        "banks": supplier.banks(),
        "details": details,
    }


def _sender(received: Received) -> tuple[Supplier, str]:
    """Who sent it under which number: of a pair with one number, both come from one supplier."""
    serial = received.serial
    if serial % _REPEATS_EVERY == _REPEATS_EVERY - 1:
        serial -= 1
    supplier = dice(received.seed, "sender", serial).choice(every_supplier())
    return supplier, f"{supplier.code}-{10_000 + serial}"


def _last_month_end(day: date) -> date:
    return day.replace(day=1) - timedelta(days=1)


def _end_of_month_after(day: date) -> date:
    first = day + timedelta(days=1)  # `day` is the last of its month
    return first.replace(day=monthrange(first.year, first.month)[1])


def _dates(received: Received, closed: date) -> dict[str, Any]:
    due = _end_of_month_after(closed)
    return {
        "reception_date": received.reception_date.isoformat(),
        "send_date": received.reception_date.isoformat(),
        "order_date": received.reception_date.isoformat(),
        "remind_date": None,
        "close_date": closed.isoformat(),
        "pay_due_date_s": due.isoformat(),
        "pay_due_date": None if received.wf_status == UNTOUCHED else due.isoformat(),
    }


def _front(die: Random, supplier: Supplier, closed: date, *, taxed: bool) -> dict[str, Any]:
    return {
        "invoice_setting_code": "STD01",
        "invoice_title": "御請求書",
        "inv_name": f"{closed.year}年{closed.month}月分 {supplier.trade.name}",
        "payment_method": "0",
        "invoice_type": _invoice_type(supplier) if taxed else "0",
        "unit_tax_calc_sec": "1" if supplier.taxes_each_line else "0",
        "tax_calc_basis": "1",
        "private_print_flg": "0",
        "inv_coop_post_use_type": "0",
        "invoice_amount_title": "ご請求金額",
        "remarks": die.choice((None, "恐れ入りますが振込手数料は貴社にてご負担願います。")),
        "invoice_comment": None,
        "customer_code1": None,
        "customer_code2": None,
        "edi_info": None,
        "contact": die.choice(SURNAMES),
        "destination_code": None,
        "destination_name": None,
    }


def _invoice_type(supplier: Supplier) -> str:
    """How its invoices are kept [IM-71]."""
    if not supplier.registered:
        return "1"  # the tax-exempt cannot issue a qualified invoice
    return "4" if supplier.taxes_each_line else "3"


def _spare_items() -> dict[str, Any]:
    """The parts of the dictionary that these issuers leave empty (reference 4.5)."""
    return {
        **{f"inv_free_txt{place}": None for place in range(1, 4)},
        **{f"inv_free_txt_title{place}": None for place in range(1, 4)},
        **{f"inv_free_num{place}": None for place in range(1, 8)},
        **{f"inv_free_num_title{place}": None for place in range(1, 8)},
        **{f"inv_op_free_txt{place}": None for place in range(1, 13)},
        "paid_info": [],
        "refund_info": [],
        "additional_info": [],
        "custom_header": None,
        "custom_details": [],
        "seller_attached_file": [],
    }


def _parties(supplier: Supplier, member: Member) -> dict[str, Any]:
    """Each side's name and code for the other [IM-67]."""
    return {
        "private_cust_cd_s": supplier.code,
        "company_name_s": supplier.name,
        "private_cust_cd_b": f"C{dice(member.pfid).randint(1, 99_999):05}",
        "company_name_b": member.name,
    }


def _buyer_side(die: Random, received: Received) -> dict[str, Any]:
    """What the buyer's people have done with it so far (reference 5.6)."""
    reader = die.choice(SURNAMES)
    touched, done = received.wf_status != UNTOUCHED, received.wf_status == DONE
    return {
        "seal_flg": "1" if touched else "0",
        "seal_date": received.reception_date.isoformat() if touched else None,
        "section_b": "経理部" if touched else None,
        "user_name_b": reader if touched else None,
        "acc_depart_name": "本社経理",
        "acc_download_flg": "1" if done else "0",
        "payment_download_flg": "0",
        "item_memo1": None,
        "item_memo2": None,
    }
