"""Updating mends invoices that came back, and issues them again; no other invoice can be changed (API 3)."""

from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.amounts import check_amounts
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.elements import Element, read_elements
from connector.twins.infomart.issuers import Customer, Issuer
from connector.twins.infomart.operations import Call, Operation, Result, Side
from connector.twins.infomart.outbox import Issued, Stage
from connector.twins.infomart.registering import answer, complete, restoring, told
from connector.twins.infomart.saving import FaultyError, Saving
from connector.twins.infomart.stages import Stages


def read_update(call: Call) -> list[Element]:
    """The elements, those with faults among them."""
    return read_elements(call, known=True)


def update(call: Call, elements: list[Element]) -> Result:
    """Each sound element changes its invoice; faulty ones are told [IM-88]."""
    Stages(call.world, call.member).settle()
    return answer(call, elements, [_Update(call, element).attempt() for element in elements])


def touched(elements: list[Element]) -> frozenset[int]:
    """The invoices that nobody else may change meanwhile [IM-110]."""
    return frozenset(each.mng_num for each in elements if each.mng_num is not None)


@dataclass(slots=True)
class _Update:
    """One element on its way through the provider's steps."""

    call: Call
    element: Element

    def attempt(self) -> dict[str, Any] | None:
        """What was updated; None: the element has faults, and its findings say which."""
        if self.element.findings.refusals:
            return None
        issuer = self.call.world.issuers.of(self.call.member)
        with restoring(self.call, issuer):
            return self._go(issuer, Saving(self.call, issuer, self.element), self._find(issuer))
        return None

    def _find(self, issuer: Issuer) -> Issued:
        """The returned invoice that is meant [IM-80]."""
        number = self.element.mng_num or 0
        issued = issuer.outbox.find(number)
        if issued is None:
            raise self._fault(Code.NO_SUCH_INVOICE)
        if self.call.world.held[number] > 0:
            raise self._fault(Code.CHANGED_MEANWHILE)
        if issued.stage is not Stage.RETURNED:
            raise self._fault(Code.NOT_RETURNED)
        return issued

    def _fault(self, code: Code) -> FaultyError:
        self.element.findings.note(code, f"{self.element.path}invoice_mng_num")
        return FaultyError()

    def _go(self, issuer: Issuer, saving: Saving, issued: Issued) -> dict[str, Any]:
        """Publisher, customer, accounts, invoice: the provider's order [IM-88]."""
        element, world = self.element, self.call.world
        header = issued.header | element.header
        details = issued.details if element.details is None else element.details
        invoice_type = header.get("invoice_type") or issued.header["invoice_type"]
        check_amounts(header, details, invoice_type, element.path, element.findings)
        saving.stop_if_faulty()
        publisher = saving.publisher() if element.publisher is not None else issued.publisher
        customer = self._customer(issuer, saving, issued)
        accounts = issued.banks if element.banks is None else saving.accounts()
        issued.header = complete(saving, header, publisher or issued.publisher, customer)
        if issued.header.get("send_date") is None:
            issued.header["send_date"] = world.clock.today().isoformat()
        issued.publisher = dict(publisher or issued.publisher)
        issued.customer = customer.block()
        issued.banks = [dict(each) for each in accounts]
        issued.details = details
        issued.reissued = True
        stages = Stages(world, self.call.member)
        stages.place(issued)
        who, facts = self.call.member.pfid, issued.facts()
        world.ledger.write("invoice_updated", pfid=who, request_id=str(self.call.request_id), **facts)
        stages.announce(issued)
        return told(element, issued, publisher, customer, accounts)

    def _customer(self, issuer: Issuer, saving: Saving, issued: Issued) -> Customer:
        """The customer that is named, else the one it was made out to; none is created here [IM-88]."""
        if self.element.customer is not None:
            return saving.customer(may_create=False)
        return issuer.masters.customers[issued.customer["private_cust_cd"]]


UPDATE = Operation("update", Side.SELLER, read_update, update, touches=touched)
