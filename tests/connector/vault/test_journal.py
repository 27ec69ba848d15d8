"""The token journal: on disk before anything else, kept until it is safe elsewhere, gone afterwards."""

import asyncio
import stat
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from connector.domain.renewal import Backlog, TokenAnswer
from connector.errors import Misconfigured, Unavailable
from connector.vault.journal import TokenJournal
from connector.vault.records import record_of
from tests.connector.vault.answers import NOON, an_answer, files, on_disk, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "journal"


@pytest.fixture
def journal(folder: Path) -> Iterator[TokenJournal]:
    with closing(TokenJournal.opened(folder)) as opened:
        yield opened


async def appended(journal: TokenJournal, *answers: TokenAnswer) -> Sequence[TokenAnswer]:
    await asyncio.gather(*(journal.append(each) for each in answers))
    return answers


async def test_an_answer_is_on_disk_when_append_returns(journal: TokenJournal, folder: Path) -> None:
    answer = an_answer()
    journal.check()
    await journal.append(answer)
    assert on_disk(folder) == [answer]


async def test_only_its_owner_can_look_into_the_journal(journal: TokenJournal, folder: Path) -> None:
    await journal.append(an_answer())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, *files(folder))] == [0o700, 0o600]


async def test_an_answer_waits_for_the_database_as_long_as_it_must(journal: TokenJournal) -> None:
    early, late = await appended(journal, an_answer(), an_answer(timedelta(seconds=1)))
    assert await journal.unsettled(older_than=60) == []
    assert await journal.unsettled(older_than=0) == [early, late]
    journal.settle(early.id)
    assert await journal.unsettled(older_than=0) == [late]


async def test_answers_that_come_together_share_their_way_to_the_disk(journal: TokenJournal, folder: Path) -> None:
    answers = await appended(journal, *(an_answer() for _ in range(300)))
    assert on_disk(folder) == list(answers)
    assert 0 < journal.window_p99() < 5


async def test_an_append_that_nobody_waits_for_any_more_is_written_all_the_same(
    journal: TokenJournal, folder: Path
) -> None:
    answers = [an_answer() for _ in range(50)]
    tasks = [asyncio.create_task(journal.append(each)) for each in answers]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*tasks, return_exceptions=True)
    )
    await until(lambda: len(on_disk(folder)) == 50)
    assert set(await journal.unsettled(older_than=0)) == set(answers)


async def test_several_loops_in_several_threads_append_to_one_journal(journal: TokenJournal, folder: Path) -> None:
    answers = [[an_answer() for _ in range(40)] for _ in range(8)]
    await asyncio.gather(*(asyncio.to_thread(_append_in_a_loop_of_ones_own, journal, each) for each in answers))
    assert {each.id for each in on_disk(folder)} == {each.id for own in answers for each in own}


def _append_in_a_loop_of_ones_own(journal: TokenJournal, answers: Sequence[TokenAnswer]) -> None:
    asyncio.run(appended(journal, *answers))


async def test_a_full_segment_goes_when_the_last_answer_in_it_is_settled_and_not_before(folder: Path) -> None:
    with closing(TokenJournal.opened(folder, rotate_at=5000)) as journal:
        answers = [an_answer() for _ in range(20)]
        for answer in answers:
            await journal.append(answer)
        assert len(files(folder)) == 5
        for answer in answers[:3]:
            journal.settle(answer.id)
        await journal.unsettled(older_than=0)
        assert {each.id for each in on_disk(folder)} == {each.id for each in answers}
        journal.settle(answers[3].id)
        await until(lambda: len(files(folder)) == 4)
        assert {each.id for each in on_disk(folder)} == {each.id for each in answers[4:]}


async def test_what_is_written_again_and_again_and_settled_takes_no_more_room(
    journal: TokenJournal, folder: Path
) -> None:
    for _ in range(300):
        answer = an_answer()
        await journal.append(answer)
        journal.settle(answer.id)
    assert sum(path.stat().st_size for path in files(folder)) < 100_000


