"""An inbox is the list of invoices one member has received, in the order in which they arrived."""

from bisect import insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from connector.twins.infomart.dice import dice
from connector.twins.infomart.outbox import Issued

# The same code means different things in the two modes [IM-11].
WITH_WORKFLOW = (50, 51, 59, 60, 69, 70, 71)
WITHOUT_WORKFLOW = (50, 71)

_UNTOUCHED = 50
_DONE = 71
_USUALLY_DONE = 0.8


@dataclass(frozen=True, slots=True)
class Sent:
    """An invoice that another member of the platform issued."""

    issued: Issued
    issuer: str  # the issuer's name


@dataclass(frozen=True, slots=True)
class Received:
    """One received invoice; seed and serial decide everything that neither it nor its issuer wrote."""

    mng_num: int  # the platform's unique key (reference 4.5, public)
    seed: str
    serial: int
    reception_date: date
    wf_status: int
    sent: Sent | None = None


@dataclass(slots=True)
class Inbox:
    """Received invoices in ascending order of their management numbers."""

    seed: str
    numbers: Iterator[int]  # one sequence for the whole platform
    _received: list[Received] = field(default_factory=list)
    _serial: int = 0

    def fill(self, count: int, *, today: date, spread_days: int, codes: Sequence[int]) -> None:
        """So many invoices arrived evenly over the days before today; the newest show every code once."""
        for place in range(count):
            newer = count - 1 - place
            days_ago = 1 + newer * spread_days // max(count, 1)
            die = dice(self.seed, "code", place)
            usual = _DONE if die.random() < _USUALLY_DONE else die.choice(codes)
            self._arrive(today - timedelta(days=days_ago), codes[newer] if newer < len(codes) else usual)

    def deliver(self, count: int, on: date) -> list[int]:
        """So many more invoices arrive, untouched; returns their numbers."""
        return [self._arrive(on, _UNTOUCHED) for _ in range(count)]

    def receive(self, issued: Issued, issuer: str, on: date) -> None:
        """An invoice of another member arrives under the number it has there; again, if it had been given back."""
        arrived = Received(issued.mng_num, self.seed, self._serial, on, _UNTOUCHED, Sent(issued, issuer))
        self._serial += 1
        insort(self._received, arrived, key=lambda each: each.mng_num)

    def give_back(self, mng_num: int) -> None:
        """It has left for its issuer, or was deleted there [IM-61]."""
        self._received = [each for each in self._received if each.mng_num != mng_num]

    def change(self, *, remove: Collection[int], restatus: Mapping[int, int]) -> None:
        """Some invoices leave, as when they are returned to their issuer (reference 6), and some stand at new codes.

        A number that is not in the inbox is a ValueError, and then nothing changes.
        """
        if strangers := {*remove, *restatus} - {each.mng_num for each in self._received}:
            raise ValueError(f"not in this inbox: {sorted(strangers)}")
        gone = set(remove)
        self._received = [
            replace(each, wf_status=restatus.get(each.mng_num, each.wf_status))
            for each in self._received
            if each.mng_num not in gone
        ]

    def confine(self, codes: Sequence[int]) -> None:
        """Invoices at any other code become untouched again; the member has changed its mode."""
        self._received = [
            each if each.wf_status in codes else replace(each, wf_status=_UNTOUCHED) for each in self._received
        ]

    def between(self, first: date, last: date) -> list[Received]:
        """What was received from the first day to the last, both included."""
        return [each for each in self._received if first <= each.reception_date <= last]

    def everything(self) -> list[Received]:
        """All of it."""
        return list(self._received)

    def __len__(self) -> int:
        return len(self._received)

    def _arrive(self, on: date, code: int) -> int:
        number = next(self.numbers)
        self._received.append(Received(number, self.seed, self._serial, on, code))
        self._serial += 1
        return number
