"""What an issuer writes at Infomart, in either generation, over real HTTP, and what the provider itself then has."""

from dataclasses import replace
from decimal import Decimal

import pytest

from connector.domain.draft import (
    AccountDraft,
    AttachmentDraft,
    Business,
    CustomerDraft,
    Invitation,
    InvoiceDraft,
    IssuerDraft,
    Registration,
    Update,
)
from connector.domain.finding import Code
from connector.domain.invoice import IssuedStage, Side
from connector.domain.outcome import Done, Invited, Refusal, Refused, Silence, Untold
from connector.domain.tax import Bucket
from connector.errors import InvalidInput
from tests.contract.infomart import CUSTOMER, LINES, Office, a_registration, an_invoice
from tests.listing import invoices_on


async def test_an_invoice_is_registered_and_the_list_shows_it_to_the_last_figure(office: Office) -> None:
    [done] = await office.register(a_registration(remarks="振込手数料はご負担ください。\n御中", reference="R-7f3a"))

    [issued] = office.issued()
    assert done == Done(str(issued.mng_num), IssuedStage.ISSUED, "C0001", created=None, invited=Invited.NEVER)
    page = await office.client.issued_page(office.access, office.days(Side.ISSUER), 1)
    [listed] = invoices_on(page)
    assert (listed.key, listed.number, listed.subject) == (done.key, "2026-10-001", "2026年10月分")
    assert (listed.net, listed.tax, listed.total) == (Decimal(30000), Decimal(2600), Decimal(32600))
    assert listed.counterparty.name == CUSTOMER.name
    assert {each.bucket: each.tax for each in listed.tax_summary} == {
        Bucket.STANDARD_10: Decimal(1000),
        Bucket.REDUCED_8: Decimal(1600),
    }
    assert [(each.name, each.quantity, each.unit_price, each.net, each.tax_rate) for each in listed.lines] == [
        (each.name, each.quantity, each.unit_price, each.net, Decimal(10 if each.bucket is Bucket.STANDARD_10 else 8))
        for each in LINES
    ]
    assert [each.reduced_rate for each in listed.lines] == [True, False]
    assert issued.header["inv_free_txt1"] == "R-7f3a"
    assert issued.header["remarks"] == "振込手数料はご負担ください。\n御中"


async def test_masters_invitation_and_attachment_go_with_the_invoice(office: Office) -> None:
    asked = Registration(
        issuer=IssuerDraft(
            code="E01",
            name="東日本支店",
            postal_code="〒１００ー０００２",
            address1="東京都青凪区2-2",
            phone="（03）0000-0000",
            business=Business.TAXABLE,
            registration_number="T8700110005901",
        ),
        customer=replace(CUSTOMER, mail="keiri@example.co.jp", invitation=Invitation.EMAIL),
        accounts=[
            AccountDraft(
                code="B900",
                bank_code="9801",
                bank_name="翠ヶ淵銀行",
                branch_code="101",
                branch_name="本店営業部",
                kind="普通",
                number="12345",
                holder="マチアイ",
            )
        ],
        invoice=an_invoice(attachments=[AttachmentDraft("内訳.pdf", b"%PDF-1.7 (,)")]),
    )
    [done] = await office.register(asked)

    assert done.invited is Invited.INVITED
    [issued] = office.issued()
    assert issued.publisher["publisher_zip"] == "100-0002"
    assert issued.publisher["publisher_phone"] == "03-0000-0000"
    [bank] = issued.banks
    assert (bank["deposit_sec"], bank["account_num"], bank["depositor_kana"]) == ("1", "0012345", "ﾏﾁｱｲ")
    [invited] = office.twin.ledger("invited")
    assert (invited["private_cust_cd"], invited["by"]) == ("C0001", "email")
    assert issued.header["seller_attached_file"][0]["file_name"] == "内訳.pdf"


async def test_spaces_around_a_number_do_not_make_it_another_invoice(office: Office) -> None:
    [done] = await office.register(a_registration(number=" 2026-10-001 "))
    assert done.key == str(office.issued()[0].mng_num)


async def test_an_invitation_alone_registers_no_invoice(office: Office) -> None:
    customer = replace(CUSTOMER, invitation=Invitation.PAPER)
    [done] = await office.register(Registration(customer=customer))

    assert done == Done(None, None, "C0001", created=None, invited=Invited.INVITED)
    assert office.issued() == []


