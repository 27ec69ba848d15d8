"""Masters are what a receiver keeps books with: accounts, sub-accounts, departments and journal auxiliary items."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from connector.twins.infomart.catalogue import Code

Key: TypeAlias = tuple[str | int, ...]
Reference: TypeAlias = tuple["Kind", Key]


class ObstacleError(Exception):
    """What was asked cannot be done to this entry: for each obstacle, its code and the field it lies in."""

    def __init__(self, *obstacles: tuple[Code, str]) -> None:
        super().__init__(*obstacles)
        self.obstacles = obstacles


class Kind(StrEnum):
    """The four kinds, named as their arrays on the wire and in the order in which they are worked on [IM-82]."""

    ACCOUNT = "accounts"  # 勘定科目
    SUB_ACCOUNT = "sub_accounts"  # 勘定補助科目
    DEPARTMENT = "burden_secs"  # 負担部門
    AUXILIARY = "journal_auxs"  # 仕訳補助項目, only with the option [IM-65]


@dataclass(frozen=True, slots=True)
class Shape:
    """The names that one kind has on the wire [IM-121], [IM-123]."""

    target: str  # what API 4 calls the kind
    key: tuple[str, ...]
    name: str


SHAPES = {
    Kind.ACCOUNT: Shape("account", ("account_code",), "account_name"),
    Kind.SUB_ACCOUNT: Shape("sub_account", ("account_code", "sub_account_code"), "sub_account_name"),
    Kind.DEPARTMENT: Shape("burden_sec", ("burden_sec_code",), "burden_sec_name"),
    Kind.AUXILIARY: Shape("journal_aux", ("item_no", "aux_code"), "aux_name"),
}


@dataclass(frozen=True, slots=True)
class Master:
    """One entry; within its kind, the key says which."""

    kind: Kind
    key: Key
    name: str
    sort_no: int = 0
    use_flg: str = "1"

    def as_json(self) -> dict[str, Any]:
        """The entry on the wire."""
        shape = SHAPES[self.kind]
        return {
            **dict(zip(shape.key, self.key, strict=True)),
            shape.name: self.name,
            "sort_no": self.sort_no,
            "use_flg": self.use_flg,
        }


@dataclass(frozen=True, slots=True)
class Saved:
    """What saving did: a new entry, or these fields of an old one. Nothing changed: the same call came before."""

    created: bool
    changed: tuple[str, ...]

    @property
    def action(self) -> str:
        """The same in a word."""
        return "created" if self.created else "updated"


@dataclass(slots=True)
class Masters:
    """The masters of one member; a deleted one is remembered by name, since old journals still show it."""

    _kept: dict[Kind, dict[Key, Master]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _gone: dict[Reference, str] = field(default_factory=dict)

    def find(self, kind: Kind, key: Key) -> Master | None:
        """The entry, if there is one now."""
        return self._kept[kind].get(key)

    def name(self, kind: Kind, key: Key) -> str | None:
        """The entry's name, or the last it had; None: there never was such an entry."""
        kept = self.find(kind, key)
        return kept.name if kept is not None else self._gone.get((kind, key))

    def listed(self, kind: Kind) -> list[Master]:
        """Every entry of a kind, by `sort_no` and then by key [IM-123]."""
        return sorted(self._kept[kind].values(), key=lambda each: (each.sort_no, *map(str, each.key)))

    def save(self, master: Master) -> Saved:
        """The entry is new, or replaces the one with its key; a sub-account without its account is a ObstacleError."""
        if master.kind is Kind.SUB_ACCOUNT and self.find(Kind.ACCOUNT, master.key[:1]) is None:
            raise ObstacleError((Code.NOT_FOUND, "account_code"))
        before = self.find(master.kind, master.key)
        self._kept[master.kind][master.key] = master
        old, new = before.as_json() if before is not None else {}, master.as_json()
        return Saved(before is None, tuple(name for name in new if old.get(name) != new[name]))

    def delete(self, kind: Kind, key: Key, *, used: Collection[Reference] = ()) -> None:
        """The entry is gone; ObstacleError if there is none, or if it is used or has sub-accounts [IM-125]."""
        master = self.find(kind, key)
        if master is None:
            raise ObstacleError((Code.NOT_FOUND, SHAPES[kind].key[-1]))
        parents = {each[:1] for each in self._kept[Kind.SUB_ACCOUNT]} if kind is Kind.ACCOUNT else set()
        if (kind, key) in used or key in parents:
            raise ObstacleError((Code.IN_USE, SHAPES[kind].key[-1]))
        del self._kept[kind][key]
        self._gone[kind, key] = master.name

    def everything(self) -> Iterator[Master]:
        """All of them, each kind after those that it depends on."""
        for kind in Kind:
            yield from self.listed(kind)

    @classmethod
    def of(cls, masters: Iterable[Master]) -> "Masters":
        """These and no others; a sub-account without its account is an ObstacleError."""
        filled = cls()
        for master in sorted(masters, key=lambda each: tuple(Kind).index(each.kind)):
            filled.save(master)
        return filled

    def copy(self) -> "Masters":
        """The same masters, to be changed apart."""
        return Masters({kind: dict(kept) for kind, kept in self._kept.items()}, dict(self._gone))
