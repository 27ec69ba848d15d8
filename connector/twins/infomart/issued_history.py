"""A history is the invoices a member issued before anybody looked: realistic, at every stage, the same every time."""

from datetime import date, timedelta
from random import Random
from typing import Any

from connector.twins.infomart.dice import dice
from connector.twins.infomart.issuers import Customer, Issuer
from connector.twins.infomart.lines import draw_lines, write_details
from connector.twins.infomart.members import Member
from connector.twins.infomart.outbox import Issued, Stage
from connector.twins.infomart.suppliers import Supplier, every_supplier
from connector.twins.infomart.taxation import share
from connector.twins.infomart.totals import totals
from connector.twins.infomart.vocabulary import COMPANIES, SURNAMES, TOWNS
from connector.twins.infomart.world import World

_CUSTOMERS = 8
_NEWEST = (
    Stage.RESERVED,
    Stage.INTERNAL_APPROVAL,
    Stage.ISSUE_APPROVAL,
    Stage.RETURNED,
    Stage.DELETED,
    Stage.FAILED,
    Stage.ISSUED,
)
_RESERVED_AHEAD = timedelta(days=7)
_OPENED = 0.7
_UNTAXED_EVERY = 7  # every seventh leaves its tax items empty, which is allowed [IM-8]


def fill(world: World, member: Member, count: int, spread_days: int) -> list[int]:
    """So many invoices over the days before today; the newest show every stage once. Returns their numbers."""
    issuer, today = world.issuers.of(member), world.clock.today()
    habits = dice("habits", member.seed, member.pfid).choice([each for each in every_supplier() if each.registered])
    customers = _customers(world, issuer)
    added = []
    for place in range(count):
        newer = count - 1 - place
        die = dice("issued", member.seed, member.pfid, len(issuer.outbox))
        stage = _NEWEST[newer] if newer < len(_NEWEST) else Stage.ISSUED
        sent = today - timedelta(days=1 + newer * spread_days // count)
        if stage is Stage.RESERVED:
            sent = today + _RESERVED_AHEAD
        issued = _write(world, issuer, die, habits, die.choice(customers), sent, stage)
        issuer.outbox.put(issued)
        added.append(issued.mng_num)
    world.ledger.write("issued_filled", pfid=member.pfid, mng_nums=added)
    return added


def _write(
    world: World,
    issuer: Issuer,
    die: Random,
    habits: Supplier,
    customer: Customer,
    sent: date,
    stage: Stage,
) -> Issued:
    place = len(issuer.outbox)
    taxed = place % _UNTAXED_EVERY != _UNTAXED_EVERY - 1
    lines = draw_lines(die, habits)
    shares, buckets = share(
        [(line.treatment, line.entered) for line in lines], included=habits.prices_include_tax, rounding=habits.rounding
    )
    closed = sent.replace(day=1) - timedelta(days=1)
    header: dict[str, Any] = {
        "inv_no": f"{closed:%Y%m}-{place + 1:04}",
        "invoice_setting_code": issuer.default_layout.invoice_setting_code,
        "invoice_title": "御請求書",
        "inv_name": f"{closed.year}年{closed.month}月分 {habits.trade.name}",
        "send_date": sent.isoformat(),
        "close_date": closed.isoformat(),
        "pay_due_date": (sent + timedelta(days=30)).isoformat(),
        "payment_method": "0",
        "invoice_type": issuer.default_layout.invoice_type if taxed else "0",
        "invoice_amount_title": "ご請求金額",
        "contact": die.choice(SURNAMES),
        **totals(lines, shares if taxed else None, buckets if taxed else {}),
    }
    details = write_details(die, habits, lines, shares if taxed else None, closed)
    for detail in details:
        del detail["detail_seq"]
    account = issuer.masters.accounts.get(issuer.default_layout.transfer_code or "")
    opened = stage is Stage.ISSUED and die.random() < _OPENED
    return Issued(
        mng_num=next(world.members.numbers),
        header=header,
        publisher=dict(issuer.default_publisher),
        customer=customer.block(),
        banks=[dict(account)] if account else [],
        details=details,
        stage=stage,
        listed_from=world.clock.now(),
        new_partner=not issuer.outbox.knows(customer.fields["private_cust_cd"]),
        seal_date=sent.isoformat() if opened else None,
    )


def _customers(world: World, issuer: Issuer) -> list[Customer]:
    """The first companies of the vocabulary, each under a code that it keeps."""
    for index, (name, _, _) in enumerate(COMPANIES[:_CUSTOMERS], start=1):
        code = f"C{index:04}"
        if code in issuer.masters.customers:
            continue
        zip_code, prefecture, town = TOWNS[index % len(TOWNS)]
        fields = {
            "private_cust_cd": code,
            "company_name": name,
            "user_name": SURNAMES[index % len(SURNAMES)],
            "zip": zip_code,
            "address1": prefecture + town,
            "address2": f"{index}-{index + 3}",
            "phone": f"03-0000-{index:04}",
            "user_email": f"uketori-{index:02}@example.co.jp",
        }
        issuer.masters.customers[code] = Customer(fields, world.issuers.company(), "2" if index % 3 else "1")
    return [issuer.masters.customers[f"C{index:04}"] for index in range(1, _CUSTOMERS + 1)]
