"""Stages are where an issued invoice stands; people approve, return and delete, and time issues what was reserved.

The codes are the provider's [IM-74], what leads from one to the next is assumed [IM-87].
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from connector.twins.infomart.members import Member
from connector.twins.infomart.outbox import Issued, Stage
from connector.twins.infomart.world import World

_BEFORE_ISSUE = frozenset({Stage.INTERNAL_APPROVAL, Stage.ISSUE_APPROVAL})


@dataclass(frozen=True, slots=True)
class Stages:
    """Moves the invoices of one member; whether a step leads on from where one stands, `STEPS` knows."""

    world: World
    member: Member

    def place(self, issued: Issued) -> None:
        """A new or mended invoice waits for approval, or for its day, or is issued; `announce` tells the receiver."""
        issued.stage = Stage.INTERNAL_APPROVAL if self.member.approves_issues else self._by_day(issued)

    def announce(self, issued: Issued) -> None:
        """If it is issued now, the receiving side can see it from here on, if it is connected [IM-60], [IM-90]."""
        if issued.stage is not Stage.ISSUED:
            return
        issued.seal_date = None
        self._note("invoice_issued", issued)
        receiver = self._receiver(issued)
        if receiver is not None:
            self.world.members.inbox(receiver).receive(
                issued, self.member.name, self.world.clock.today(), now=self.world.clock.now()
            )

    def settle(self) -> None:
        """Reserved invoices whose day has come are issued; new ones are never reserved for the same day."""
        outbox, today = self.world.issuers.of(self.member).outbox, self.world.clock.today()
        if outbox.settled_on == today:
            return
        outbox.settled_on = today
        for issued in outbox:
            if issued.stage is Stage.RESERVED and _day(issued) <= today:
                issued.stage = Stage.ISSUED
                self.announce(issued)

    def approve(self, issued: Issued) -> None:
        """One person more has agreed: the first inside the company, the second to the issue."""
        first = issued.stage is Stage.INTERNAL_APPROVAL
        issued.stage = Stage.ISSUE_APPROVAL if first else self._by_day(issued)
        self._note("invoice_approved", issued)
        self.announce(issued)

    def reject(self, issued: Issued) -> None:
        """Somebody inside the company did not agree."""
        issued.stage = Stage.RETURNED
        self._note("invoice_rejected", issued)

    def send_back(self, issued: Issued) -> None:
        """The receiving side returned it, and has it no longer [IM-61]."""
        issued.stage = Stage.RETURNED
        self._withdraw(issued)
        self._note("invoice_returned", issued)

    def fail(self, issued: Issued) -> None:
        """It could not be issued."""
        issued.stage = Stage.FAILED
        self._note("invoice_failed", issued)

    def delete(self, issued: Issued) -> None:
        """Somebody deleted it on screen after it was issued."""
        issued.stage = Stage.DELETED
        self._withdraw(issued)
        self._note("invoice_deleted", issued)

    def open(self, issued: Issued) -> None:
        """The receiving side opened it."""
        issued.seal_date = self.world.clock.today().isoformat()
        self._note("invoice_opened", issued)

    def take(self, name: str, invoices: Iterable[Issued]) -> None:
        """The step of this name with each of them."""
        for issued in invoices:
            STEPS[name].step(self, issued)

    def _by_day(self, issued: Issued) -> Stage:
        return Stage.RESERVED if _day(issued) > self.world.clock.today() else Stage.ISSUED

    def _withdraw(self, issued: Issued) -> None:
        receiver = self._receiver(issued)
        if receiver is not None:
            self.world.members.inbox(receiver).give_back(issued.mng_num, now=self.world.clock.now())

    def _receiver(self, issued: Issued) -> Member | None:
        customer = self.world.issuers.of(self.member).masters.customers.get(issued.customer["private_cust_cd"])
        return self.world.members.find(customer.connected_to or "") if customer is not None else None

    def _note(self, event: str, issued: Issued) -> None:
        self.world.ledger.write(
            event,
            pfid=self.member.pfid,
            mng_num=issued.mng_num,
            private_cust_cd=issued.customer["private_cust_cd"],
            wf_status=int(issued.stage),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What a person can do with an invoice that stands at one of these stages."""

    step: Callable[[Stages, Issued], None]
    from_stages: frozenset[Stage]

    def check(self, invoices: Iterable[Issued]) -> None:
        """Raises ValueError if it does not lead on from where one of them stands."""
        for issued in invoices:
            if issued.stage not in self.from_stages:
                raise ValueError(f"invoice {issued.mng_num} stands at {int(issued.stage)}")


STEPS: dict[str, Step] = {
    "approve": Step(Stages.approve, _BEFORE_ISSUE),
    "reject": Step(Stages.reject, _BEFORE_ISSUE),
    "return": Step(Stages.send_back, frozenset({Stage.ISSUED})),
    "fail": Step(Stages.fail, frozenset({Stage.RESERVED, Stage.ISSUE_APPROVAL})),
    "delete": Step(Stages.delete, frozenset({Stage.ISSUED, Stage.RETURNED})),
    "open": Step(Stages.open, frozenset({Stage.ISSUED})),
}


def _day(issued: Issued) -> date:
    return date.fromisoformat(issued.header["send_date"])
