"""What every key service promises: in a file, in Vault, at AWS, at Google, and the pretended one too."""

from dataclasses import replace

import pytest

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen
from tests.contract.conftest import Make

KEY = bytes(range(32))
CONTEXT = b"data_key of tenant A"


@pytest.mark.parametrize("key", [KEY, b"\0", b"\0" * 32, b"x" * 4096])
async def test_a_wrapped_key_comes_back_whole(make: Make, key: bytes) -> None:
    service = make("one")
    assert await service.unwrap(await service.wrap(key, CONTEXT), CONTEXT) == key


async def test_a_wrapped_key_names_the_key_that_wraps_it_and_does_not_hold_itself(make: Make) -> None:
    service = make("kek-2026")
    wrapped = await service.wrap(KEY, CONTEXT)
    assert wrapped.kek_id == await service.current()
    assert KEY not in wrapped.blob
    assert KEY[:8] not in wrapped.blob


async def test_two_keys_never_have_the_same_name(make: Make) -> None:
    assert await make("one").current() != await make("two").current()


async def test_wrapping_twice_never_gives_the_same(make: Make) -> None:
    service = make("one")
    assert len({(await service.wrap(KEY, CONTEXT)).blob for _ in range(50)}) == 50


@pytest.mark.parametrize("context", [b"", b"data_key of tenant B", CONTEXT + b"\0", CONTEXT[:-1], b"\0" + CONTEXT])
async def test_a_key_wrapped_for_one_context_opens_for_no_other(make: Make, context: bytes) -> None:
    service = make("one")
    with pytest.raises(CannotOpen):
        await service.unwrap(await service.wrap(KEY, CONTEXT), context)


async def test_another_key_does_not_open_it_even_under_the_same_name(make: Make) -> None:
    wrapped = await make("one").wrap(KEY, CONTEXT)
    other = make("one")
    with pytest.raises(CannotOpen):
        await other.unwrap(wrapped, CONTEXT)


# moto alone calls it AccessDenied; what AWS itself says stands among its answers in test_key_service_answers.py.
@pytest.mark.parametrize("kind", ["local", "pretended", "vault", "gcp"])
async def test_another_key_does_not_open_it_when_the_label_lies(make: Make) -> None:
    wrapped = await make("one").wrap(KEY, CONTEXT)
    other = make("one")
    with pytest.raises(CannotOpen):
        await other.unwrap(replace(wrapped, kek_id=await other.current()), CONTEXT)


async def test_a_wrapped_key_changed_by_one_bit_does_not_open(make: Make, kind: str) -> None:
    service = make("one")
    wrapped = await service.wrap(KEY, CONTEXT)
    first = 36 if kind == "aws" else 0  # moto's begins with the key's name in clear
    step = 1 if kind in {"local", "pretended"} else 7  # over a network, each place of a byte in turn
    for place in range(first * 8, len(wrapped.blob) * 8, step):
        changed = bytearray(wrapped.blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(CannotOpen):
            await service.unwrap(WrappedKey(wrapped.kek_id, bytes(changed)), CONTEXT)


@pytest.mark.parametrize("length", [0, 1, 7, 12, 27])
async def test_a_wrapped_key_cut_short_does_not_open(make: Make, length: int) -> None:
    service = make("one")
    wrapped = await service.wrap(KEY, CONTEXT)
    with pytest.raises(CannotOpen):
        await service.unwrap(WrappedKey(wrapped.kek_id, wrapped.blob[:length]), CONTEXT)


@pytest.mark.parametrize("label", ["", "k", "vault:", "aws:", "gcp:", "file:/kek.json", "aws:arn:aws:kms:x:1:key/2"])
async def test_a_key_that_another_kind_of_service_wrapped_does_not_open(make: Make, label: str) -> None:
    with pytest.raises(CannotOpen):
        await make("one").unwrap(WrappedKey(label, b"nothing of ours"), CONTEXT)
