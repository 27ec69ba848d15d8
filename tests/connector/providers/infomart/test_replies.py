"""What Infomart says, and what we understand: each reply is named for the fact it shows (docs/facts.md)."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connector.domain.fetch import Window
from connector.domain.invoice import Counterparty, FetchedInvoice, InvoiceLine, Journal, Posting, Stage
from connector.domain.tax import Bucket, TaxSummary
from connector.errors import NotEntitled, Unavailable
from connector.ports import InvoicePage
from connector.providers.infomart.client import InfomartClient
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret
from tests.connector.providers.canned import Canned
from tests.listing import invoices_on

REPLIES = Path(__file__).parent / "replies"
OCTOBER = Window(date(2026, 10, 1), date(2026, 10, 31))

WHOLE = FetchedInvoice(
    key="4100000001",
    number="S00007-10000",
    subject="2026年9月分 事務用品",
    stage=Stage.IN_FINAL_APPROVAL,
    stage_code=70,
    issue_date=date(2026, 10, 22),
    due_date=date(2026, 11, 30),
    counterparty=Counterparty("S00007", "有限会社紙峰商会", "T5990001155433"),
    net=Decimal(638043),
    tax=Decimal(63139),
    total=Decimal(701182),
    tax_summary=[
        TaxSummary(Bucket.STANDARD_10, Decimal(604757), Decimal(60476), Decimal(665233)),
        TaxSummary(Bucket.REDUCED_8, Decimal(33286), Decimal(2663), Decimal(35949)),
    ],
    lines=[
        InvoiceLine(
            position=1,
            date=date(2026, 9, 23),
            slip_number="D441083",
            product_code="S00007-135",
            name="コピー用紙 A4 5000枚",
            quantity=Decimal(13),
            unit="箱",
            unit_price=Decimal(3004),
            net=Decimal(39052),
            tax=Decimal(3905),
            gross=Decimal(42957),
            tax_rate=Decimal(10),
            reduced_rate=False,
            remarks="至急",
            journals=[
                Journal(
                    slip_date=date(2026, 9, 30),
                    amount=Decimal(42957),
                    summary="有限会社紙峰商会 コピー用紙",
                    debit=Posting("624", "消耗品費", "02", "事務用品", "2100", "第一店舗"),
                    credit=Posting("215", "未払金", None, None, None, None),
                )
            ],
        )
    ],
    raw=b"",
    content=b"",
    day=date(2026, 10, 23),
)


@pytest.fixture
def client(canned: Canned, transport: Transport) -> InfomartClient:
    return InfomartClient(transport, Site(auth_url=canned.url, api_url=canned.url))


async def told(canned: Canned, client: InfomartClient, name: str, *, uses_workflow: bool = True) -> InvoicePage:
    canned.body = (REPLIES / f"{name}.json").read_bytes()
    return await client.received_page(Secret("access"), OCTOBER, 1, uses_workflow=uses_workflow)


async def invoices(canned: Canned, client: InfomartClient, name: str) -> list[FetchedInvoice]:
    return invoices_on(await told(canned, client, name))


async def test_a_page_is_asked_for_by_days_of_reception_under_a_bearer_token(
    canned: Canned, client: InfomartClient
) -> None:
    await told(canned, client, "IM-54-an-empty-list-without-a-total")
    [asked] = canned.asked
    assert (asked.method, asked.path) == ("GET", "/v1/invoice/buyer/invoices")
    assert asked.query == {
        "response_type": "json",
        "reception_date_from": "2026-10-01",
        "reception_date_to": "2026-10-31",
        "page_no": "1",
    }
    assert asked.headers["authorization"] == "Bearer access"
    assert asked.headers["accept"] == "application/json"


async def test_im_72_a_whole_invoice_is_told_to_the_last_figure(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-72-a-whole-invoice")
    assert replace(invoice, raw=b"") == WHOLE
    assert b'"reception_date": "2026-10-23"' in invoice.raw


async def test_im_9_unknown_fields_and_another_order_change_nothing_and_are_kept(
    canned: Canned, client: InfomartClient
) -> None:
    [invoice] = await invoices(canned, client, "IM-9-unknown-and-shuffled-fields")
    assert replace(invoice, raw=b"") == WHOLE
    assert invoice.raw.decode().count("追加項目") == 6  # every object of the invoice got a field we never heard of


async def test_im_9_another_order_is_the_same_content_in_other_bytes_and_another_field_is_not(
    canned: Canned, client: InfomartClient
) -> None:
    told = {"invoice_mng_num": 1, "publisher": {"biz_regist_no": "T1", "a": None}, "details": [{"b": 1, "c": 2}]}
    shuffled = {"details": [{"c": 2, "b": 1}], "publisher": {"a": None, "biz_regist_no": "T1"}, "invoice_mng_num": 1}
    read = []
    for each in (told, shuffled, {**told, "added": None}):
        canned.body = json.dumps({"invoices": [each]}).encode()
        read += invoices_on(await client.received_page(Secret("access"), OCTOBER, 1, uses_workflow=True))
    one, other, third = read
    assert one.content == other.content != third.content
    assert one.exact != other.exact


async def test_the_same_bytes_are_told_from_those_of_a_tenant_who_works_otherwise(
    canned: Canned, client: InfomartClient
) -> None:
    canned.body = json.dumps({"invoices": [{"invoice_mng_num": 1, "wf_status": 50}]}).encode()
    one, same, other = [
        (await client.received_page(Secret("access"), OCTOBER, 1, uses_workflow=uses)).listed[0].exact
        for uses in (True, True, False)
    ]
    assert one == same != other


async def test_im_6_two_invoices_with_one_number_stay_two(canned: Canned, client: InfomartClient) -> None:
    one, two = await invoices(canned, client, "IM-6-one-number-on-two-invoices")
    assert (one.key, two.key) == ("4100000001", "4100000002")
    assert one.number == two.number == "S00007-10000"


async def test_im_8_an_empty_tax_rate_stays_empty_and_is_not_taken_for_nought(
    canned: Canned, client: InfomartClient
) -> None:
    [invoice] = await invoices(canned, client, "IM-8-null-tax-rate")
    [line] = invoice.lines
    assert (line.tax_rate, line.tax, line.net, line.reduced_rate) == (None, None, None, None)
    assert (invoice.net, invoice.tax, invoice.total, invoice.tax_summary) == (None, None, Decimal(110000), [])


@pytest.mark.parametrize(
    ("name", "with_workflow", "without"),
    [
        ("IM-11-code-50-without-workflow", Stage.AWAITING_FIRST_APPROVAL, Stage.UNPROCESSED),
        ("IM-11-code-71-with-and-without-workflow", Stage.APPROVED, Stage.PROCESSED),
        ("IM-59-code-60-without-workflow", Stage.IN_ACCOUNTING_APPROVAL, Stage.UNRECOGNISED),
    ],
)
async def test_im_11_one_code_means_two_things_and_only_the_tenants_setting_tells(
    canned: Canned, client: InfomartClient, name: str, with_workflow: Stage, without: Stage
) -> None:
    for uses_workflow, stage in ((True, with_workflow), (False, without)):
        [invoice] = invoices_on(await told(canned, client, name, uses_workflow=uses_workflow))
        assert invoice.stage is stage
    assert invoice.stage_code in {50, 60, 71}


async def test_im_58_a_code_nobody_published_is_unrecognised_and_kept(canned: Canned, client: InfomartClient) -> None:
    told = await invoices(canned, client, "IM-58-a-code-nobody-published")
    assert [(each.stage, each.stage_code) for each in told] == [
        (Stage.UNRECOGNISED, 99),
        (Stage.UNRECOGNISED, None),
        (Stage.UNRECOGNISED, None),
    ]


async def test_im_40_a_flag_is_read_as_figure_and_as_word(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-40-flags-as-words")
    assert [line.reduced_rate for line in invoice.lines] == [True, False, True, False, None]
    assert [line.position for line in invoice.lines] == [1, 2, 3, 4, 5]


async def test_im_41_an_amount_may_come_as_text_and_what_is_no_number_is_absent(
    canned: Canned, client: InfomartClient
) -> None:
    [invoice] = await invoices(canned, client, "IM-41-amounts-as-text")
    [line] = invoice.lines
    assert (invoice.key, invoice.stage_code) == ("4100000001", 71)
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal(-1000), Decimal(-100), Decimal(-1100))
    assert (line.quantity, line.unit_price, line.gross) == (Decimal("0.5"), Decimal("-2000.25"), None)


async def test_im_54_an_empty_list_is_the_last_page(canned: Canned, client: InfomartClient) -> None:
    page = await told(canned, client, "IM-54-an-empty-list-without-a-total")
    assert (list(page.listed), page.last) == ([], True)


@pytest.mark.parametrize(("size", "last"), [(0, True), (1, True), (99, True), (100, False)])
async def test_im_7_the_last_page_is_the_first_that_is_not_full(
    canned: Canned, client: InfomartClient, size: int, *, last: bool
) -> None:
    rows = ",".join(f'{{"invoice_mng_num": {number}}}' for number in range(1, size + 1))
    canned.body = f'{{"invoices": [{rows}]}}'.encode()
    page = await client.received_page(Secret("access"), OCTOBER, 1, uses_workflow=True)
    assert (len(page.listed), page.last) == (size, last)


async def test_im_63_a_line_may_have_no_journal_or_half_of_one(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-63-a-line-without-journals")
    nothing = Posting(None, None, None, None, None, None)
    assert [list(line.journals) for line in invoice.lines] == [
        [],
        [],
        [Journal(None, Decimal(1), None, nothing, nothing)],
    ]


async def test_im_67_the_issuers_due_date_and_name_stand_in_for_ours(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-67-only-the-issuers-due-date")
    assert invoice.due_date == date(2026, 10, 31)
    assert invoice.counterparty == Counterparty(None, "有限会社紙峰商会", None)


async def test_im_68_each_of_the_eight_buckets_is_told_apart(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-68-eight-buckets")
    assert invoice.tax_summary == [
        TaxSummary(bucket, Decimal(100 * place), Decimal(10 * place), Decimal(110 * place))
        for place, bucket in enumerate(Bucket, start=1)
    ]


async def test_im_68_a_bucket_of_nought_was_not_stated(canned: Canned, client: InfomartClient) -> None:
    [invoice] = await invoices(canned, client, "IM-68-buckets-of-nought-are-not-stated")
    assert invoice.tax_summary == [TaxSummary(Bucket.STANDARD_10, Decimal(100), None, None)]


async def test_im_10_not_allowed_is_told_from_badly_asked_by_the_body(canned: Canned, client: InfomartClient) -> None:
    canned.code = 400
    with pytest.raises(NotEntitled) as refusal:
        await told(canned, client, "IM-10-not-allowed-looks-like-a-bad-request")
    assert (refusal.value.flag, refusal.value.known_by) == ("api_option", "refuted")


async def test_im_48_maintenance_may_come_with_status_200(canned: Canned, client: InfomartClient) -> None:
    with pytest.raises(Unavailable):
        await told(canned, client, "IM-48-maintenance")


def test_every_reply_is_named_for_a_fact_and_used() -> None:
    facts = (Path(__file__).parents[4] / "docs" / "facts.md").read_text()
    spoken = "".join(each.read_text() for each in Path(__file__).parent.glob("test_*.py"))
    for reply in REPLIES.iterdir():
        _, number, *_ = reply.stem.split("-")
        assert f"| IM-{number} |" in facts
        assert f'"{reply.stem}"' in spoken
