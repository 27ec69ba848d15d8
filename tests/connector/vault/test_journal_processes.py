"""Two processes on one folder: what a killed one had promised, the other finds, and never touches a living one's."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import IO

import pytest

from connector.vault.journal import TokenJournal
from tests.connector.vault.answers import an_answer, files, until


class Journalling:
    """A process with a journal of its own on the folder."""

    def __init__(self, folder: Path, *limit: int) -> None:
        words = [sys.executable, "-m", "tests.connector.vault.journalling", str(folder), *map(str, limit)]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.hears() == "open"

    def hears(self) -> str:
        return self._pipe(self.process.stdout).readline().strip()

    def append(self, many: int) -> list[str]:
        """What it said of each answer."""
        self.begin(many)
        return [self.hears() for _ in range(many)]

    def begin(self, many: int) -> None:
        pipe = self._pipe(self.process.stdin)
        pipe.write(f"{many}\n")
        pipe.flush()

    def kill(self) -> list[str]:
        """Ends it as a power cut would; what it had said until then."""
        self.process.kill()
        rest = self._pipe(self.process.stdout).read().split("\n")
        self.process.wait()
        return rest[:-1]

    def close(self) -> None:
        self.kill()
        self._pipe(self.process.stdin).close()
        self._pipe(self.process.stdout).close()

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe


Start = Callable[..., Journalling]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda *limit: stack.enter_context(closing(Journalling(tmp_path, *limit)))


def promised(said: list[str]) -> set[str]:
    return {line.removeprefix("on-disk ") for line in said if line.startswith("on-disk ")}


async def test_what_a_killed_process_had_on_disk_is_found_by_the_next(start: Start, tmp_path: Path) -> None:
    other = start()
    said = other.append(100)
    other.kill()
    with closing(TokenJournal.opened(tmp_path)) as journal:
        found = await journal.unsettled(older_than=3600)
        assert {str(each.id) for each in found} == promised(said)
        assert len(found) == 100
        for answer in found:
            journal.settle(answer.id)
    assert files(tmp_path) == []


async def test_a_living_process_keeps_its_answers_to_itself(start: Start, tmp_path: Path) -> None:
    other = start()
    other.append(3)
    with closing(TokenJournal.opened(tmp_path)) as journal:
        mine = an_answer()
        await journal.append(mine)
        assert await journal.unsettled(older_than=0) == [mine]
        journal.settle(mine.id)
        assert await journal.unsettled(older_than=0) == []
        other.kill()
        assert len(await journal.unsettled(older_than=3600)) == 3


@pytest.mark.parametrize("while_under_way", [0.0, 0.002, 0.01, 0.03])
async def test_a_process_killed_while_it_writes_loses_nothing_it_had_promised(
    start: Start, tmp_path: Path, while_under_way: float
) -> None:
    other = start()
    for _ in range(30):
        other.begin(200)
    said = [other.hears() for _ in range(round(6000 * while_under_way / 0.03 / 2))]
    said += other.kill()
    with closing(TokenJournal.opened(tmp_path)) as journal:
        found = {str(each.id) for each in await journal.unsettled(older_than=3600)}
    assert promised(said) <= found
    assert [path.name for path in files(tmp_path) if path.suffix == ".damaged"] == []


async def test_what_one_process_has_taken_over_no_other_takes_until_that_one_is_dead_too(
    start: Start, tmp_path: Path
) -> None:
    other = start()
    said = other.append(5)
    other.kill()
    first = TokenJournal.opened(tmp_path)
    assert len(await first.unsettled(older_than=3600)) == 5
    with closing(TokenJournal.opened(tmp_path)) as second:
        assert await second.unsettled(older_than=0) == []
        first.close()
        assert {str(each.id) for each in await second.unsettled(older_than=3600)} == promised(said)


async def test_processes_that_come_and_go_at_once_lose_none_of_each_others_answers(
    start: Start, tmp_path: Path
) -> None:
    with closing(TokenJournal.opened(tmp_path)) as journal:
        said: list[str] = []
        for _ in range(4):
            others = [start() for _ in range(3)]
            for other in others:
                other.begin(20)
            found = await journal.unsettled(older_than=3600)
            for other in others:
                said += [other.hears() for _ in range(20)]
                other.kill()
        found = await journal.unsettled(older_than=3600)
        assert {str(each.id) for each in found} == promised(said)
        assert len(found) == 240
        for answer in found:
            journal.settle(answer.id)
        await until(lambda: len(files(tmp_path)) == 1)
