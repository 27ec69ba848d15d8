"""An inbox is the list of invoices one member has received, in the order in which the API tells them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random

from connector.twins.infomart.approvals import DONE, UNTOUCHED, Step
from connector.twins.infomart.dice import dice
from connector.twins.infomart.journals import Booking
from connector.twins.infomart.outbox import Issued

_USUALLY_DONE = 0.8


@dataclass(frozen=True, slots=True)
class Sent:
    """An invoice that another member of the platform issued."""

    issued: Issued
    issuer: str  # the issuer's name


@dataclass(frozen=True, slots=True)
class Received:
    """One received invoice; seed and serial decide everything that neither it nor its issuer wrote."""

    mng_num: int  # the platform's unique key [IM-55]
    seed: str
    serial: int
    reception_date: date
    wf_status: int
    untaxed: bool = False  # its issuer left every tax item empty [IM-8]
    entered: Mapping[int, tuple[Booking, ...]] = field(default_factory=dict)  # journals by line, entered by hand
    past: tuple[Step, ...] = ()
    sent: Sent | None = None


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

    def receive(self, issued: Issued, issuer: str, on: date, *, now: datetime) -> None:
        """An invoice of another member arrives under the number it has there; again, if it had been given back."""
        before = self._returned.pop(issued.mng_num, None)
        step = Step(now, "received" if before is None else "issued_again", UNTOUCHED)
        past = (*(before.past if before is not None else ()), step)
        sent = Sent(issued, issuer)
        self._put(Received(issued.mng_num, self.seed, self._serial, on, UNTOUCHED, past=past, sent=sent))
        self._serial += 1

    def give_back(self, number: int, *, now: datetime) -> None:
        """It has left for its issuer, or was deleted there [IM-61]; nothing happens if it had left before."""
        for each in self._received:
            if each.mng_num == number:
                self._leave(each, "given_back", now)

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
        for each in leaving:
            self._leave(each, "returned_to_issuer", now)

    def issue_again(self, numbers: Collection[int], *, today: date, now: datetime) -> None:
        """These come back under their old numbers, as if received today [IM-137]; ValueError for any other."""
        if strangers := set(numbers) - set(self._returned):
            raise ValueError(f"not with their issuers: {sorted(strangers)}")
        for number in numbers:
            each = self._returned.pop(number)
            past = (*each.past, Step(now, "issued_again", UNTOUCHED))
            self._put(replace(each, reception_date=today, wf_status=UNTOUCHED, entered={}, past=past))

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

    def _leave(self, received: Received, deed: str, now: datetime) -> None:
        self._received = [each for each in self._received if each.mng_num != received.mng_num]
        self._returned[received.mng_num] = replace(received, past=(*received.past, Step(now, deed, None)))

    def _put(self, received: Received) -> None:
        """In front of the first that has a higher number."""
        later = (place for place, each in enumerate(self._received) if each.mng_num > received.mng_num)
        self._received.insert(next(later, len(self._received)), received)

    def _place(self, number: int) -> int:
        self.know([number])
        return next(place for place, each in enumerate(self._received) if each.mng_num == number)

    def _arrive(self, on: date, code: int, now: datetime, place: int | None = None) -> int:
        number = next(self.numbers)
        received = Received(number, self.seed, self._serial, on, code, past=(Step(now, "received", code),))
        self._received.insert(len(self._received) if place is None else place, received)
        self._serial += 1
        return number
