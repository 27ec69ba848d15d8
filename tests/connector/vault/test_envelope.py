"""A sealed value opens in its own seat and nowhere else."""

import os
from dataclasses import fields, replace
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from connector.domain.sealing import Seat
from connector.errors import CannotOpen
from connector.ids import DataKeyId, TenantId
from connector.secret import Secret
from connector.vault.envelope import key_id_of, seal, unseal

# Few enough values that two seats often differ in one part only, or in none.
IDS = st.sampled_from([UUID(int=1), UUID(int=2), UUID(bytes=b"a" * 16)])
WORDS = st.sampled_from(["", "a", "aa", "refresh_token", "access_token", "grants.refresh_sealed", "infomart", "請求"])
SEATS = st.builds(
    Seat,
    tenant_id=IDS.map(TenantId),
    purpose=WORDS,
    provider=WORDS,
    owner_id=IDS,
    place=WORDS,
    version_id=IDS,
)
KEY, KEY_ID = AESGCM(bytes(32)), DataKeyId(uuid4())
SEAT = Seat(TenantId(uuid4()), "refresh_token", "infomart", uuid4(), "grants.refresh_sealed", uuid4())
TOKEN = Secret("a-refresh-token")


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"])), SEATS)
def test_what_is_sealed_comes_back_as_it_was(text: str, seat: Seat) -> None:
    sealed = seal(Secret(text), key_id=KEY_ID, key=KEY, seat=seat)
    assert unseal(sealed, key=KEY, seat=seat) == Secret(text)
    assert key_id_of(sealed, seat) == KEY_ID


@settings(max_examples=500, deadline=None)
@given(SEATS, SEATS)
def test_a_value_moved_to_any_other_seat_does_not_open(rightful: Seat, other: Seat) -> None:
    assume(rightful != other)
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=rightful)
    with pytest.raises(CannotOpen) as refusal:
        unseal(sealed, key=KEY, seat=other)
    assert refusal.value.purpose == other.purpose


@pytest.mark.parametrize("part", [field.name for field in fields(Seat)])
def test_every_part_of_a_seat_counts(part: str) -> None:
    other = f"{SEAT.purpose}x" if isinstance(getattr(SEAT, part), str) else uuid4()
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT)
    with pytest.raises(CannotOpen):
        unseal(sealed, key=KEY, seat=replace(SEAT, **{part: other}))  # type: ignore[arg-type]  # each its own type


FREE_SEATS = st.builds(
    Seat,
    tenant_id=st.uuids().map(TenantId),
    purpose=st.text(max_size=6),
    provider=st.text(max_size=6),
    owner_id=st.uuids(),
    place=st.text(max_size=6),
    version_id=st.uuids(),
)


@settings(max_examples=500, deadline=None)
@given(FREE_SEATS, st.integers(0, 6), st.integers(0, 6))
def test_moving_characters_from_one_part_of_a_seat_to_the_next_makes_another_seat(
    seat: Seat, cut: int, at: int
) -> None:
    joined = seat.provider + seat.place
    assume(cut != at and max(cut, at) <= len(joined))
    one = replace(seat, provider=joined[:cut], place=joined[cut:])
    two = replace(seat, provider=joined[:at], place=joined[at:])
    assert one.context() != two.context()


@settings(max_examples=500, deadline=None)
@given(SEATS, SEATS)
def test_two_seats_read_the_same_only_if_they_are_the_same(one: Seat, two: Seat) -> None:
    assert (one.context() == two.context()) == (one == two)


def test_a_single_changed_bit_anywhere_is_noticed() -> None:
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT)
    for place in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(CannotOpen):
            unseal(bytes(changed), key=KEY, seat=SEAT)


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_what_was_never_sealed_does_not_open(content: bytes) -> None:
    with pytest.raises(CannotOpen):
        unseal(content, key=KEY, seat=SEAT)


@pytest.mark.parametrize("length", [0, 1, 2, 17, 18, 30, 45])
def test_an_envelope_cut_short_names_no_key(length: int) -> None:
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT)
    with pytest.raises(CannotOpen):
        key_id_of(sealed[:length], SEAT)


@pytest.mark.parametrize("head", [b"\x00\x01", b"\x02\x01", b"\x01\x00", b"\x01\x02"])
def test_an_envelope_of_another_version_or_algorithm_is_refused(head: bytes) -> None:
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT)
    with pytest.raises(CannotOpen):
        key_id_of(head + sealed[2:], SEAT)


def test_no_nonce_is_used_twice_and_the_text_is_nowhere_in_the_envelope() -> None:
    envelopes = [seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT) for _ in range(5_000)]
    assert len({each[18:30] for each in envelopes}) == 5_000
    assert not any(TOKEN.reveal().encode() in each for each in envelopes)


def test_a_key_of_another_tenant_does_not_open_it() -> None:
    sealed = seal(TOKEN, key_id=KEY_ID, key=KEY, seat=SEAT)
    with pytest.raises(CannotOpen):
        unseal(sealed, key=AESGCM(os.urandom(32)), seat=SEAT)
