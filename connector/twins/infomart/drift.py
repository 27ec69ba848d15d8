"""Drift moves a list under its reader: between two pages rows come, go, change places or stages [IM-53]."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

from connector.twins.infomart.dice import dice
from connector.twins.infomart.inbox import Inbox

_CHANCES = ("inserts", "removals", "moves", "stages")


@dataclass(slots=True)
class Drift:
    """After each reading of one inbox, each kind of change happens with its own chance, to at most `most` rows."""

    inserts: float = 0.0  # new rows at any place
    removals: float = 0.0
    moves: float = 0.0  # to another place
    stages: float = 0.0
    most: int = 3
    readings: int | None = None  # after so many readings the list is still again; None: never
    seed: int = 1
    _die: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not all(0 <= getattr(self, name) <= 1 for name in _CHANCES):
            raise ValueError(f"{', '.join(_CHANCES)} are from 0 to 1")
        if self.most < 1 or (self.readings is not None and self.readings < 0):
            raise ValueError("most starts at 1, readings at 0")
        self._die = dice("drift", self.seed)

    def shake(self, inbox: Inbox, *, today: date, now: datetime, codes: Sequence[int]) -> dict[str, Any]:
        """What changed after this reading, by kind; nothing, if nothing did."""
        if self.readings == 0:
            return {}
        if self.readings is not None:
            self.readings -= 1
        happened: dict[str, Any] = {}
        if self._falls(self.inserts):
            happened["inserted"] = [self._insert(inbox, today, now) for _ in range(self._rows())]
        if self._falls(self.removals) and (gone := self._some(inbox)):
            inbox.remove(gone)
            happened["removed"] = gone
        if self._falls(self.moves) and (moved := self._some(inbox)):
            for number in moved:
                inbox.move(number, self._die.randrange(len(inbox)))
            happened["moved"] = moved
        if self._falls(self.stages) and (risen := self._some(inbox)):
            stood = {number: self._die.choice(codes) for number in risen}
            inbox.stand(stood, deed="drifted", now=now)
            happened["restatused"] = {str(number): code for number, code in stood.items()}
        return happened

    def as_json(self) -> dict[str, Any]:
        """Where its knobs stand."""
        return {name: getattr(self, name) for name in (*_CHANCES, "most", "readings", "seed")}

    def _falls(self, chance: float) -> bool:
        return self._die.random() < chance

    def _rows(self) -> int:
        return self._die.randint(1, self.most)

    def _some(self, inbox: Inbox) -> list[int]:
        numbers = [each.mng_num for each in inbox.everything()]
        return self._die.sample(numbers, min(self._rows(), len(numbers)))

    def _insert(self, inbox: Inbox, today: date, now: datetime) -> int:
        """A row at any place, received on the day of the row that it pushes on."""
        rows = inbox.everything()
        place = self._die.randint(0, len(rows))
        day = rows[min(place, len(rows) - 1)].reception_date if rows else today
        [number] = inbox.deliver(1, day, now=now, place=place)
        return number


def read_drift(body: Mapping[str, Any]) -> Drift:
    """The drift that this JSON object describes; ValueError says what is wrong with it."""
    if unknown := sorted(set(body) - {*_CHANCES, "most", "readings", "seed"}):
        raise ValueError(f"unknown keys: {', '.join(unknown)}")
    whole = {name: body[name] for name in ("most", "seed", "readings") if body.get(name) is not None}
    if not all(type(value) is int for value in whole.values()):
        raise ValueError("most, seed and readings are whole numbers")
    chances = {name: body[name] for name in _CHANCES if name in body}
    if not all(type(value) in {int, float} for value in chances.values()):
        raise ValueError("a chance is a number")
    return Drift(**chances, **whole)
