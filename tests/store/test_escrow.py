"""An escrow in a second database: it makes its own table, and gives everything back, once, in order."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from connector.domain.renewal import TokenAnswer
from connector.errors import Misconfigured, Unavailable
from connector.store.escrow import DatabaseEscrow
from tests.conftest import Cluster
from tests.connector.vault.answers import NOON, a_certificate, a_key, an_answer
from tests.store.databases import empty, engine_as

HOUR = timedelta(hours=1)


@pytest.fixture
def second_database(cluster: Cluster) -> Iterator[str]:
    with empty(cluster) as url:
        yield url


@pytest.fixture
async def escrow(second_database: str) -> AsyncIterator[DatabaseEscrow]:
    opened = DatabaseEscrow.opened(second_database)
    yield opened
    await opened.close()


async def read(escrow: DatabaseEscrow, since: datetime = NOON - 9999 * HOUR) -> list[TokenAnswer]:
    return [each async for each in escrow.entries(since)]


async def test_what_is_kept_comes_back_oldest_first_from_a_database_in_which_nothing_was(
    escrow: DatabaseEscrow,
) -> None:
    answers = [an_answer(n * HOUR, first=n == 0) for n in range(5)]
    await escrow.keep(answers[::-1])
    assert await read(escrow) == answers
    assert await read(escrow, answers[3].answered_at) == answers[3:]


async def test_an_escrow_that_nothing_was_given_to_is_empty(escrow: DatabaseEscrow) -> None:
    await escrow.keep([])
    assert await read(escrow) == []


async def test_many_answers_of_one_moment_come_back_once_each(escrow: DatabaseEscrow) -> None:
    answers = [an_answer() for _ in range(1201)]
    await escrow.keep(answers)
    found = await read(escrow)
    assert len(found) == 1201
    assert set(found) == set(answers)


async def test_processes_that_begin_together_and_keep_the_same_answers_do_not_disturb_each_other(
    second_database: str,
) -> None:
    answers = [an_answer(n * HOUR) for n in range(20)]
    escrows = [DatabaseEscrow.opened(second_database) for _ in range(6)]
    await asyncio.gather(*(each.keep(answers) for each in escrows))
    assert await read(escrows[0]) == answers
    for each in escrows:
        await each.close()


async def test_old_answers_are_forgotten_and_younger_ones_kept(escrow: DatabaseEscrow) -> None:
    answers = [an_answer(n * HOUR) for n in range(4)]
    await escrow.keep(answers)
    await escrow.forget(answers[2].answered_at)
    assert await read(escrow) == answers[2:]


async def test_a_database_that_does_not_answer_is_said_and_nothing_else_is_at_fault() -> None:
    escrow = DatabaseEscrow.opened("postgresql://escrow@127.0.0.1:1/escrow")
    with pytest.raises(Unavailable):
        await escrow.keep([an_answer()])
    with pytest.raises(Unavailable):
        await read(escrow)
    await escrow.close()


async def test_a_database_made_anew_gets_its_table_anew(second_database: str, escrow: DatabaseEscrow) -> None:
    answer = an_answer()
    await escrow.keep([answer])
    async with engine_as(second_database) as administrator, administrator.begin() as connection:
        await connection.execute(sa.text("drop table escrowed_answers"))
    with pytest.raises(Unavailable):
        await escrow.keep([answer])
    await escrow.keep([answer])
    assert await read(escrow) == [answer]


def test_what_is_no_address_is_refused_without_showing_it() -> None:
    with pytest.raises(Misconfigured) as refusal:
        DatabaseEscrow.opened("postgresql://escrow:canary-4711@host:port/escrow")
    assert refusal.value.problems == ["CONNECTOR_ESCROW: is not the address of a database"]


async def test_a_certificate_is_kept_for_ever_and_the_first_of_a_tenant_stands(escrow: DatabaseEscrow) -> None:
    first, later = a_certificate("first"), a_certificate("later")
    assert await escrow.certificates() == []
    await escrow.keep_certificate(first)
    await escrow.keep_certificate(later)
    await escrow.forget(NOON + 9999 * HOUR)
    assert await escrow.certificates() == [first]


async def test_the_answers_of_one_tenant_are_counted(escrow: DatabaseEscrow) -> None:
    answers = [an_answer() for _ in range(3)]
    await escrow.keep(answers)
    assert await escrow.count(answers[0].tenant_id) == 1


async def test_keys_are_kept_as_they_were_wrapped_last_until_their_tenant_is_shredded(escrow: DatabaseEscrow) -> None:
    old, new, second, other = a_key(1, 1), a_key(1, 1, b"again", "another kek"), a_key(1, 2), a_key(2, 1)
    assert await escrow.keys() == []
    await escrow.keep_keys([])
    await escrow.keep_keys([other, second, old])
    await escrow.keep_keys([new, other])
    await escrow.forget(NOON + 9999 * HOUR)
    assert await escrow.keys() == [new, second, other]
    await escrow.destroy_keys(new.tenant_id)
    assert await escrow.keys() == [other]


async def test_an_escrow_from_before_keys_were_kept_there_gets_their_table(
    second_database: str, escrow: DatabaseEscrow
) -> None:
    await escrow.keep([an_answer()])
    async with engine_as(second_database) as administrator, administrator.begin() as connection:
        await connection.execute(sa.text("drop table escrowed_keys"))
    later = DatabaseEscrow.opened(second_database)
    await later.keep_keys([a_key(1, 1)])
    assert await later.keys() == [a_key(1, 1)]
    await later.close()
