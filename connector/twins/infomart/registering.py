"""Registering makes invoices, and masters and invitations on the way; what fails takes nothing else with it (API 2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.twins.infomart.amounts import check_amounts
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.elements import Element, read_elements
from connector.twins.infomart.issuers import Customer, Issuer
from connector.twins.infomart.operations import Call, Operation, Result, Side
from connector.twins.infomart.outbox import Issued, Stage
from connector.twins.infomart.saving import FaultyError, Saving
from connector.twins.infomart.stages import Stages

_NEED_REGISTRATION = {"3", "4"}  # a qualified invoice names its issuer's registration number [IM-103]


def read_registration(call: Call) -> list[Element]:
    """The elements, those with faults among them; amounts are judged by the type of invoice that is meant."""
    issuer = call.world.issuers.of(call.member)
    elements = read_elements(call, known=False)
    for element in elements:
        if element.has_invoice:
            invoice_type = element.header.get("invoice_type") or _usual_type(issuer, element)
            check_amounts(element.header, element.details or [], invoice_type, element.path, element.findings)
    return elements


def register(call: Call, elements: list[Element]) -> Result:
    """Each sound element is registered by itself, in order [IM-92]; faulty ones are told [IM-5]."""
    Stages(call.world, call.member).settle()
    return answer(call, elements, [_Registration(call, element).attempt() for element in elements])


def answer(call: Call, elements: list[Element], accepted: list[dict[str, Any] | None]) -> Result:
    """What came of each element: 400 with the faulty ones if there are any, else everything that was accepted."""
    refusals = [refusal for element in elements for refusal in element.findings.refusals]
    rows = [row for row in accepted if row is not None]
    tell = not refusals or call.world.knobs.echo_success_on_400  # [IM-100]
    return Result(
        payload={"invoices": rows} if tell else {},
        noted={
            "elements": len(elements),
            "accepted": [row["invoice_mng_num"] for row in rows if row["invoice_mng_num"] is not None],
        },
        refusals=refusals,
    )


@dataclass(slots=True)
class _Registration:
    """One element on its way through the provider's steps."""

    call: Call
    element: Element

    def attempt(self) -> dict[str, Any] | None:
        """What was registered; None: the element has faults, and its findings say which."""
        issuer = self.call.world.issuers.of(self.call.member)
        if self.element.findings.refusals:
            return None
        with restoring(self.call, issuer):
            return self._go(issuer, Saving(self.call, issuer, self.element))
        return None

    def _go(self, issuer: Issuer, saving: Saving) -> dict[str, Any]:
        """Publisher, customer, invitation, accounts, invoice: the provider's order [IM-89]."""
        element = self.element
        publisher = saving.publisher() if element.publisher is not None else None
        customer: Customer | None = None
        if element.customer is not None:
            customer = saving.customer(may_create=True)
            saving.invite(customer)
        accounts = saving.accounts()
        issued = None
        if element.has_invoice and customer is not None:
            layout = element.header.get("invoice_setting_code") or customer.fields.get("invoice_setting_code")
            accounts = accounts or saving.default_accounts(customer, layout)
            publisher = publisher or issuer.default_publisher  # [IM-77]
            issued = self._file(issuer, saving, publisher, customer, accounts)
        return told(element, issued, publisher, customer, accounts)

    def _file(
        self,
        issuer: Issuer,
        saving: Saving,
        publisher: dict[str, Any],
        customer: Customer,
        accounts: list[dict[str, Any]],
    ) -> Issued:
        world, member = self.call.world, self.call.member
        header = complete(saving, self.element.header, publisher, customer)
        header.setdefault("send_date", world.clock.today().isoformat())
        issued = Issued(
            mng_num=next(world.members.numbers),
            header=header,
            publisher=dict(publisher),
            customer=customer.block(),
            banks=[dict(each) for each in accounts],
            details=self.element.details or [],
            stage=Stage.INTERNAL_APPROVAL,
            listed_from=world.clock.now() + timedelta(seconds=world.knobs.list_lag_seconds),
            new_partner=not issuer.outbox.knows(customer.fields["private_cust_cd"]),
        )
        issuer.outbox.put(issued)
        stages = Stages(world, member)
        stages.place(issued)
        facts = issued.facts()
        world.ledger.write("invoice_registered", pfid=member.pfid, request_id=str(self.call.request_id), **facts)
        stages.announce(issued)
        return issued


@contextmanager
def restoring(call: Call, issuer: Issuer) -> Iterator[None]:
    """Ends with a fault; masters that were written before it stay, unless the knob takes them back [IM-101]."""
    before = issuer.keep() if call.world.knobs.rollback_masters else None
    try:
        yield
    except FaultyError:
        if before is not None:
            issuer.masters = before
            call.world.ledger.write("masters_restored", pfid=call.member.pfid)


def complete(saving: Saving, header: dict[str, Any], publisher: dict[str, Any], customer: Customer) -> dict[str, Any]:
    """The header with its layout and type stated; notes a layout nobody set up, or a number that is missing [IM-81]."""
    element, layouts = saving.element, saving.issuer.layouts
    code = header.get("invoice_setting_code") or customer.fields.get("invoice_setting_code")
    layout = layouts.get(code) if code is not None else saving.issuer.default_layout
    if layout is None:
        element.findings.note(Code.NOT_FOUND, f"{element.path}invoice_setting_code")
        raise FaultyError
    invoice_type = header.get("invoice_type") or layout.invoice_type
    if invoice_type in _NEED_REGISTRATION and publisher.get("biz_regist_no") is None:
        element.findings.note(Code.REQUIRED, f"{element.path}publisher.biz_regist_no")
    saving.stop_if_faulty()
    return {**header, "invoice_setting_code": layout.invoice_setting_code, "invoice_type": invoice_type}


def told(
    element: Element,
    issued: Issued | None,
    publisher: dict[str, Any] | None,
    customer: Customer | None,
    accounts: list[dict[str, Any]],
) -> dict[str, Any]:
    """What the answer says of an accepted element (reference 5.2)."""
    return {
        "index": element.findings.index,
        "invoice_mng_num": issued.mng_num if issued else None,
        "inv_no": issued.header.get("inv_no") if issued else None,
        "private_cust_cd": customer.fields["private_cust_cd"] if customer else None,
        "wf_status": int(issued.stage) if issued else None,
        "publisher_mng_num": publisher.get("publisher_mng_num") if publisher else None,
        "transfer_codes": [each["transfer_code"] for each in accounts],
        "invite_status": customer.invite_status if customer else None,
    }


def _usual_type(issuer: Issuer, element: Element) -> str | None:
    """The type of the layout that the invoice will have; None: there is no such layout."""
    code = element.header.get("invoice_setting_code")
    customer = issuer.masters.customers.get((element.customer or {}).get("private_cust_cd", ""))
    code = code or (element.customer or {}).get("invoice_setting_code")
    code = code or (customer.fields.get("invoice_setting_code") if customer else None)
    layout = issuer.layouts.get(code) if code else issuer.default_layout
    return layout.invoice_type if layout else None


REGISTER = Operation("register", Side.SELLER, read_registration, register)
