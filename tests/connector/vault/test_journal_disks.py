"""Disks that fill, refuse or vanish: nothing is asked of a provider then, nothing is lost, and it heals by itself."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.errors import Unavailable
from connector.vault.journal import TokenJournal
from tests.connector.vault.answers import an_answer, files, on_disk, until


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two megabytes of their own."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", path], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only an administrator may make a disk of two megabytes")
    yield path
    subprocess.run(["umount", "-l", path], check=True)


@contextmanager
def files_no_longer_than(length: int) -> Iterator[None]:
    """The kernel refuses every write past that length, in this whole process; what is logged goes to no file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with capture_logs():
        resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)


def ready(journal: TokenJournal) -> bool:
    try:
        journal.check()
    except Unavailable:
        return False
    return True


def test_less_room_than_the_reserve_refuses_before_a_provider_is_asked(tmp_path: Path) -> None:
    room = os.statvfs(tmp_path)
    with closing(TokenJournal.opened(tmp_path, reserve=room.f_blocks * room.f_frsize)) as journal:
        with pytest.raises(Unavailable):
            journal.check()
        assert on_disk(tmp_path) == []


async def test_a_disk_that_fills_refuses_and_heals_by_itself_when_there_is_room(small_disk: Path) -> None:
    with closing(TokenJournal.opened(small_disk / "journal", reserve=1024 * 1024)) as journal:
        journal.check()
        (small_disk / "others").write_bytes(bytes(1_200_000))
        with pytest.raises(Unavailable):
            journal.check()
        late = an_answer()
        await journal.append(late)  # asked for before the disk filled: this is what the reserve is for
        (small_disk / "others").unlink()
        journal.check()
        assert on_disk(small_disk / "journal") == [late]


async def test_an_answer_that_a_full_disk_refused_is_kept_and_written_once_there_is_room(small_disk: Path) -> None:
    with closing(TokenJournal.opened(small_disk / "journal", reserve=0)) as journal:
        before, refused = an_answer(), an_answer(sealed=bytes(100_000))
        await journal.append(before)
        with pytest.raises(OSError, match="No space left"):
            (small_disk / "others").write_bytes(bytes(3_000_000))
        with pytest.raises(Unavailable):
            await journal.append(refused)
        assert not ready(journal)
        assert set(await journal.unsettled(older_than=0)) == {before, refused}
        (small_disk / "others").unlink()
        await until(lambda: ready(journal))
        assert {each.id for each in on_disk(small_disk / "journal")} == {before.id, refused.id}


async def test_a_segment_that_takes_no_more_is_left_for_a_new_one_and_nobody_notices(tmp_path: Path) -> None:
    with closing(TokenJournal.opened(tmp_path)) as journal:
        first, second = an_answer(), an_answer()
        await journal.append(first)
        with files_no_longer_than(2000):
            await journal.append(second)
        journal.check()
        assert set(on_disk(tmp_path)) == {first, second}
        assert len(files(tmp_path)) == 2


async def test_a_disk_that_refuses_every_write_refuses_the_next_call_until_a_write_is_proven(tmp_path: Path) -> None:
    with closing(TokenJournal.opened(tmp_path)) as journal:
        answers = [an_answer() for _ in range(3)]
        with files_no_longer_than(100):
            for answer in answers:
                with pytest.raises(Unavailable):
                    await journal.append(answer)
            assert not ready(journal)
            journal.settle(answers[0].id)  # the database took it: it is needed on no disk
            assert len(files(tmp_path)) < 5
        assert not ready(journal)  # that it would work now has to be seen first
        await until(lambda: ready(journal))
        assert set(on_disk(tmp_path)) == set(answers[1:])
        assert set(await journal.unsettled(older_than=0)) == set(answers[1:])


async def test_what_was_refused_and_never_written_is_written_at_the_very_end(tmp_path: Path) -> None:
    with closing(TokenJournal.opened(tmp_path)) as journal:
        refused = an_answer()
        with files_no_longer_than(100), pytest.raises(Unavailable):
            await journal.append(refused)
    assert on_disk(tmp_path) == [refused]


async def test_a_segment_removed_from_beneath_is_noticed_before_a_provider_is_asked(tmp_path: Path) -> None:
    with closing(TokenJournal.opened(tmp_path)) as journal:
        for path in files(tmp_path):
            path.unlink()
        assert not ready(journal)
        await until(lambda: ready(journal))
        answer = an_answer()
        await journal.append(answer)
        assert on_disk(tmp_path) == [answer]


async def test_a_folder_that_is_gone_refuses(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with closing(TokenJournal.opened(folder)) as journal:
        folder.rename(tmp_path / "elsewhere")
        assert not ready(journal)
        assert await journal.unsettled(older_than=0) == []
        (tmp_path / "elsewhere").rename(folder)
        assert ready(journal)


def test_a_disk_that_became_read_only_refuses(small_disk: Path) -> None:
    with closing(TokenJournal.opened(small_disk / "journal", reserve=0)) as journal:
        subprocess.run(["mount", "--bind", small_disk, small_disk], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", small_disk], check=True)
        refused = not ready(journal)
        subprocess.run(["umount", small_disk], check=True)
        assert refused
        assert ready(journal)
