from datetime import UTC, date, datetime
from itertools import count

import pytest

from connector.twins.infomart.approvals import WITH_WORKFLOW, Step, approved, rejected
from connector.twins.infomart.inbox import Inbox

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)


@pytest.fixture
def inbox() -> Inbox:
    """Four invoices, 1 to 4, all untouched."""
    filled = Inbox("1", count(1))
    filled.deliver(4, date(2026, 11, 1), now=NOW)
    return filled


def numbers(inbox: Inbox) -> list[int]:
    return [each.mng_num for each in inbox.everything()]


def test_an_invoice_passes_every_approval_in_turn() -> None:
    codes = [50]
    while codes[-1] != 71:
        codes.append(approved(codes[-1], uses_workflow=True))

    assert codes == [50, 51, 60, 70, 71]


def test_what_was_rejected_is_taken_up_where_it_was_rejected_to() -> None:
    assert [rejected(code, uses_workflow=True) for code in (51, 60, 70)] == [59, 69, 69]
    assert [approved(code, uses_workflow=True) for code in (59, 69)] == [51, 60]


def test_without_a_workflow_there_is_one_step_and_no_rejection() -> None:
    assert approved(50, uses_workflow=False) == 71
    with pytest.raises(ValueError, match="cannot be rejected"):
        rejected(50, uses_workflow=False)


@pytest.mark.parametrize("code", [50, 59, 69, 71])
def test_what_nobody_holds_for_approval_cannot_be_rejected(code: int) -> None:
    with pytest.raises(ValueError, match=f"at {code} cannot be rejected"):
        rejected(code, uses_workflow=True)


@pytest.mark.parametrize("uses_workflow", [True, False])
def test_after_the_last_approval_there_is_none(*, uses_workflow: bool) -> None:
    with pytest.raises(ValueError, match="no further"):
        approved(71, uses_workflow=uses_workflow)


def test_an_inbox_remembers_every_stage_and_when(inbox: Inbox) -> None:
    inbox.stand({2: 51}, deed="approved", now=LATER)

    assert inbox.find(2).past == (Step(NOW, "received", 50), Step(LATER, "approved", 51))
    assert [each.wf_status for each in inbox.everything()] == [50, 51, 50, 50]


def test_an_invoice_handed_back_leaves_the_list_until_it_is_issued_again(inbox: Inbox) -> None:
    inbox.stand({2: 51}, deed="approved", now=NOW)
    inbox.hand_back([2], now=LATER)
    assert numbers(inbox) == [1, 3, 4]
    assert [each.mng_num for each in inbox.returned()] == [2]

    inbox.issue_again([2], today=date(2026, 11, 22), now=LATER)

    assert numbers(inbox) == [1, 2, 3, 4]  # under its old number, at its old place
    again = inbox.find(2)
    assert (again.reception_date, again.wf_status) == (date(2026, 11, 22), 50)
    assert [(step.deed, step.wf_status) for step in again.past] == [
        ("received", 50),
        ("approved", 51),
        ("returned_to_issuer", None),
        ("issued_again", 50),
    ]
    assert inbox.returned() == []


def test_what_is_approved_goes_back_no_more_and_nothing_else_of_the_wish_does(inbox: Inbox) -> None:
    inbox.stand({3: 71}, deed="approved", now=NOW)

    with pytest.raises(ValueError, match=r"no longer returned: \[3\]"):
        inbox.hand_back([2, 3], now=NOW)

    assert numbers(inbox) == [1, 2, 3, 4]
    assert inbox.returned() == []


def test_only_what_went_back_is_issued_again(inbox: Inbox) -> None:
    inbox.hand_back([4], now=NOW)

    with pytest.raises(ValueError, match=r"not with their issuers: \[1\]"):
        inbox.issue_again([4, 1], today=TODAY, now=NOW)

    assert numbers(inbox) == [1, 2, 3]


def test_rows_arrive_at_any_place_and_change_places(inbox: Inbox) -> None:
    assert inbox.deliver(2, TODAY, now=NOW, place=1) == [5, 6]
    assert numbers(inbox) == [1, 5, 6, 2, 3, 4]
    inbox.move(1, 5)
    assert numbers(inbox) == [5, 6, 2, 3, 4, 1]


def test_a_member_who_changes_its_mode_sees_strange_stages_become_untouched(inbox: Inbox) -> None:
    inbox.stand({1: 60, 2: 71}, deed="approved", now=NOW)

    inbox.confine((50, 71), now=LATER)

    assert [each.wf_status for each in inbox.everything()] == [50, 71, 50, 50]
    assert inbox.find(1).past[-1] == Step(LATER, "mode_changed", 50)
    assert set(WITH_WORKFLOW) > {50, 71}
