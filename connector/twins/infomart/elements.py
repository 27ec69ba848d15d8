"""An element is one invoice of a registration or an update, or masters alone, read and checked for itself [IM-5]."""

from base64 import b64decode
from binascii import Error as NotBase64Error
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connector.twins.infomart.assumed import MOST_BANKS, MOST_DETAILS, MOST_FILE_BYTES, MOST_FILES, MOST_INVOICES
from connector.twins.infomart.catalogue import Code
from connector.twins.infomart.dictionary import BANK, CUSTOMER, DETAIL, HEADER, PUBLISHER
from connector.twins.infomart.operations import Call, refuse
from connector.twins.infomart.rules import Findings, is_nothing, read_block, read_list, whole

_KEY = {"invoice_mng_num": whole(10, least=1)}
_UNINVITED = "0"


@dataclass(slots=True)
class Element:
    """What one element asks for; a block that is None was not given, a value that is None was given empty."""

    path: str  # invoices[0].
    findings: Findings
    mng_num: int | None = None
    publisher: dict[str, Any] | None = None
    customer: dict[str, Any] | None = None
    banks: list[dict[str, Any]] | None = None
    header: dict[str, Any] = field(default_factory=dict)
    details: list[dict[str, Any]] | None = None

    @property
    def has_invoice(self) -> bool:
        """Whether it holds anything besides publisher, customer and banks [IM-99]."""
        return bool(self.details) or any(value is not None for value in self.header.values())

    def deletes(self) -> list[str]:
        """The paths of everything that it wants deleted."""
        found = ["publisher."] if (self.publisher or {}).get("delete_flg") == "1" else []
        banks = enumerate(self.banks or [])
        return found + [f"banks[{place}]." for place, each in banks if each.get("delete_flg") == "1"]


def read_elements(call: Call, *, known: bool) -> list[Element]:
    """Every element with its faults; what is wrong with the list itself is wrong with the whole request.

    With `known`, the elements are invoices that exist, and an empty value clears; else it says nothing [IM-94].
    """
    findings = Findings()
    given = read_list(call.fields.get("invoices"), "invoices", MOST_INVOICES, findings)
    if not given and not findings.refusals:
        findings.note(Code.REQUIRED, "invoices")
    refuse(findings)
    return [_read_element(each, place, known=known) for place, each in enumerate(given)]


def _read_element(given: Any, place: int, *, known: bool) -> Element:
    element = Element(f"invoices[{place}].", Findings(place + 1))
    path, findings = element.path, element.findings
    if not isinstance(given, Mapping):
        findings.note(Code.WRONG_FORMAT, path.removesuffix("."))
        return element
    element.mng_num = read_block(given, _KEY, path, findings).get("invoice_mng_num")
    for name, rules in (("publisher", PUBLISHER), ("customer", CUSTOMER)):
        if not is_nothing(given.get(name)):
            block = read_block(given[name], rules, f"{path}{name}.", findings)
            setattr(element, name, block if known else _filled(block))
    element.header = read_block(given, HEADER, path, findings)
    for name, rules, most in (("banks", BANK, MOST_BANKS), ("details", DETAIL, MOST_DETAILS)):
        if name in given:
            rows = read_list(given[name], f"{path}{name}", most, findings)
            blocks = [read_block(row, rules, f"{path}{name}[{at}].", findings) for at, row in enumerate(rows)]
            setattr(element, name, blocks if known else [_filled(block) for block in blocks])
    if not known:
        element.header = _filled(element.header)
    _check_files(element)
    _check_element(element, known=known)
    return element


def _filled(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if value is not None}


def _check_element(element: Element, *, known: bool) -> None:
    path, findings = element.path, element.findings
    customer = element.customer
    if known:
        findings.require({"invoice_mng_num": element.mng_num}, path, "invoice_mng_num")
        if "inv_show_amount" in element.header:
            findings.require(element.header, path, "inv_show_amount")
        if customer and (customer.get("invite_type") or _UNINVITED) != _UNINVITED:
            findings.note(Code.NOT_INVITABLE, f"{path}customer.invite_type")  # an update invites nobody [IM-88]
    else:
        _check_new(element)
    if customer is not None:
        findings.require(customer, f"{path}customer.", "private_cust_cd")
    for place, bank in enumerate(element.banks or []):
        findings.require(bank, f"{path}banks[{place}].", "transfer_code")
    if known or element.has_invoice:
        for at in element.deletes():  # [IM-78], [IM-88]
            findings.note(Code.DELETED_WITH_INVOICE, f"{path}{at}delete_flg")


def _check_new(element: Element) -> None:
    path, findings = element.path, element.findings
    if element.mng_num is not None:
        findings.note(Code.INCONSISTENT, f"{path}invoice_mng_num")  # a registration never overwrites [IM-80]
    if element.has_invoice:
        findings.require(element.header, path, "inv_show_amount")
        if element.customer is None:
            findings.note(Code.REQUIRED, f"{path}customer")
    elif element.publisher is None and element.customer is None and not element.banks and not findings.refusals:
        findings.note(Code.REQUIRED, path.removesuffix("."))


def _check_files(element: Element) -> None:
    """Attachments are few, named, and small together [IM-98]."""
    name = "seller_attached_file"
    path, findings = f"{element.path}{name}", element.findings
    rows = read_list(element.header.get(name), path, MOST_FILES, findings)
    size = 0
    for at, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("file_name"), str):
            findings.note(Code.WRONG_FORMAT, f"{path}[{at}]")
            continue
        try:
            size += len(b64decode(str(row.get("file", "")), validate=True))
        except (NotBase64Error, ValueError):
            findings.note(Code.WRONG_FORMAT, f"{path}[{at}].file")
    if size > MOST_FILE_BYTES:
        findings.note(Code.TOO_LONG, path)
