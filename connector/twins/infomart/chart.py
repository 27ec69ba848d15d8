"""A chart is the set of masters a member begins with; its pretend journals are booked to them."""

from collections.abc import Iterator, Mapping
from functools import cache

from connector.twins.infomart.dice import dice
from connector.twins.infomart.masters import Kind, Master, Masters
from connector.twins.infomart.suppliers import every_supplier
from connector.twins.infomart.vocabulary import BURDEN_SECTIONS, PAYABLE, PROJECTS, PURCHASES_PAYABLE

PROJECT, LINE_OF_BUSINESS = 1, 2  # the auxiliary items in use here, of the eight there are [IM-66]

_UNUSED = 0.1  # the share of invented masters that are switched off
_LARGEST = 20_000


@cache
def starting_chart() -> tuple[Master, ...]:
    """The same for every member: what the journals of `connector.twins.infomart.journals` refer to."""
    trades = {supplier.trade.name: supplier.trade for supplier in every_supplier()}.values()
    accounts = dict([*(trade.account for trade in trades), PAYABLE, PURCHASES_PAYABLE])
    return (
        *_numbered(Kind.ACCOUNT, {(code,): accounts[code] for code in sorted(accounts)}),
        *_numbered(
            Kind.SUB_ACCOUNT, {(trade.account[0], trade.sub_account[0]): trade.sub_account[1] for trade in trades}
        ),
        *_numbered(Kind.DEPARTMENT, {(code,): name for code, name in BURDEN_SECTIONS}),
        *_numbered(
            Kind.AUXILIARY,
            {
                **{(PROJECT, code): name for code, name in PROJECTS},
                **{(LINE_OF_BUSINESS, business_code(each.index)): each.trade.name for each in every_supplier()},
            },
        ),
    )


def business_code(supplier: int) -> str:
    """The auxiliary item under which a supplier's line of business is booked."""
    return f"T{supplier:03}"


def invent(masters: Masters, counts: Mapping[Kind, int], seed: int) -> Iterator[Master]:
    """So many more masters of each kind, the same for the same seed; sub-accounts go under accounts that exist."""
    for kind in Kind:
        wanted = counts.get(kind, 0)
        if not 0 <= wanted <= _LARGEST:
            raise ValueError(f"{kind} must be 0 to {_LARGEST}")
        for number in range(1, wanted + 1):
            die = dice(seed, kind, number)
            use_flg = "0" if die.random() < _UNUSED else "1"
            match kind:
                case Kind.ACCOUNT:
                    yield Master(kind, (f"A{number:05}",), f"試験科目{number}", number, use_flg)
                case Kind.SUB_ACCOUNT:
                    parents = masters.listed(Kind.ACCOUNT)
                    if not parents:
                        raise ValueError("sub_accounts need an account")
                    parent = parents[die.randrange(len(parents))].key[0]
                    yield Master(kind, (parent, f"X{number:05}"), f"試験補助{number}", number, use_flg)
                case Kind.DEPARTMENT:
                    yield Master(kind, (f"D{number:05}",), f"試験部門{number}", number, use_flg)
                case Kind.AUXILIARY:
                    key = (die.randint(1, 8), f"P{number:05}")
                    yield Master(kind, key, f"試験項目{number}", number, use_flg)


def _numbered(kind: Kind, names: Mapping[tuple[str | int, ...], str]) -> Iterator[Master]:
    for place, (key, name) in enumerate(names.items(), start=1):
        yield Master(kind, key, name, place * 10)
