"""The ledger is an append-only record of everything that happened in the twin, with no secret in it."""

import json
from collections import Counter
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from connector.twins.infomart.clock import Clock

_FINGERPRINT_LENGTH = 12


def fingerprint(secret: str) -> str:
    """A short digest that lets two mentions of one secret be matched, and gives nothing else away."""
    return sha256(secret.encode()).hexdigest()[:_FINGERPRINT_LENGTH]


class Ledger:
    """Keeps numbered entries in memory and, if a file is given, writes each one there at once."""

    def __init__(self, clock: Clock, file: Path | None = None) -> None:
        self._clock = clock
        self._file = file
        self._entries: list[dict[str, Any]] = []

    def write(self, event: str, **facts: Any) -> None:
        """One more thing happened; its number is one higher than the last."""
        entry = {"seq": len(self._entries) + 1, "at": self._clock.now().isoformat(), "event": event, **facts}
        self._entries.append(entry)
        if self._file is not None:
            with self._file.open("a", encoding="utf-8") as file:  # closing flushes; a killed twin loses nothing
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def after(self, seq: int) -> list[dict[str, Any]]:
        """Every entry numbered higher than `seq`, oldest first."""
        return self._entries[max(seq, 0) :]

    def last(self, count: int, event: str | None = None) -> list[dict[str, Any]]:
        """The newest `count` entries, newest first; of one event only if it is named."""
        newest = (entry for entry in reversed(self._entries) if event is None or entry["event"] == event)
        return list(islice(newest, count))

    def events(self) -> Counter[str]:
        """How often each event happened."""
        return Counter(entry["event"] for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)
