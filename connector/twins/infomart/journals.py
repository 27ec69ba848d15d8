"""Journals are the receiver's own bookkeeping of a line, entered on screen while the invoice is approved [IM-63]."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from connector.twins.infomart.chart import LINE_OF_BUSINESS, PROJECT, business_code
from connector.twins.infomart.masters import Kind, Masters, Reference
from connector.twins.infomart.suppliers import Supplier
from connector.twins.infomart.vocabulary import BURDEN_SECTIONS, PAYABLE, PROJECTS, PURCHASES_PAYABLE

FROM_A_MASTER = range(1, 9)  # free items 1 to 8; 9 to 12 are free text [IM-66]
FREE_TEXT = range(9, 13)

_PURCHASES = "511"
_UNTOUCHED = {50}
_BOOKED = {60, 69, 70, 71}  # nobody approves an unbooked invoice for accounting
_SPLIT_ABOVE = 50_000
_OFTEN = 0.4


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of a booking, by the codes of its masters; "" where it names none."""

    section: str = ""
    account: str = ""
    sub_account: str = ""

    def refers_to(self) -> Iterator[Reference]:
        """The masters it is booked to."""
        if self.section:
            yield Kind.DEPARTMENT, (self.section,)
        if self.account:
            yield Kind.ACCOUNT, (self.account,)
        if self.sub_account:
            yield Kind.SUB_ACCOUNT, (self.account, self.sub_account)

    def as_json(self, masters: Masters) -> dict[str, str]:
        """The side on the wire (reference 4.8)."""
        account, sub_account = (self.account,), (self.account, self.sub_account)
        return {
            "burden_sec_code": self.section,
            "burden_sec_name": masters.name(Kind.DEPARTMENT, (self.section,)) or "",
            "account_code": self.account,
            "account_name": masters.name(Kind.ACCOUNT, account) or "",
            "sub_account_code": self.sub_account,
            "sub_account_name": masters.name(Kind.SUB_ACCOUNT, sub_account) or "",
        }


@dataclass(frozen=True, slots=True)
class Booking:
    """One journal of a line; names are looked up when it is told, so a renamed master shows its new name [IM-126]."""

    slip_date: date
    debit: Posting
    credit: Posting
    amount: int
    summary: str
    free: tuple[tuple[int, str], ...] = ()  # number of the item, and its code or its text

    def refers_to(self) -> Iterator[Reference]:
        """Every master it is booked to."""
        yield from self.debit.refers_to()
        yield from self.credit.refers_to()
        for number, value in self.free:
            if number in FROM_A_MASTER:
                yield Kind.AUXILIARY, (number, value)

    def as_json(self, masters: Masters, *, with_free_items: bool) -> dict[str, Any]:
        """The journal on the wire [IM-64]; free items need the option [IM-65]."""
        return {
            "acc_slip_date": self.slip_date.isoformat(),
            "debit": self.debit.as_json(masters),
            "credit": self.credit.as_json(masters),
            "journal_amount": self.amount,
            "detail_summary": self.summary,
            "journal_free": list(_free_items(masters, self.free)) if with_free_items else [],
        }


def _free_items(masters: Masters, free: Iterable[tuple[int, str]]) -> Iterator[dict[str, Any]]:
    for number, value in free:
        if number in FREE_TEXT:
            yield {"item_no": number, "text": value}
        elif (name := masters.name(Kind.AUXILIARY, (number, value))) is not None:
            yield {"item_no": number, "aux_code": value, "aux_name": name}


def draw_bookings(
    die: Random, supplier: Supplier, detail: Mapping[str, Any], *, slip_date: date, wf_status: int
) -> list[Booking]:
    """What people have booked of one line so far; the amounts add up to the line's."""
    amount = detail["item_amount"]
    # The dice fall before anything is decided, so that a changed code changes nothing else.
    booked_early, split = die.random() < _OFTEN, die.random() < _OFTEN
    sections = die.sample(BURDEN_SECTIONS, 2)
    project = die.choice(PROJECTS)
    if amount is None or wf_status in _UNTOUCHED or not (wf_status in _BOOKED or booked_early):
        return []
    half = amount // 2
    parts = (half, amount - half) if split and amount > _SPLIT_ABOVE else (amount,)
    trade = supplier.trade
    payable = PURCHASES_PAYABLE if trade.account[0] == _PURCHASES else PAYABLE
    free = ((PROJECT, project[0]), (LINE_OF_BUSINESS, business_code(supplier.index)), (9, f"{trade.name}費"))
    return [
        Booking(
            slip_date,
            Posting(sections[place][0], trade.account[0], trade.sub_account[0]),
            Posting(account=payable[0]),
            part,
            f"{supplier.name} {detail['item_name']}",
            free,
        )
        for place, part in enumerate(parts)
    ]


def bookable(bookings: Sequence[Booking], masters: Masters) -> Sequence[Booking]:
    """All of them or none: nobody books to an account or department that there never was."""
    postings = [posting for booking in bookings for posting in (booking.debit, booking.credit)]
    known = all(masters.name(*reference) is not None for posting in postings for reference in posting.refers_to())
    return bookings if known else ()


def used_masters(invoice: Mapping[str, Any]) -> Iterator[Reference]:
    """The masters that a written invoice's journals are booked to."""
    for detail in invoice["details"]:
        for journal in detail["journals"]:
            yield from _read_booking(journal).refers_to()


def read_bookings(told: Any, masters: Masters) -> tuple[Booking, ...]:
    """The journals of one line as a person enters them, in the wire's shape; ValueError says what is wrong."""
    if not isinstance(told, list) or not all(isinstance(each, dict) for each in told):
        raise ValueError("the journals of a line are a list of objects")
    bookings = tuple(map(_read_booking, told))
    for booking in bookings:
        if missing := [f"{kind} {key}" for kind, key in booking.refers_to() if masters.find(kind, key) is None]:
            raise ValueError(f"no such master: {', '.join(missing)}")
    return bookings


def _read_booking(told: Mapping[str, Any]) -> Booking:
    amount = told.get("journal_amount")
    if type(amount) is not int:
        raise ValueError("journal_amount must be a whole number")
    return Booking(
        date.fromisoformat(told.get("acc_slip_date", "")),
        _read_posting(told.get("debit", {})),
        _read_posting(told.get("credit", {})),
        amount,
        str(told.get("detail_summary", "")),
        tuple(_read_free_items(told.get("journal_free", []))),
    )


def _read_posting(told: Mapping[str, Any]) -> Posting:
    return Posting(*(str(told.get(name) or "") for name in ("burden_sec_code", "account_code", "sub_account_code")))


def _read_free_items(told: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    for each in told:
        number = each.get("item_no")
        if type(number) is not int or number not in {*FROM_A_MASTER, *FREE_TEXT}:
            raise ValueError("item_no must be 1 to 12")
        name = "aux_code" if number in FROM_A_MASTER else "text"
        if not isinstance(each.get(name), str):
            raise ValueError(f"free item {number} needs {name}")  # noqa: TRY004  # one kind of refusal for callers
        yield number, each[name]
