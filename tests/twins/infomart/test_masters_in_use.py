"""What invoices are booked to stays until they are done, and is named in their journals for ever."""

from typing import Any

from tests.twins.infomart.receiving import Receiver, refused, told
from tests.twins.infomart.visitor import Visitor


async def booked(visitor: Visitor) -> tuple[Receiver, dict[str, Any]]:
    """A receiver with one invoice in accounting approval, and the first journal of it."""
    receiver = Receiver(visitor)
    await visitor.sim("members", {"pfid": receiver.pfid, "invoices": 1, "journal_free": True})
    number = (await receiver.seen("invoices"))["invoices"][0]["mng_num"]
    await receiver.sim("invoices", {"restatus": {str(number): 60}})
    [invoice] = await receiver.invoices()
    return receiver, next(detail["journals"][0] for detail in invoice["details"] if detail["journals"])


def deletions(journal: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """A request to delete a department, a sub-account and an auxiliary item that a journal is booked to."""
    debit, free = journal["debit"], journal["journal_free"][0]
    return {
        "sub_accounts": [
            {
                "account_code": debit["account_code"],
                "sub_account_code": debit["sub_account_code"],
                "delete_flg": "1",
            }
        ],
        "burden_secs": [{"burden_sec_code": debit["burden_sec_code"], "delete_flg": "1"}],
        "journal_auxs": [{"item_no": free["item_no"], "aux_code": free["aux_code"], "delete_flg": "1"}],
    }


async def test_what_an_unfinished_invoice_is_booked_to_cannot_be_deleted(visitor: Visitor) -> None:
    receiver, journal = await booked(visitor)
    kept = await receiver.seen("journal_masters")

    answer = await receiver.change(
        **deletions(journal), accounts=[{"account_code": journal["credit"]["account_code"], "delete_flg": "1"}]
    )

    assert refused(answer) == [
        ("E300003", "accounts[0].account_code", 1),
        ("E300003", "sub_accounts[0].sub_account_code", 1),
        ("E300003", "burden_secs[0].burden_sec_code", 1),
        ("E300003", "journal_auxs[0].aux_code", 1),
    ]
    assert await receiver.seen("journal_masters") == kept


async def test_once_the_invoice_is_done_they_can_and_its_journals_still_show_their_names(visitor: Visitor) -> None:
    receiver, journal = await booked(visitor)
    [row] = (await receiver.seen("invoices"))["invoices"]
    await receiver.sim("invoices", {"restatus": {str(row["mng_num"]): 71}})

    told(await receiver.change(**deletions(journal)))

    [invoice] = await receiver.invoices()
    again = next(detail["journals"][0] for detail in invoice["details"] if detail["journals"])
    assert again == journal
    gone = await receiver.masters(target=["burden_sec"])
    assert journal["debit"]["burden_sec_code"] not in {each["burden_sec_code"] for each in gone["burden_secs"]}


async def test_a_renamed_master_shows_its_new_name_in_journals(visitor: Visitor) -> None:
    receiver, journal = await booked(visitor)
    code = journal["debit"]["burden_sec_code"]

    told(await receiver.change(burden_secs=[{"burden_sec_code": code, "burden_sec_name": "改称部"}]))

    [invoice] = await receiver.invoices()
    again = next(detail["journals"][0] for detail in invoice["details"] if detail["journals"])
    assert again["debit"] == {**journal["debit"], "burden_sec_name": "改称部"}
