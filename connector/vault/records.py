"""Token answers as bytes in a file: each is there whole, or is known not to be.

    length(4) | crc32(4) | version(1) | field …        length: of all that follows the crc32
    field:  length(4) | bytes                          crc32: of the length and of all that follows the crc32

The fields are id(16), tenant(16), connection(16), provider, parent(16, or none), microseconds since 1970(8), sealed.
Numbers are unsigned and big-endian, the moment alone is signed. Version 0 is a blank, which only proves that a disk
takes writes.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from connector.domain.renewal import TokenAnswer
from connector.ids import ConnectionId, GrantId, ProviderKey, TenantId

_VERSION = 1
_BLANK_VERSION = 0
_LENGTH = struct.Struct(">I")
_HEAD = struct.Struct(">II")
_MOMENT = struct.Struct(">q")
_LONGEST = 16 * 1024 * 1024  # no answer is near this; a longer length is a broken one
_MARK = bytes((_VERSION,)) + _LENGTH.pack(16)  # how every record goes on after its head
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_FIELDS = 7


@dataclass(frozen=True, slots=True)
class Placed:
    """An answer, and where its record stands."""

    answer: TokenAnswer
    offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What the bytes of a file turned out to hold."""

    answers: Sequence[Placed]
    damaged: Sequence[int]  # offsets of bytes that were once a record, or pretend to be one
    torn: int | None  # the offset of a last record whose writing was never finished


def record_of(answer: TokenAnswer) -> bytes:
    """The record of an answer."""
    fields = (
        answer.id.bytes,
        answer.tenant_id.bytes,
        answer.connection_id.bytes,
        answer.provider.encode(),
        b"" if answer.parent_id is None else answer.parent_id.bytes,
        _MOMENT.pack((answer.answered_at - _BEGINNING) // timedelta(microseconds=1)),
        answer.sealed,
    )
    return _framed(_VERSION, b"".join(_LENGTH.pack(len(field)) + field for field in fields))


def blank() -> bytes:
    """A record that says nothing."""
    return _framed(_BLANK_VERSION, bytes(64))


def read_records(content: bytes) -> Contents:
    """Every answer that can be read, even behind bytes that cannot."""
    answers: list[Placed] = []
    damaged: list[int] = []
    at = 0
    while at < len(content):
        end = _end(content, at)
        if end is not None:
            try:
                answer = _answer(content[at + _HEAD.size : end])
            except ValueError:
                damaged.append(at)
            else:
                answers += [] if answer is None else [Placed(answer, at, end)]
            at = end
            continue
        following = _next(content, at + 1)
        if following is None:
            if _unfinished(content, at):
                return Contents(answers, damaged, torn=at)
            return Contents(answers, [*damaged, at], torn=None)
        damaged.append(at)
        at = following
    return Contents(answers, damaged, torn=None)


def _framed(version: int, rest: bytes) -> bytes:
    body = bytes((version,)) + rest
    length = _LENGTH.pack(len(body))
    return length + _LENGTH.pack(zlib.crc32(body, zlib.crc32(length))) + body


def _end(content: bytes, at: int) -> int | None:
    """Where the record at `at` ends; None: there is no whole one."""
    if at + _HEAD.size > len(content):
        return None
    length, expected = _HEAD.unpack_from(content, at)
    end: int = at + _HEAD.size + length
    if not 0 < length <= _LONGEST or end > len(content):
        return None
    found = zlib.crc32(content[at + _HEAD.size : end], zlib.crc32(content[at : at + _LENGTH.size]))
    return end if found == expected else None


def _next(content: bytes, start: int) -> int | None:
    """Where the first whole record from `start` on begins; a mark inside sealed bytes is told apart by its crc32."""
    mark = content.find(_MARK, start + _HEAD.size)
    while mark >= 0:
        if _end(content, mark - _HEAD.size) is not None:
            return mark - _HEAD.size
        mark = content.find(_MARK, mark + 1)
    return None


def _unfinished(content: bytes, at: int) -> bool:
    """Whether the bytes at the end look like a write that a crash cut short: too few of them, or never filled in."""
    rest = content[at:]
    if len(rest) < _HEAD.size or not any(rest):
        return True
    length, _ = _HEAD.unpack_from(rest)
    return bool(length <= _LONGEST and len(rest) < _HEAD.size + length)


def _answer(body: bytes) -> TokenAnswer | None:
    """The answer in a record's body; None: it is a blank. Raises ValueError for what this version cannot read."""
    if body[0] == _BLANK_VERSION:
        return None
    fields = list(_split(body[1:]))
    if body[0] != _VERSION or len(fields) != _FIELDS or len(fields[5]) != _MOMENT.size:
        raise ValueError("not a record of this version")
    (microseconds,) = _MOMENT.unpack(fields[5])
    return TokenAnswer(
        id=GrantId(UUID(bytes=fields[0])),
        tenant_id=TenantId(UUID(bytes=fields[1])),
        connection_id=ConnectionId(UUID(bytes=fields[2])),
        provider=ProviderKey(fields[3].decode()),
        parent_id=GrantId(UUID(bytes=fields[4])) if fields[4] else None,
        answered_at=_BEGINNING + timedelta(microseconds=microseconds),
        sealed=fields[6],
    )


def _split(fields: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(fields):
        if at + _LENGTH.size > len(fields):
            raise ValueError("a field without a length")
        (length,) = _LENGTH.unpack_from(fields, at)
        at += _LENGTH.size
        if at + length > len(fields):
            raise ValueError("a field longer than its record")
        yield fields[at : at + length]
        at += length