async def test_where_there_is_an_escrow_an_answer_is_kept_until_it_is_there_too(folder: Path) -> None:
    with closing(TokenJournal.opened(folder, needs_escrow=True)) as journal:
        late, early = await appended(journal, an_answer(timedelta(minutes=5)), an_answer())
        assert journal.unescrowed() == [early, late]
        assert journal.backlog() == Backlog(2, unsettled_since=NOON, unescrowed_since=NOON)
        journal.settle(early.id)
        assert journal.backlog() == Backlog(1, unsettled_since=late.answered_at, unescrowed_since=NOON)
        assert await journal.unsettled(older_than=0) == [late]
        assert journal.unescrowed() == [early, late]
        journal.escrowed(early.id)
        assert journal.unescrowed() == [late]
        journal.escrowed(late.id)
        assert journal.backlog() == Backlog(1, unsettled_since=late.answered_at, unescrowed_since=None)
        assert await journal.unsettled(older_than=0) == [late]
    assert on_disk(folder) == [late, early]


async def test_where_there_is_no_escrow_nothing_waits_for_one(journal: TokenJournal) -> None:
    await journal.append(an_answer())
    assert journal.unescrowed() == []
    assert journal.backlog() == Backlog(1, unsettled_since=NOON, unescrowed_since=None)


async def test_a_journal_that_ends_leaves_what_is_needed_and_nothing_else(folder: Path) -> None:
    with closing(TokenJournal.opened(folder)) as journal:
        settled, left = await appended(journal, an_answer(), an_answer())
        journal.settle(settled.id)
    assert len(files(folder)) == 1
    with closing(TokenJournal.opened(folder)) as second:
        found = await second.unsettled(older_than=3600)
        assert left in found
        for answer in found:
            second.settle(answer.id)
    assert files(folder) == []


async def test_a_closed_journal_refuses_before_a_provider_is_asked(folder: Path) -> None:
    journal = TokenJournal.opened(folder)
    journal.close()
    with pytest.raises(Unavailable):
        journal.check()
    with pytest.raises(Unavailable):
        await journal.append(an_answer())
    assert files(folder) == []


async def test_what_is_under_way_is_written_before_the_journal_ends(folder: Path) -> None:
    journal = TokenJournal.opened(folder)
    answers = [an_answer() for _ in range(20)]
    tasks = [asyncio.create_task(journal.append(each)) for each in answers]
    await asyncio.sleep(0)
    journal.close()
    await asyncio.gather(*tasks)
    assert on_disk(folder) == answers


async def test_a_place_where_nothing_can_be_kept_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Misconfigured) as refusal:
        TokenJournal.opened(tmp_path / "file")
    assert refusal.value.problems == [f"CONNECTOR_JOURNAL: nothing can be kept in {tmp_path / 'file'} (File exists)"]


async def test_a_damaged_record_costs_itself_and_its_file_is_set_aside_for_a_person(
    journal: TokenJournal, folder: Path
) -> None:
    answers = [an_answer(timedelta(seconds=n)) for n in range(3)]
    content = bytearray(b"".join(record_of(each) for each in answers))
    content[len(content) // 2] ^= 1
    (folder / "left.segment").write_bytes(content)
    found = await journal.unsettled(older_than=3600)
    assert found == [answers[0], answers[2]]
    for answer in found:
        assert (folder / "left.segment").exists()
        journal.settle(answer.id)
    await until((folder / "left.damaged").exists)
    assert (folder / "left.damaged").read_bytes() == content
    assert await journal.unsettled(older_than=0) == []


async def test_a_record_a_crash_cut_short_ends_its_file_and_leaves_nothing_behind(
    journal: TokenJournal, folder: Path
) -> None:
    whole, cut = an_answer(), an_answer()
    (folder / "left.segment").write_bytes(record_of(whole) + record_of(cut)[:-1])
    assert await journal.unsettled(older_than=3600) == [whole]
    journal.settle(whole.id)
    await until(lambda: len(files(folder)) == 1)
    assert not (folder / "left.damaged").exists()


async def test_what_a_process_left_that_died_while_it_made_a_segment_is_swept(
    journal: TokenJournal, folder: Path
) -> None:
    (folder / ".left.new").touch()
    (folder / "empty.segment").touch()
    assert await journal.unsettled(older_than=0) == []
    await until(lambda: len(files(folder)) == 1)


async def test_a_file_that_cannot_be_read_keeps_nobody_from_the_others(journal: TokenJournal, folder: Path) -> None:
    answer = an_answer()
    (folder / "a.segment").mkdir()
    (folder / "b.segment").write_bytes(record_of(answer))
    assert await journal.unsettled(older_than=3600) == [answer]
