"""An answer that was damaged, mixed up or made up is read, classified or called unreadable, and nothing else."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.contract.infomart import Office, opened_office
from tests.contract.mutated import Keeping, heard, tally
from tests.world import TwinServer

COUNT = 250  # of each generation; `./dev test --long answers` takes 10,000


@pytest.fixture
async def keeping() -> AsyncIterator[Keeping]:
    keeping = Keeping("infomart", timedelta(seconds=20))
    keeping.kept = []
    yield keeping
    await keeping.close()


@pytest.fixture
async def kept_office(generation: str, twin: TwinServer, keeping: Keeping) -> AsyncIterator[Office]:
    async with opened_office(generation, twin, timedelta(seconds=20), transport=keeping) as opened:
        yield opened


async def test_no_mutated_answer_is_anything_but_read_classified_or_unreadable(
    generation: str, twin: TwinServer, keeping: Keeping, kept_office: Office
) -> None:
    answers = await heard(kept_office, generation, twin, keeping)
    assert len(answers) == 18
    found, crashes = await tally(keeping, kept_office, answers, COUNT, seed=len(generation))
    assert crashes == []
    assert sum(found.values()) == COUNT
    for each in ("read", "Done", "Refused", "Untold", "NotEntitled", "OutcomeUnknown", "Unreadable"):
        assert found[each] > 0, each