async def test_a_master_that_nobody_uses_is_deleted_without_an_invoice_and_never_with_one(office: Office) -> None:
    account = AccountDraft(
        code="B900",
        bank_code="9801",
        bank_name="翠ヶ淵銀行",
        branch_code="101",
        branch_name="本店営業部",
        kind="1",
        number="1234567",
        holder="マチアイ",
    )
    await office.register(Registration(accounts=[account]))
    gone = replace(AccountDraft(code="B900"), deleted=True)
    checked = office.client.check_registration(Registration(customer=CUSTOMER, accounts=[gone], invoice=an_invoice()))
    assert [(each.code, each.path) for each in checked.findings] == [(Code.NOT_TOGETHER, ("accounts", "1", "deleted"))]

    assert await office.register(Registration(accounts=[gone])) == [Done()]
    assert [each["code"] for each in office.twin.ledger("master_deleted")] == ["B900"]


async def test_an_invoice_that_came_back_is_mended_and_issued_again(office: Office) -> None:
    key = await office.returned()
    [done] = await office.update(Update(key=key, invoice=InvoiceDraft(subject="訂正版", remarks="")))

    assert done == Done(key, IssuedStage.ISSUED, "C0001", created=None, invited=Invited.NEVER)
    [issued] = office.issued()
    assert (issued.header["inv_name"], issued.header["inv_no"], len(issued.details)) == ("訂正版", "2026-10-001", 2)
    [again] = await office.update(Update(key=key, invoice=InvoiceDraft(subject="もう一度")))
    assert again == Refused((Refusal("E400002", ("key",), "差戻受の請求書ではないため、更新できません。"),))


async def test_an_update_neither_invites_nor_deletes(office: Office) -> None:
    asked = Update(
        key="1",
        issuer=IssuerDraft(code="HQ001", deleted=True),
        customer=CustomerDraft(code="C0001", invitation=Invitation.PAPER),
    )
    found = office.client.check_update(asked).findings
    assert [(each.code, each.path) for each in found] == [
        (Code.NOT_TOGETHER, ("issuer", "deleted")),
        (Code.NOT_HERE, ("customer", "invitation")),
    ]


@pytest.mark.parametrize("tells", [False, True])
async def test_a_batch_that_is_half_registered_says_so_for_each(office: Office, *, tells: bool) -> None:
    """The provider answers 400 and files the good ones all the same [IM-5], telling their numbers or not [IM-100]."""
    office.twin.world.knobs.echo_success_on_400 = tells
    sound = [a_registration(number=f"2026-10-00{place}") for place in (1, 3)]
    layout = a_registration(number="2026-10-002", layout_code="NONE")
    stranger = Registration(customer=CustomerDraft(code="C0404"), invoice=an_invoice())
    one, two, three, four = await office.register(sound[0], layout, sound[1], stranger)

    not_found = "指定されたコードは登録されていません。"
    missing = "必須項目が設定されていません。"
    assert two == Refused((Refusal("E300001", ("invoice", "layout_code"), not_found),))
    assert four == Refused(
        tuple(Refusal("E200001", ("customer", name), missing) for name in ("name", "postal_code", "address1"))
    )
    filed = {each.header["inv_no"]: str(each.mng_num) for each in office.issued()}
    assert sorted(filed) == ["2026-10-001", "2026-10-003"]
    if tells:
        assert [one.key, three.key] == [filed["2026-10-001"], filed["2026-10-003"]]
    else:
        assert [one, three] == [Untold(Silence.OTHERS_NAMED)] * 2


async def test_a_hundred_invoices_are_the_most_and_none_is_too_few(office: Office) -> None:
    [ready] = [office.client.check_registration(a_registration()).value]
    assert ready is not None
    for sent in ([], [ready] * 101):
        with pytest.raises(InvalidInput):
            await office.client.register(office.access, sent)
    assert office.calls("register") == 0
    done = await office.client.register(office.access, [ready] * 100)
    assert sorted(str(each.mng_num) for each in office.issued()) == sorted(
        each.key or "" for each in done if isinstance(each, Done)
    )


async def test_keys_in_any_order_and_keys_of_tomorrow_change_nothing(office: Office) -> None:
    office.twin.world.extra_keys = True
    for number in ("2026-10-001", "2026-10-002"):
        [done] = await office.register(a_registration(number=number))
        assert (done.stage, done.code, done.invited) == (IssuedStage.ISSUED, "C0001", Invited.NEVER)
    refused = await office.register(a_registration(layout_code="NONE"))
    assert [each.path for each in refused[0].refusals] == [("invoice", "layout_code")]
