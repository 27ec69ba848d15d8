"""What is lost on the way back to a receiver was done all the same, and the ledger says so."""

from typing import Any

import pytest

from connector.twins.infomart.profiles import PROFILES
from tests.twins.infomart.receiving import Receiver
from tests.twins.infomart.visitor import WINDOW, Visitor

SUPPLIER = {"private_cust_cd_s": "S9", "company_name": "港紙業", "zip": "999-0101", "address1": "青凪区"}
ACCOUNT = {"account_code": "700", "account_name": "雑費"}
CALLS: dict[str, dict[str, Any]] = {
    "masters": {},
    "save_masters": {"accounts": [ACCOUNT]},
    "invoices": WINDOW,
    "suppliers": {"suppliers": [{**SUPPLIER, "invite_type": "9"}]},
}


async def struck(visitor: Visitor, generation: str, operation: str, kind: str) -> tuple[Receiver, int]:
    """The receiver after a call that a fault befell, and the HTTP code it saw."""
    receiver = Receiver(visitor, generation)
    await visitor.sim("faults", {"operation": operation, "kind": kind})
    answer = await receiver.ask(operation, **CALLS[operation])
    return receiver, answer.status_code


@pytest.mark.parametrize("generation", [each.name for each in PROFILES])
@pytest.mark.parametrize("operation", CALLS)
async def test_a_fault_befalls_each_operation_of_a_receiver_in_each_generation(
    visitor: Visitor, generation: str, operation: str
) -> None:
    receiver, seen = await struck(visitor, generation, operation, "http_500")

    assert seen == 500
    assert (await receiver.ask(operation, **CALLS[operation])).status_code == 200
    assert len(await visitor.events("api_called")) == 1  # the first never came so far


@pytest.mark.parametrize("generation", ["v1", "v2"])
async def test_a_letter_whose_answer_was_lost_is_in_the_post_and_saving_without_it_sends_no_other(
    visitor: Visitor, generation: str
) -> None:
    receiver, seen = await struck(visitor, generation, "suppliers", "http_500_after")
    assert seen == 500

    again = await receiver.save({**SUPPLIER, "invite_type": "0"})

    assert again.json()["suppliers"] == [
        {"index": 1, "private_cust_cd_s": "S9", "action": "updated", "invite_status": "1"}
    ]
    assert [each["by"] for each in await receiver.deeds("supplier_invited")] == ["paper"]


@pytest.mark.parametrize("generation", ["v1", "v2"])
async def test_masters_whose_answer_was_lost_are_saved_and_may_be_saved_again(
    visitor: Visitor, generation: str
) -> None:
    receiver, seen = await struck(visitor, generation, "save_masters", "http_500_after")
    assert seen == 500

    again = await receiver.change(accounts=[ACCOUNT])

    assert again.json()["accounts"] == {"created": 0, "updated": 1, "deleted": 0}
    assert [(each["action"], each["changed"] != []) for each in await receiver.deeds("master_saved")] == [
        ("created", True),
        ("updated", False),
    ]
