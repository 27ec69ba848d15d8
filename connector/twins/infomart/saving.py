"""Saving puts what an element says of masters into the masters, in the provider's order [IM-76], [IM-89]."""

from dataclasses import dataclass
from typing import Any

from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.elements import Element
from connector.twins.infomart.issuers import Customer, Issuer
from connector.twins.infomart.operations import Call

_DELETED = "1"
_ADDRESSES = ("publisher_address1", "publisher_address2")

# How an invitation goes out, and what it needs to find its way [IM-85].
_WAYS: dict[str, tuple[str, tuple[tuple[str, ...], ...]]] = {
    "1": ("email", (("user_email",),)),
    "2": ("fax", (("fax",),)),
    "9": ("paper", (("zip",), ("address1", "address2"))),
}


class FaultyError(Exception):
    """An element goes no further; its findings say why."""


@dataclass(slots=True)
class Saving:
    """Saves the masters of one element; every step raises FaultyError if it finds a fault."""

    call: Call
    issuer: Issuer
    element: Element

    def publisher(self) -> dict[str, Any] | None:
        """Who issues: found, created, changed, for this once, or deleted, which is None [IM-84]."""
        given, at = dict(self.element.publisher or {}), f"{self.element.path}publisher."
        delete = given.pop("delete_flg", None) == _DELETED
        code = given.get("publisher_mng_num")
        if code is None:
            self._need_address(given, at)
            return given
        found = self.issuer.publishers(code)
        if len(found) > 1:
            self._fault(Code.AMBIGUOUS, f"{at}publisher_mng_num")
        if delete:
            if not found:
                self._fault(Code.NOT_FOUND, f"{at}publisher_mng_num")
            if self.issuer.publisher_in_use(found[0]):
                self._fault(Code.IN_USE, f"{at}publisher_mng_num")
            self.issuer.masters.publishers.remove(found[0])
            self._note("master_deleted", "publisher", code)
            return None
        if found:
            self._change(found[0], given, "publisher", code)
            return found[0]
        self._need_address(given, at)
        self.issuer.masters.publishers.append(given)
        self._note("master_saved", "publisher", code, action="created")
        return given

    def customer(self, *, may_create: bool) -> Customer:
        """Whom the invoice is for: found and changed, or created [IM-85]."""
        given, at = dict(self.element.customer or {}), f"{self.element.path}customer."
        given.pop("invite_type", None)
        code = given["private_cust_cd"]
        self._check_defaults(given, at)
        known = self.issuer.masters.customers.get(code)
        if known is not None:
            self._change(known.fields, given, "customer", code)
            return known
        if not may_create:
            self._fault(Code.NOT_FOUND, f"{at}private_cust_cd")
        self.element.findings.require(given, at, "company_name", "zip")
        if not (given.get("address1") or given.get("address2")):
            self.element.findings.note(Code.REQUIRED, f"{at}address1")
        self.stop_if_faulty()
        customer = Customer(given, self.call.world.issuers.company())
        self.issuer.masters.customers[code] = customer
        self._note("master_saved", "customer", code, action="created")
        return customer

    def invite(self, customer: Customer) -> None:
        """An invitation goes out if one is asked for, with an invoice or without [IM-79]; it cannot be called back."""
        wanted = (self.element.customer or {}).get("invite_type")
        if wanted not in _WAYS:
            return
        way, needs = _WAYS[wanted]
        reachable = all(any(customer.fields.get(name) for name in each) for each in needs)
        if customer.connected_to is not None or customer.invite_status == "2" or not reachable:
            self._fault(Code.NOT_INVITABLE, f"{self.element.path}customer.invite_type")
        customer.invite_status = "1"
        self.call.world.ledger.write(
            "invited",
            pfid=self.call.member.pfid,
            private_cust_cd=customer.fields["private_cust_cd"],
            by=way,
            request_id=str(self.call.request_id),
        )

    def accounts(self) -> list[dict[str, Any]]:
        """Where to pay: each account found and changed, created, or deleted."""
        kept = []
        for place, bank in enumerate(self.element.banks or []):
            given, at = dict(bank), f"{self.element.path}banks[{place}]."
            delete = given.pop("delete_flg", None) == _DELETED
            code = given["transfer_code"]
            known = self.issuer.masters.accounts.get(code)
            if delete:
                self._delete_account(code, at)
            elif known is not None:
                self._change(known, given, "bank_account", code)
                kept.append(known)
            else:
                names = ("fncl_inst_code", "fncl_inst_name", "branch_code", "branch_name", "deposit_sec")
                self.element.findings.require(given, at, *names, "account_num", "depositor_kana")
                self.stop_if_faulty()
                self.issuer.masters.accounts[code] = given
                self._note("master_saved", "bank_account", code, action="created")
                kept.append(given)
        return kept

    def default_accounts(self, customer: Customer, layout_code: str | None) -> list[dict[str, Any]]:
        """The customer's account, else the layout's, else none [IM-77]."""
        layout = self.issuer.layouts.get(layout_code or "") or self.issuer.default_layout
        code = customer.fields.get("transfer_code") or layout.transfer_code
        account = self.issuer.masters.accounts.get(code or "")
        return [account] if account is not None else []

    def stop_if_faulty(self) -> None:
        """Nothing more is done for an element with a fault."""
        if self.element.findings.refusals:
            raise FaultyError

    def _delete_account(self, code: str, at: str) -> None:
        if code not in self.issuer.masters.accounts:
            self._fault(Code.NOT_FOUND, f"{at}transfer_code")
        if self.issuer.account_in_use(code):
            self._fault(Code.IN_USE, f"{at}transfer_code")
        del self.issuer.masters.accounts[code]
        self._note("master_deleted", "bank_account", code)

    def _check_defaults(self, given: dict[str, Any], at: str) -> None:
        """A customer's own account and layout must exist; the account may come with the same element."""
        coming = {bank.get("transfer_code") for bank in self.element.banks or [] if bank.get("delete_flg") != _DELETED}
        account = given.get("transfer_code")
        if account is not None and account not in self.issuer.masters.accounts and account not in coming:
            self._fault(Code.NOT_FOUND, f"{at}transfer_code")
        layout = given.get("invoice_setting_code")
        if layout is not None and layout not in self.issuer.layouts:
            self._fault(Code.NOT_FOUND, f"{at}invoice_setting_code")

    def _need_address(self, given: dict[str, Any], at: str) -> None:
        self.element.findings.require(given, at, "publisher_zip", "publisher_phone")
        if not any(given.get(name) for name in _ADDRESSES):
            self.element.findings.note(Code.REQUIRED, f"{at}{_ADDRESSES[0]}")
        self.stop_if_faulty()

    def _change(self, master: dict[str, Any], given: dict[str, Any], kind: str, code: str) -> None:
        """Takes the fields that were given; a master that is only named stays as it is and is not written."""
        changed = {name: value for name, value in given.items() if master.get(name) != value}
        if changed:
            master |= changed
            self._note("master_saved", kind, code, action="updated")

    def _fault(self, code: Code, item: str) -> None:
        self.element.findings.note(code, item)
        self.stop_if_faulty()

    def _note(self, event: str, kind: str, code: str, **more: str) -> None:
        who, request_id = self.call.member.pfid, str(self.call.request_id)
        self.call.world.ledger.write(event, pfid=who, kind=kind, code=code, **more, request_id=request_id)
