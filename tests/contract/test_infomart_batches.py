"""Batches of which any part may fail: what we say of each element is what the provider's own account says."""

from collections.abc import Sequence
from random import Random

from connector.domain.draft import CustomerDraft, Registration
from connector.domain.outcome import Done, Outcome, Refused, Silence, Untold
from connector.errors import OutcomeUnknown
from connector.twins.infomart.faults import Kind
from tests.contract.infomart import Office, a_registration, an_invoice

BATCHES = 40


def an_element(number: str, die: Random) -> Registration:
    """One that can be registered, or one that the provider will refuse."""
    match die.randrange(4):
        case 0:
            return a_registration(number=number, layout_code="NONE")
        case 1:
            return Registration(customer=CustomerDraft(code=f"S{number}"), invoice=an_invoice(number=number))
        case _:
            return a_registration(number=number)


async def test_each_element_is_what_the_provider_made_of_it(office: Office) -> None:
    die = Random(5)  # noqa: S311 - the same batches every time
    for batch in range(BATCHES):
        office.twin.world.knobs.echo_success_on_400 = die.random() < 0.5
        office.twin.world.extra_keys = die.random() < 0.5
        numbers = [f"{batch}-{place}" for place in range(die.randint(1, 12))]
        lost = die.random() < 0.1
        if lost:
            office.suffers("register", die.choice((Kind.DROP_AFTER, Kind.HTTP_500_AFTER, Kind.TRUNCATE)))
        try:
            outcomes: Sequence[Outcome] = await office.register(*(an_element(number, die) for number in numbers))
        except OutcomeUnknown:
            assert lost
            continue
        filed = {each.header["inv_no"]: str(each.mng_num) for each in office.issued()}
        for number, outcome in zip(numbers, outcomes, strict=True):
            match outcome:
                case Done():
                    assert filed[number] == outcome.key
                case Refused():
                    assert number not in filed
                case Untold():
                    assert outcome.silence is Silence.OTHERS_NAMED
                    assert number in filed
    names = [each["inv_no"] for each in office.twin.ledger("invoice_registered")]
    assert len(names) == len(set(names))  # nothing was sent twice
