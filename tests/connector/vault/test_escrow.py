"""An escrow in a folder: everything given to it comes back, once, in order, until it is old enough to forget."""

import asyncio
import errno
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connector.domain.renewal import TokenAnswer
from connector.errors import Misconfigured, Unavailable
from connector.vault.escrow import FileEscrow
from tests.connector.vault.answers import NOON, a_certificate, a_key, an_answer, files, on_disk

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@asynccontextmanager
async def closing_at_the_end(escrow: FileEscrow) -> AsyncIterator[FileEscrow]:
    try:
        yield escrow
    finally:
        await escrow.close()


async def read(escrow: FileEscrow, since: datetime = NOON - 400 * DAY) -> list[TokenAnswer]:
    return [each async for each in escrow.entries(since)]


async def test_what_is_kept_comes_back_oldest_first(tmp_path: Path) -> None:
    answers = [an_answer(n * 5 * HOUR, first=n == 0) for n in range(12)]
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep(answers[::-1])
        assert await read(escrow) == answers
        assert await read(escrow, answers[7].answered_at) == answers[7:]
        assert await read(escrow, NOON + 90 * DAY) == []


async def test_it_is_on_disk_and_for_its_owners_eyes_when_keep_returns(tmp_path: Path) -> None:
    answer = an_answer()
    async with closing_at_the_end(FileEscrow.opened(tmp_path / "escrow")) as escrow:
        await escrow.keep([answer])
        assert on_disk(tmp_path / "escrow") == [answer]
        seen = [tmp_path / "escrow", *files(tmp_path / "escrow")]
        assert [stat.S_IMODE(path.stat().st_mode) for path in seen] == [0o700, 0o600]


async def test_an_answer_kept_twice_or_by_two_processes_comes_back_once(tmp_path: Path) -> None:
    answer, other = an_answer(), an_answer(HOUR)
    async with (
        closing_at_the_end(FileEscrow.opened(tmp_path)) as one,
        closing_at_the_end(FileEscrow.opened(tmp_path)) as two,
    ):
        await asyncio.gather(one.keep([answer, answer]), two.keep([answer, other]))
        await one.keep([answer])
        assert await read(two) == [answer, other]


async def test_more_than_is_read_at_once_comes_back_whole(tmp_path: Path) -> None:
    answers = [an_answer(n * timedelta(seconds=1)) for n in range(450)]
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        for start in range(0, 450, 9):
            await escrow.keep(answers[start : start + 9])
        assert await read(escrow) == answers


async def test_a_file_a_crash_cut_short_gives_what_was_promised_and_a_damaged_record_costs_itself(
    tmp_path: Path,
) -> None:
    answers = [an_answer(n * HOUR) for n in range(3)]
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep(answers)
        [path] = files(tmp_path)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        assert await read(escrow) == answers[:2]
        path.write_bytes(whole[:700] + bytes((whole[700] ^ 1,)) + whole[701:])
        assert await read(escrow) == answers[1:]


async def test_days_that_are_over_are_forgotten_and_a_day_that_is_not_is_kept_whole(tmp_path: Path) -> None:
    answers = [an_answer(n * DAY) for n in range(4)]
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep(answers)
        await escrow.forget(NOON + 2 * DAY + HOUR)
        assert await read(escrow) == answers[2:]
        await escrow.keep([answers[0]])
        assert await read(escrow) == [answers[0], *answers[2:]]


async def test_a_folder_that_is_gone_is_said_and_heals_by_itself(tmp_path: Path) -> None:
    folder = tmp_path / "escrow"
    answer = an_answer()
    async with closing_at_the_end(FileEscrow.opened(folder)) as escrow:
        folder.rename(tmp_path / "elsewhere")
        with pytest.raises(Unavailable):
            await escrow.keep([answer])
        (tmp_path / "elsewhere").rename(folder)
        await escrow.keep([answer])
        assert await read(escrow) == [answer]


async def test_a_file_removed_from_beneath_takes_no_more_answers_with_it(tmp_path: Path) -> None:
    first, second = an_answer(), an_answer(HOUR)
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep([first])
        for path in files(tmp_path):
            path.unlink()
        await escrow.keep([second])
        assert await read(escrow) == [second]


async def test_a_place_where_nothing_can_be_kept_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Misconfigured) as refusal:
        FileEscrow.opened(tmp_path / "file")
    assert refusal.value.problems == [f"CONNECTOR_ESCROW: nothing can be kept in {tmp_path / 'file'} (File exists)"]


async def test_a_certificate_is_kept_for_ever_and_the_first_of_a_tenant_stands(tmp_path: Path) -> None:
    first, later = a_certificate("first"), a_certificate("later")
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        assert await escrow.certificates() == []
        await escrow.keep_certificate(first)
        await escrow.keep_certificate(later)
        await escrow.keep([an_answer()])
        await escrow.forget(NOON + 9999 * DAY)
        assert await escrow.certificates() == [first]
    [path] = files(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.write_text("{")  # no certificate may be passed over in silence
    with pytest.raises(Unavailable):
        await FileEscrow(tmp_path).certificates()


async def test_the_answers_of_one_tenant_are_counted(tmp_path: Path) -> None:
    answers = [an_answer() for _ in range(3)]
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep(answers)
        assert await escrow.count(answers[0].tenant_id) == 1


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "no room")


async def test_keys_are_kept_as_they_were_wrapped_last_until_their_tenant_is_shredded(tmp_path: Path) -> None:
    old, new, second, other = a_key(1, 1), a_key(1, 1, b"again", "another kek"), a_key(1, 2), a_key(2, 1)
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        assert await escrow.keys() == []
        await escrow.keep_keys([other, second, old])
        await escrow.keep_keys([new, other])
        await escrow.forget(NOON + 9999 * DAY)
        assert await escrow.keys() == [new, second, other]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)} == {0o600}
        await escrow.destroy_keys(new.tenant_id)
        assert await escrow.keys() == [other]
        assert len(files(tmp_path)) == 1


async def test_a_key_that_a_crash_left_half_written_is_no_key_and_is_destroyed_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = a_key(1, 1)
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        with monkeypatch.context() as patched:
            patched.setattr(Path, "rename", _full)
            with pytest.raises(Unavailable):
                await escrow.keep_keys([key])
        assert await escrow.keys() == []
        assert len(files(tmp_path)) == 1
        await escrow.destroy_keys(key.tenant_id)
        assert files(tmp_path) == []


async def test_a_damaged_key_costs_itself(tmp_path: Path) -> None:
    async with closing_at_the_end(FileEscrow.opened(tmp_path)) as escrow:
        await escrow.keep_keys([a_key(1, 1), a_key(2, 1)])
        min(files(tmp_path)).write_text('{"kek": "kek"}')
        (tmp_path / "nobody.datakey").write_text("{}")
        assert await escrow.keys() == [a_key(2, 1)]


async def test_keys_in_a_folder_that_is_gone_are_neither_kept_nor_destroyed_in_silence(tmp_path: Path) -> None:
    async with closing_at_the_end(FileEscrow.opened(tmp_path / "escrow")) as escrow:
        (tmp_path / "escrow").rmdir()
        with pytest.raises(Unavailable):
            await escrow.keep_keys([a_key(1, 1)])
        with pytest.raises(Unavailable):
            await escrow.destroy_keys(a_key(1, 1).tenant_id)
