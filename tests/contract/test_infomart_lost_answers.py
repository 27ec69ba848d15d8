"""A write whose answer is lost, late or broken is doubt, is never sent again, and the provider's account says so."""

import asyncio

import pytest

from connector.errors import OutcomeUnknown
from connector.twins.infomart.faults import Kind
from tests.contract.infomart import WRITES, Office, a_registration

LOST = {
    Kind.DROP_BEFORE: 0,
    Kind.DROP_AFTER: 1,
    Kind.RESET: 1,
    Kind.TRUNCATE: 1,
    Kind.HTTP_500: 0,
    Kind.HTTP_500_AFTER: 1,
    Kind.HTTP_503: 0,  # a page, which proves nothing
    Kind.HTML_200: 0,
}


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("kind", LOST)
async def test_an_answer_that_is_lost_is_doubt_and_the_call_left_once(office: Office, call: str, kind: Kind) -> None:
    """Also where the method is one that HTTP would let a client repeat: the first generation's update is a PUT."""
    office.suffers(call, kind, count=5)
    with pytest.raises(OutcomeUnknown):
        await WRITES[call](office)
    assert len(office.twin.ledger("fault_struck")) == 1


@pytest.mark.parametrize(("kind", "registered"), LOST.items())
async def test_what_was_registered_behind_a_lost_answer_is_there_once_or_not_at_all(
    office: Office, kind: Kind, registered: int
) -> None:
    office.suffers("register", kind)
    with pytest.raises(OutcomeUnknown):
        await office.register(a_registration())
    assert len(office.issued()) == registered


async def test_a_late_answer_is_doubt_and_what_it_told_is_there(hasty_office: Office) -> None:
    hasty_office.suffers("register", Kind.LATE, seconds=1.5)
    with pytest.raises(OutcomeUnknown):
        await hasty_office.register(a_registration())
    async with asyncio.timeout(10):
        while not hasty_office.issued():  # noqa: ASYNC110 - the twin rings no bell
            await asyncio.sleep(0.02)
    assert len(hasty_office.issued()) == 1
