"""What a receiver keeps books with (仕訳関連マスタ): accounts, sub-accounts, departments and auxiliary items."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class BookKind(StrEnum):
    """Which of the four, in the order in which a change is carried out [IM-82]."""

    ACCOUNT = "account"  # 勘定科目
    SUB_ACCOUNT = "sub_account"  # 勘定補助科目
    DEPARTMENT = "department"  # 負担部門
    AUXILIARY_ITEM = "auxiliary_item"  # 仕訳補助項目


@dataclass(frozen=True, slots=True)
class BookMaster:
    """One of them, known within its kind by its code and by what it belongs to [IM-123]."""

    kind: BookKind
    code: str
    within: str | None  # a sub-account's account, an auxiliary item's place from 1 to 8; None: it stands alone
    name: str | None
    order: int | None  # where it is listed
    in_use: bool | None  # None: not told
    raw: bytes


@dataclass(frozen=True, slots=True)
class Books:
    """All of a receiver's, read at one moment."""

    masters: Sequence[BookMaster]
    auxiliary_items: bool | None  # whether the option is on that lets them exist [IM-65]; None: not told


@dataclass(frozen=True, slots=True)
class BookChange:
    """What shall become of one of them: registered, updated with what is said, or deleted [IM-124]."""

    kind: BookKind
    code: str
    within: str | None = None
    name: str | None = None
    order: int | None = None
    in_use: bool | None = None
    deleted: bool = False
