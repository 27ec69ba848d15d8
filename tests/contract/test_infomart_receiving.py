"""What a receiver reads and keeps at Infomart, in either generation, over real HTTP."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.domain.bookkeeping import BookChange, BookKind
from connector.domain.draft import AccountDraft, Business, Invitation, SupplierDraft, Update
from connector.domain.finding import Code
from connector.domain.invoice import Side
from connector.domain.outcome import Done, Invited, Refusal, Refused, Silence, Untold
from connector.errors import InvalidInput
from connector.providers.infomart import writing
from connector.twins.infomart.approvals import DONE
from tests.contract.infomart import Office
from tests.listing import invoices_on

IN_USE = "使用中のため削除できません。"
SUPPLIER = SupplierDraft(
    code="S90001",
    name="株式会社新",
    postal_code="1000001",
    address1="東京都青凪区3-3",
    mail="ar＠example.co.jp",
    business=Business.TAXABLE,
    registration_number="T8700110005901",
)


async def test_received_invoices_are_read_and_empty_tax_items_stay_empty(office: Office) -> None:
    office.twin.world.knobs.untaxed_every = 3  # [IM-8]
    page = await office.client.received_page(office.access, office.days(Side.RECEIVER), 1, uses_workflow=True)

    assert (len(page.listed), page.last, page.total) == (12, True, 12)
    untaxed = [each for each in invoices_on(page) if each.tax is None]
    assert 0 < len(untaxed) < 12
    assert all(each.tax_summary == [] for each in untaxed)
    assert {(line.tax_rate, line.tax, line.reduced_rate) for each in untaxed for line in each.lines} == {(None,) * 3}
    assert all(each.total is not None and each.total != Decimal(0) for each in invoices_on(page))


async def test_disguised_lists_read_as_they_did_before(office: Office) -> None:
    window = office.days(Side.RECEIVER)
    before = await office.client.received_page(office.access, window, 1, uses_workflow=True)
    books = await office.client.books(office.access)
    office.twin.world.extra_keys = True
    after = await office.client.received_page(office.access, window, 1, uses_workflow=True)
    again = await office.client.books(office.access)

    one, other = ([replace(each, raw=b"") for each in invoices_on(page)] for page in (before, after))
    assert one == other
    assert [replace(each, raw=b"") for each in again.masters] == [replace(each, raw=b"") for each in books.masters]


async def test_all_four_kinds_of_masters_are_read_at_once(office: Office) -> None:
    books = await office.client.books(office.access)

    kept = office.twin.world.members.masters(office.member)
    assert len(books.masters) == len(list(kept.everything()))
    assert [each.kind for each in books.masters] == sorted(
        (each.kind for each in books.masters), key=list(BookKind).index
    )
    purchases = next(each for each in books.masters if (each.kind, each.code) == (BookKind.ACCOUNT, "511"))
    assert (purchases.name, purchases.within, purchases.in_use) == ("仕入高", None, True)
    food = next(each for each in books.masters if each.kind is BookKind.SUB_ACCOUNT and each.within == "511")
    assert (food.code, food.name) == ("01", "食材")
    project = next(each for each in books.masters if each.kind is BookKind.AUXILIARY_ITEM and each.code == "P01")
    assert (project.within, project.name, books.auxiliary_items) == ("1", "新店準備", True)


async def test_without_the_option_there_are_no_auxiliary_items_and_that_is_no_fault(office: Office) -> None:
    office.has(journal_free=False)
    books = await office.client.books(office.access)
    assert books.auxiliary_items is False
    assert {each.kind for each in books.masters} == set(BookKind) - {BookKind.AUXILIARY_ITEM}


async def test_masters_are_registered_changed_and_deleted(office: Office) -> None:
    done = await office.change(
        BookChange(BookKind.DEPARTMENT, "9000", name="新店", order=5),
        BookChange(BookKind.ACCOUNT, "511", name="仕入高(税抜)"),
        BookChange(BookKind.SUB_ACCOUNT, "99", within="511", name="雑"),
        BookChange(BookKind.AUXILIARY_ITEM, "P99", within="1", name="改装"),
    )
    assert done == [Done(code="9000"), Done(code="511"), Done(code="99"), Done(code="P99")]
    gone = await office.change(BookChange(BookKind.DEPARTMENT, "9000", deleted=True))
    assert gone == [Done(code="9000")]

    books = {(each.kind, each.within, each.code): each for each in (await office.client.books(office.access)).masters}
    assert (BookKind.DEPARTMENT, None, "9000") not in books
    assert books[BookKind.ACCOUNT, None, "511"].name == "仕入高（税抜）"
    assert books[BookKind.SUB_ACCOUNT, "511", "99"].name == "雑"
    assert books[BookKind.AUXILIARY_ITEM, "1", "P99"].name == "改装"


async def test_half_of_a_change_of_masters_is_told_kind_by_kind(office: Office) -> None:
    """Places count within each list, so only the path tells which of two first elements it was [IM-122, IM-125]."""
    one, two, three, four = await office.change(
        BookChange(BookKind.DEPARTMENT, "9000", name="新店"),
        BookChange(BookKind.ACCOUNT, "511", deleted=True),
        BookChange(BookKind.DEPARTMENT, "9404", deleted=True),
        BookChange(BookKind.ACCOUNT, "700", name="雑損"),
    )
    assert two == Refused((Refusal("E300003", ("code",), IN_USE),))
    assert three == Refused((Refusal("E300001", ("code",), "指定されたコードは登録されていません。"),))
    assert [one, four] == [Untold(Silence.OTHERS_NAMED)] * 2
    kept = {each.code for each in (await office.client.books(office.access)).masters}
    assert {"9000", "700", "511"} <= kept


def test_a_master_without_its_code_or_its_parent_never_leaves() -> None:
    for asked, path in (
        (BookChange(BookKind.ACCOUNT, "", name="x"), ("code",)),
        (BookChange(BookKind.SUB_ACCOUNT, "01", name="x"), ("within",)),
        (BookChange(BookKind.DEPARTMENT, "1", name=""), ("name",)),
    ):
        checked = writing.book_change(asked)
        assert checked.value is None
        assert (Code.VALUE_MISSING, path) in {(each.code, each.path) for each in checked.findings}
    stray = writing.book_change(BookChange(BookKind.DEPARTMENT, "1", within="511", name="x"))
    assert [(each.code, each.path) for each in stray.findings] == [(Code.NOT_HERE, ("within",))]
    for place in ("0", "9", "１"):
        checked = writing.book_change(BookChange(BookKind.AUXILIARY_ITEM, "P", within=place, name="x"))
        assert [each.code for each in checked.findings] == [Code.NUMBER_UNREADABLE]


async def test_nothing_is_in_one_request_twice(office: Office) -> None:
    """The provider would take the first and refuse the second [IM-124, IM-128]."""
    change = BookChange(BookKind.DEPARTMENT, "9000", name="新店")
    with pytest.raises(InvalidInput):
        await office.change(change, replace(change, name="別名"))
    with pytest.raises(InvalidInput):
        await office.save(SUPPLIER, SUPPLIER)
    with pytest.raises(InvalidInput):
        await office.update(Update(key="1"), Update(key="1"))
    assert office.twin.ledger("api_called") == []
    await office.change(change, replace(change, kind=BookKind.ACCOUNT))  # one code of two kinds is two masters


async def test_a_supplier_is_registered_then_changed_then_invited(office: Office) -> None:
    [new] = await office.save(SUPPLIER)
    assert new == Done(code="S90001", created=True, invited=Invited.NEVER)
    [known] = await office.save(SupplierDraft(code="S90001", section="経理部", invitation=Invitation.EMAIL))
    assert known == Done(code="S90001", created=False, invited=Invited.INVITED)

    listed = office.twin.world.members.supplier_list(office.member)["S90001"]
    assert listed.facts["zip"] == "100-0001"
    assert listed.facts["user_email"] == "ar@example.co.jp"
    assert listed.facts["section"] == "経理部"
    assert [each["by"] for each in office.twin.ledger("supplier_invited")] == ["email"]


async def test_an_invitation_that_is_refused_is_told_with_what_it_lacks(office: Office) -> None:
    [refused, saved] = await office.save(
        replace(SUPPLIER, invitation=Invitation.FAX), replace(SUPPLIER, code="S90002", invitation=Invitation.PAPER)
    )
    words = "招待できません。招待方法に必要な連絡先が未設定、または既に接続済みです。"
    assert refused == Refused((Refusal("E300005", ("fax",), words),))
    assert saved == Untold(Silence.OTHERS_NAMED)
    assert [each["code"] for each in office.twin.ledger("supplier_invited")] == ["S90002"]
    saved_all = [each["code"] for each in office.twin.ledger("supplier_saved")]
    assert saved_all == ["S90001", "S90002"]  # a refused invitation leaves what was saved before it [IM-131]


def test_an_account_of_a_supplier_has_to_be_whole() -> None:
    checked = writing.supplier(replace(SUPPLIER, accounts=[AccountDraft(code="B1", deleted=True)]))
    missing = {each.path for each in checked.findings if each.code is Code.VALUE_MISSING}
    names = ("bank_code", "bank_name", "branch_code", "branch_name", "kind", "number", "holder")
    assert missing == {("accounts", "1", name) for name in names}
    assert Code.NOT_HERE in {each.code for each in checked.findings}


async def test_a_journal_is_booked_to_masters_that_the_books_have(office: Office) -> None:
    inbox = office.twin.world.members.inbox(office.member)
    inbox.stand({each.mng_num: DONE for each in inbox.everything()}, deed="approved", now=office.twin.world.clock.now())
    page = await office.client.received_page(office.access, office.days(Side.RECEIVER), 1, uses_workflow=True)
    accounts = {each.code for each in (await office.client.books(office.access)).masters}
    lines = [line for each in invoices_on(page) for line in each.lines]
    booked = {journal.debit.account_code for line in lines for journal in line.journals}
    assert booked
    assert booked - {None} <= accounts
