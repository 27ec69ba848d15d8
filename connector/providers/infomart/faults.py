"""The `error_list` of any answer, in JSON or in XML; whatever is neither is no answer of Infomart's."""

from collections.abc import Sequence
from xml.parsers import expat

import msgspec

from connector.providers.infomart import wire

_ROOT, _LIST = "response", "error_list"
_FIELDS = frozenset(wire.Fault.__struct_fields__)
_DEEPEST = 50  # elements within each other


def read(body: bytes) -> Sequence[wire.Fault]:
    """The faults an answer names, none if it names none; raises msgspec.DecodeError for what cannot be read."""
    if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_xml(body)
    return wire.read(wire.PAGE, body).error_list or []


class _Listener:
    """Hears an XML document element by element, and takes down what stands in `error_list`."""

    def __init__(self) -> None:
        self.faults: list[wire.Fault] = []
        self._path: list[str] = []
        self._fields: dict[str, str] = {}

    def begin(self, name: str, _: dict[str, str]) -> None:
        """An element begins."""
        if (not self._path and name != _ROOT) or len(self._path) >= _DEEPEST:
            raise msgspec.DecodeError("an answer in XML, and none of Infomart's")
        self._path.append(name)
        if self._path == [_ROOT, _LIST]:
            self._fields = {}

    def hear(self, text: str) -> None:
        """Text within an element, perhaps a part of it."""
        if len(self._path) == 3 and self._path[1] == _LIST and self._path[2] in _FIELDS:  # noqa: PLR2004
            self._fields[self._path[2]] = self._fields.get(self._path[2], "") + text

    def end(self, _: str) -> None:
        """An element ends; each repetition of `error_list` is one fault [IM-109], an empty one is none."""
        if self._path == [_ROOT, _LIST] and self._fields:
            self.faults.append(wire.Fault(**self._fields))
        self._path.pop()


def _read_xml(body: bytes) -> Sequence[wire.Fault]:
    """As `read`, with every declaration of a document type refused: nothing is declared, so nothing expands."""
    listener, parser = _Listener(), expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse
    parser.StartElementHandler = listener.begin
    parser.CharacterDataHandler = listener.hear
    parser.EndElementHandler = listener.end
    try:
        parser.Parse(body, True)  # noqa: FBT003 - the signature is expat's
    except (expat.ExpatError, ValueError, LookupError) as cause:  # the latter two: encodings nobody knows
        raise msgspec.DecodeError(f"no whole XML: {type(cause).__name__}") from None
    return listener.faults


def _refuse(*_: object) -> None:
    raise msgspec.DecodeError("a page or a document type where an answer was expected")
