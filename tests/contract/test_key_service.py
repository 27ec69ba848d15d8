"""What every key service promises, the pretended one too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.domain.sealing import WrappedKey
from connector.errors import CannotOpen
from connector.ports import KeyService
from connector.vault.kms.local import LocalFile
from tests.contract.keys import PretendKeyService

KEY = bytes(range(32))
CONTEXT = b"data_key of tenant A"


def local_file(folder: Path, name: str) -> KeyService:
    path = folder / f"{name}.json"
    LocalFile.create(path, name)
    return LocalFile.read(path)


def pretended(_: Path, name: str) -> KeyService:
    return PretendKeyService(name)


SERVICES = pytest.mark.parametrize("make", [local_file, pretended])
Make = Callable[[Path, str], KeyService]


@SERVICES
@pytest.mark.parametrize("key", [KEY, b"", b"\0" * 32, b"x" * 4096])
async def test_a_wrapped_key_comes_back_whole(make: Make, tmp_path: Path, key: bytes) -> None:
    service = make(tmp_path, "one")
    assert await service.unwrap(await service.wrap(key, CONTEXT), CONTEXT) == key


@SERVICES
async def test_a_wrapped_key_names_the_key_that_wraps_it_and_does_not_hold_itself(make: Make, tmp_path: Path) -> None:
    wrapped = await make(tmp_path, "kek-2026").wrap(KEY, CONTEXT)
    assert wrapped.kek_id == "kek-2026"
    assert KEY not in wrapped.blob
    assert KEY[:8] not in wrapped.blob


@SERVICES
async def test_wrapping_twice_never_gives_the_same(make: Make, tmp_path: Path) -> None:
    service = make(tmp_path, "one")
    assert len({(await service.wrap(KEY, CONTEXT)).blob for _ in range(100)}) == 100


@SERVICES
@pytest.mark.parametrize("context", [b"", b"data_key of tenant B", CONTEXT + b"\0", CONTEXT[:-1], b"\0" + CONTEXT])
async def test_a_key_wrapped_for_one_context_opens_for_no_other(make: Make, tmp_path: Path, context: bytes) -> None:
    service = make(tmp_path, "one")
    with pytest.raises(CannotOpen):
        await service.unwrap(await service.wrap(KEY, CONTEXT), context)


@SERVICES
async def test_another_service_of_the_same_name_does_not_open_it(make: Make, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    wrapped = await make(tmp_path / "a", "one").wrap(KEY, CONTEXT)
    with pytest.raises(CannotOpen):
        await make(tmp_path / "b", "one").unwrap(wrapped, CONTEXT)


@SERVICES
async def test_a_wrapped_key_changed_by_one_bit_does_not_open(make: Make, tmp_path: Path) -> None:
    service = make(tmp_path, "one")
    wrapped = await service.wrap(KEY, CONTEXT)
    for place in range(len(wrapped.blob) * 8):
        changed = bytearray(wrapped.blob)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(CannotOpen):
            await service.unwrap(WrappedKey(wrapped.kek_id, bytes(changed)), CONTEXT)


@SERVICES
@pytest.mark.parametrize("length", [0, 1, 7, 12, 27])
async def test_a_wrapped_key_cut_short_does_not_open(make: Make, tmp_path: Path, length: int) -> None:
    service = make(tmp_path, "one")
    wrapped = await service.wrap(KEY, CONTEXT)
    with pytest.raises(CannotOpen):
        await service.unwrap(WrappedKey(wrapped.kek_id, wrapped.blob[:length]), CONTEXT)
