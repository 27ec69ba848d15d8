"""Requests and answers travel as JSON or as XML, and say the same in both (reference 3.6, [IM-109])."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Never
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from starlette.requests import Request

from connector.twins.infomart.catalogue import Code

# What XML cannot say of itself: these elements are lists even if there is one of them.
LISTS = frozenset(
    {
        "invoices",
        "banks",
        "details",
        "paid_info",
        "refund_info",
        "additional_info",
        "custom_details",
        "seller_attached_file",
        "suppliers",
        "accounts",
        "sub_accounts",
        "burden_secs",
        "journal_auxs",
        "target",
    }
)
_STRIPPED = str.maketrans("", "", "%^*()[]<>'\"\t,")  # [IM-37]; the half-width ones only [IM-38]
_DEEPEST = 30  # how far values may be nested; a real request goes five levels down
_UNNAMEABLE = re.compile(r"[^\w.-]")  # characters no name of an element may hold
_UNSPEAKABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # characters no XML may hold


class Format(StrEnum):
    """What a body is written in; the value is its `response_type` [IM-35]."""

    JSON = "json"
    XML = "xml"

    @property
    def media_type(self) -> str:
        """Its name in headers."""
        return {Format.JSON: "application/json", Format.XML: "text/xml"}[self]


class UnreadableError(Exception):
    """The request is not what its headers say; the code says how, the item where."""

    def __init__(self, code: Code, item: str | None = None) -> None:
        super().__init__(code, item)
        self.code = code
        self.item = item


def accepted(request: Request) -> set[Format]:
    """The formats that `Accept` names outright; `*/*` names none (reference 3.2)."""
    named = {each.partition(";")[0].strip().lower() for each in request.headers.get("Accept", "").split(",")}
    return {form for form in Format if form.media_type in named}


def by_accept(request: Request) -> Format:
    """The format of an answer to a request that nobody could read: `Accept` decides [IM-109]."""
    return Format.XML if accepted(request) == {Format.XML} else Format.JSON


async def read_request(request: Request) -> dict[str, Any]:
    """The fields of the query or the body, by what `Content-type` says it is; raises UnreadableError."""
    if request.method == "GET":
        query = request.query_params  # a comma would vanish [IM-37], so a list is its name said again and again
        return {name: query.getlist(name) if name in LISTS else query[name] for name in query}
    kind, _, parameters = request.headers.get("Content-type", "").partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", parameters, re.IGNORECASE)
    form = next((each for each in Format if each.media_type == kind.strip().lower()), None)
    if form is None or (charset and charset[1].lower() != "utf-8"):
        raise UnreadableError(Code.WRONG_CONTENT_TYPE, "Content-type")
    try:
        text = (await request.body()).decode("utf-8")
        fields = _read_json(text) if form is Format.JSON else _read_xml(text)
        _check_depth(fields, _DEEPEST)
    except (ValueError, RecursionError) as wrong:
        raise UnreadableError(Code.UNREADABLE) from wrong
    return fields


def strip(value: Any) -> Any:
    """The same value without the characters that vanish from every text in it (reference 3.4)."""
    if isinstance(value, str):
        return value.translate(_STRIPPED)
    if isinstance(value, dict):
        return {key: strip(each) for key, each in value.items()}
    if isinstance(value, list):
        return [strip(each) for each in value]
    return value


def write(body: Mapping[str, Any], form: Format) -> bytes:
    """The body of an answer."""
    if form is Format.JSON:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    parts = ['<?xml version="1.0" encoding="UTF-8"?>']
    _write_element("response", body, parts)
    return "".join(parts).encode()


def _read_json(text: str) -> dict[str, Any]:
    fields = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    if not isinstance(fields, dict):
        raise ValueError("a request is an object")  # noqa: TRY004  # unreadable like any other
    if "\\u" in text:
        json.dumps(fields, ensure_ascii=False, default=str).encode()  # half a surrogate pair is no character
    return fields


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError("a request is not that deep")
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            _check_depth(each, left - 1)


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON")


def _read_xml(text: str) -> dict[str, Any]:
    if "<!DOCTYPE" in text:  # without one nothing is declared, so nothing expands and nothing is fetched
        raise ValueError("a request declares no document type")
    try:
        root = ET.fromstring(text)  # noqa: S314  # nosec B314  # see above
    except ET.ParseError as wrong:
        raise ValueError(str(wrong)) from wrong
    if root.tag != "request":
        raise ValueError("the root is <request>")
    fields = _read_element(root)
    return fields if isinstance(fields, dict) else {}


def _read_element(element: ET.Element) -> Any:
    if not len(element):
        return element.text or ""
    fields: dict[str, Any] = {}
    for child in element:
        value = _read_element(child)
        if child.tag in LISTS:
            rows = fields.setdefault(child.tag, [])
            if not isinstance(value, str) or value.strip():  # an empty element is an empty list
                rows.append(value)
        elif child.tag in fields:
            raise ValueError(f"{child.tag} is there twice")
        else:
            fields[child.tag] = value
    return fields


def _write_element(name: str, value: Any, parts: list[str]) -> None:
    """A list is its elements one after the other; nothing is an empty element."""
    if isinstance(value, list | tuple):
        for each in value:
            _write_element(name, each, parts)
        return
    name = _UNNAMEABLE.sub("_", name if name[:1].isalpha() else f"_{name}")
    parts.append(f"<{name}>")
    if isinstance(value, Mapping):
        for key, each in value.items():
            _write_element(key, each, parts)
    elif value is not None:
        parts.append(escape(_UNSPEAKABLE.sub("\ufffd", _as_text(value))))
    parts.append(f"</{name}>")


def _as_text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
