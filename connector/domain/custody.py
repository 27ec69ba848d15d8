"""Who holds which key-encryption key: the keys of the installation, and the processes that can open them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from connector.domain.sealing import WrappedKey

CANARY = b"pepper"  # what a canary is wrapped for: it is the installation's pepper once more
BEAT = timedelta(seconds=5)  # how often a process says which keys it can open
SILENT = timedelta(seconds=30)  # after which a process that said nothing is taken for gone
DATA_KEY_AGE = timedelta(days=365)  # when a data key is due to be replaced


@dataclass(frozen=True, slots=True)
class Kek:
    """A key-encryption key this installation knows."""

    id: str
    canary: bytes  # the installation's pepper, wrapped by this key: whoever has the key can prove it
    promoted_at: datetime | None  # None: nothing was ever wrapped by it; the one promoted last wraps
    unused_since: datetime | None  # None: a full count last found something under it
    retired_at: datetime | None

    @property
    def needed(self) -> bool:
        """Whether a process that cannot open it could not do its work."""
        return self.promoted_at is not None and self.unused_since is None and self.retired_at is None

    def wrapped_canary(self) -> WrappedKey:
        """The canary as a key service takes it."""
        return WrappedKey(kek_id=self.id, blob=self.canary)


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the installation, and what it said of itself last."""

    id: UUID
    host: str
    pid: int
    opens: Sequence[str]


@dataclass(frozen=True, slots=True)
class Laggard:
    """A living process that could not open a key when it was last heard."""

    host: str
    pid: int
    since: datetime  # when it started
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class DataKeyRetirement:
    """What came of asking to retire a tenant's old data key."""

    references: int  # ciphertexts that still need it
    kept_until: datetime | None = None  # until when the escrow may hold what it sealed; None: that is past

    @property
    def retired(self) -> bool:
        """Whether nothing stood against it."""
        return self.references == 0 and self.kept_until is None


@dataclass(frozen=True, slots=True)
class Retirement:
    """What came of asking to retire a key; it is retired when nothing stands against it."""

    references: Mapping[str, int]  # table -> rows that still need the key; empty: none
    wraps: bool = False  # it is the one that wraps now
    unused_since: datetime | None = None
    backup_needs_it: bool = False

    @property
    def retired(self) -> bool:
        """Whether nothing stood against it."""
        return not (self.references or self.wraps or self.backup_needs_it)
