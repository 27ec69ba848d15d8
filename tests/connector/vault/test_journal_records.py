"""An answer in a file is there whole, or is known not to be: at every cut and at every flipped bit."""

from datetime import timedelta

import pytest

from connector.vault.records import Contents, blank, read_records, record_of
from tests.connector.vault.answers import an_answer

FIRST, SECOND, THIRD = (an_answer(timedelta(seconds=n), sealed=bytes([n]) * 40, first=n == 0) for n in range(3))
FILE = b"".join(record_of(each) for each in (FIRST, SECOND, THIRD))
SECOND_AT = len(record_of(FIRST))
THIRD_AT = SECOND_AT + len(record_of(SECOND))


def ids(contents: Contents) -> list[object]:
    return [each.answer.id for each in contents.answers]


def test_answers_are_read_as_they_were_written() -> None:
    contents = read_records(FILE)
    assert [each.answer for each in contents.answers] == [FIRST, SECOND, THIRD]
    assert [(each.offset, each.end) for each in contents.answers] == [
        (0, SECOND_AT),
        (SECOND_AT, THIRD_AT),
        (THIRD_AT, len(FILE)),
    ]
    assert (contents.damaged, contents.torn) == ([], None)


@pytest.mark.parametrize("sealed", [b"", b"\x00", bytes(100_000), record_of(FIRST) * 3])
def test_whatever_is_sealed_comes_back_and_nothing_inside_it_is_taken_for_a_record(sealed: bytes) -> None:
    answer = an_answer(sealed=sealed)
    contents = read_records(record_of(answer) + FILE)
    assert contents.answers[0].answer == answer
    assert ids(contents) == [answer.id, FIRST.id, SECOND.id, THIRD.id]


def test_a_moment_is_kept_to_the_microsecond() -> None:
    for answer in (an_answer(timedelta(microseconds=1)), an_answer(timedelta(days=-30_000, microseconds=999_999))):
        assert read_records(record_of(answer)).answers[0].answer.answered_at == answer.answered_at


def test_a_write_cut_short_anywhere_costs_its_own_record_and_no_other() -> None:
    for length in range(len(FILE)):
        contents = read_records(FILE[:length])
        whole = (length >= SECOND_AT) + (length >= THIRD_AT)
        assert ids(contents) == [FIRST.id, SECOND.id, THIRD.id][:whole]
        at = (0, SECOND_AT, THIRD_AT)[whole]
        assert (contents.damaged, contents.torn) == ([], None if length == at else at)


def test_an_end_that_was_never_filled_in_is_a_write_cut_short() -> None:
    contents = read_records(FILE + bytes(4096))
    assert ids(contents) == [FIRST.id, SECOND.id, THIRD.id]
    assert (contents.damaged, contents.torn) == ([], len(FILE))


def test_a_flipped_bit_anywhere_in_a_record_is_noticed_and_the_records_around_it_are_read() -> None:
    for at in range(SECOND_AT, THIRD_AT):
        spoilt = bytearray(FILE)
        spoilt[at] ^= 1 << at % 8
        contents = read_records(bytes(spoilt))
        assert ids(contents) == [FIRST.id, THIRD.id]
        assert (contents.damaged, contents.torn) == ([SECOND_AT], None)


def test_a_flipped_bit_in_the_last_record_is_damage_unless_it_makes_the_record_longer_than_the_file() -> None:
    for at in range(THIRD_AT + 4, len(FILE)):
        spoilt = bytearray(FILE)
        spoilt[at] ^= 1 << at % 8
        contents = read_records(bytes(spoilt))
        assert ids(contents) == [FIRST.id, SECOND.id]
        assert (contents.damaged, contents.torn) == ([THIRD_AT], None)


def test_bytes_of_something_else_are_no_answers() -> None:
    assert ids(read_records(b"#!/bin/sh\n" * 200)) == []
    assert read_records(b"#!/bin/sh\n" * 200 + FILE).damaged == [0]
    assert ids(read_records(b"#!/bin/sh\n" * 200 + FILE)) == [FIRST.id, SECOND.id, THIRD.id]


def test_a_blank_says_nothing() -> None:
    contents = read_records(blank() + record_of(FIRST) + blank())
    assert ids(contents) == [FIRST.id]
    assert (contents.damaged, contents.torn) == ([], None)
