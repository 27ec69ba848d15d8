"""An inbox is the list of invoices one member has received, in the order in which the API tells them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from connector.twins.infomart.approvals import DONE, UNTOUCHED, Step
from connector.twins.infomart.dice import dice
from connector.twins.infomart.journals import Booking

_USUALLY_DONE = 0.8


@dataclass(frozen=True, slots=True)
class Received:
    """One received invoice; seed and serial decide everything that is not written here."""

    mng_num: int  # the platform's unique key [IM-55]
    seed: str
    serial: int
    reception_date: date
    wf_status: int
    untaxed: bool = False  # its issuer left every tax item empty [IM-8]
    entered: Mapping[int, tuple[Booking, ...]] = field(default_factory=dict)  # journals by line, entered by hand
    past: tuple[Step, ...] = ()


@dataclass(slots=True)
class Inbox:
    """Received invoices, in ascending order of their management numbers unless somebody moves them [IM-53]."""

    seed: str
    numbers: Iterator[int]  # one sequence for the whole platform
    _received: list[Received] = field(default_factory=list)
    _returned: dict[int, Received] = field(default_factory=dict)  # with their issuers until issued again [IM-61]
    _serial: int = 0

    def fill(self, count: int, *, now: datetime, today: date, spread_days: int, codes: Sequence[int]) -> None:
        """So many invoices arrived evenly over the days before today; the newest show every code once."""
        for place in range(count):
            newer = count - 1 - place
            days_ago = 1 + newer * spread_days // max(count, 1)
            die = dice(self.seed, "code", place)
            usual = DONE if die.random() < _USUALLY_DONE else die.choice(codes)
            code = codes[newer] if newer < len(codes) else usual
            self._arrive(today - timedelta(days=days_ago), code, now)

    def deliver(self, count: int, on: date, *, now: datetime, place: int | None = None) -> list[int]:
        """So many more invoices arrive, untouched, at the end or at a place of the list; returns their numbers."""
        first = len(self._received) if place is None else place
        return [self._arrive(on, UNTOUCHED, now, first + more) for more in range(count)]

    def know(self, numbers: Collection[int]) -> None:
        """ValueError unless each of these is in the inbox."""
        if strangers := set(numbers) - {each.mng_num for each in self._received}:
            raise ValueError(f"not in this inbox: {sorted(strangers)}")

    def remove(self, numbers: Collection[int]) -> None:
        """These are gone; a number that is not in the inbox is a ValueError, and then nothing changes."""
        self.know(numbers)
        gone = set(numbers)
        self._received = [each for each in self._received if each.mng_num not in gone]

    def stand(self, codes: Mapping[int, int], *, deed: str, now: datetime) -> None:
        """These stand at new codes; a number that is not in the inbox is a ValueError, and then nothing changes."""
        self.know(codes)
        for place, each in enumerate(self._received):
            if (code := codes.get(each.mng_num)) is not None:
                past = (*each.past, Step(now, deed, code))
                self._received[place] = replace(each, wf_status=code, past=past)

    def confine(self, codes: Sequence[int], *, now: datetime) -> None:
        """Invoices at any other code become untouched again; the member has changed its mode."""
        strange = {each.mng_num: UNTOUCHED for each in self._received if each.wf_status not in codes}
        self.stand(strange, deed="mode_changed", now=now)

    def hand_back(self, numbers: Collection[int], *, now: datetime) -> None:
        """These go back to their issuers and leave the list; what is done already is a ValueError [IM-61]."""
        self.know(numbers)
        leaving = [each for each in self._received if each.mng_num in set(numbers)]
        if done := [each.mng_num for each in leaving if each.wf_status == DONE]:
            raise ValueError(f"approved, and no longer returned: {done}")
        self.remove(numbers)
        for each in leaving:
            self._returned[each.mng_num] = replace(each, past=(*each.past, Step(now, "returned_to_issuer", None)))

    def issue_again(self, numbers: Collection[int], *, today: date, now: datetime) -> None:
        """These come back under their old numbers, received today and untouched; ValueError for any other."""
        if strangers := set(numbers) - set(self._returned):
            raise ValueError(f"not with their issuers: {sorted(strangers)}")
        for number in numbers:
            each = self._returned.pop(number)
            past = (*each.past, Step(now, "issued_again", UNTOUCHED))
            back = replace(each, reception_date=today, wf_status=UNTOUCHED, entered={}, past=past)
            later = (place for place, other in enumerate(self._received) if other.mng_num > number)
            self._received.insert(next(later, len(self._received)), back)

    def change(
        self, number: int, *, untaxed: bool | None = None, entered: Mapping[int, tuple[Booking, ...]] | None = None
    ) -> None:
        """One invoice loses or regains its tax items, or has other journals on some lines."""
        place = self._place(number)
        each = self._received[place]
        self._received[place] = replace(
            each,
            untaxed=each.untaxed if untaxed is None else untaxed,
            entered=each.entered if entered is None else {**each.entered, **entered},
        )

    def move(self, number: int, place: int) -> None:
        """The invoice stands at another place of the list, which no caller may rely on [IM-53]."""
        self._received.insert(place, self._received.pop(self._place(number)))

    def shuffle(self, die: Random) -> None:
        """The list stands in another order altogether."""
        die.shuffle(self._received)

    def find(self, number: int) -> Received:
        """The invoice, in the inbox or with its issuer; ValueError for any other number."""
        return self._returned.get(number) or self._received[self._place(number)]

    def between(self, first: date, last: date) -> list[Received]:
        """What was received from the first day to the last, both included."""
        return [each for each in self._received if first <= each.reception_date <= last]

    def everything(self) -> list[Received]:
        """All of it, but for what is with its issuers."""
        return list(self._received)

    def returned(self) -> list[Received]:
        """What is with its issuers now."""
        return list(self._returned.values())

    def copy(self) -> "Inbox":
        """The same inbox, to be changed apart."""
        return Inbox(self.seed, self.numbers, list(self._received), dict(self._returned), self._serial)

    def __len__(self) -> int:
        return len(self._received)

    def _place(self, number: int) -> int:
        self.know([number])
        return next(place for place, each in enumerate(self._received) if each.mng_num == number)

    def _arrive(self, on: date, code: int, now: datetime, place: int | None = None) -> int:
        number = next(self.numbers)
        received = Received(number, self.seed, self._serial, on, code, past=(Step(now, "received", code),))
        self._received.insert(len(self._received) if place is None else place, received)
        self._serial += 1
        return number
