"""What Infomart says of issued invoices, and how either generation is asked for its lists (docs/facts.md)."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from connector.domain.fetch import Window
from connector.domain.invoice import Counterparty, FetchedInvoice, InvoiceLine, IssuedStage, Side, Stage
from connector.domain.tax import Bucket, TaxSummary
from connector.errors import NotEntitled, Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart.client import InfomartClient
from connector.providers.infomart.mapping import issued_stage
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret
from tests.connector.providers.canned import Canned
from tests.listing import invoices_on

REPLIES = Path(__file__).parent / "replies"
OCTOBER = Window(date(2026, 10, 1), date(2026, 10, 31), Side.ISSUER)
EMPTY = b'{"invoices": [], "invoice_list": [], "invdata": []}'

STAGES = {
    10: IssuedStage.DRAFT,
    11: IssuedStage.IN_INTERNAL_APPROVAL,
    19: IssuedStage.RETURNED,
    20: IssuedStage.AWAITING_ISSUE_APPROVAL,
    21: IssuedStage.SCHEDULED,
    22: IssuedStage.ISSUED,
    23: IssuedStage.ISSUED_THEN_DELETED,
    29: IssuedStage.ISSUE_FAILED,
}
WHOLE = FetchedInvoice(
    key="4100000901",
    number="2026-0901",
    subject="2026年10月分 食材",
    stage=IssuedStage.ISSUED,
    stage_code=22,
    issue_date=date(2026, 10, 20),
    due_date=date(2026, 11, 30),
    counterparty=Counterparty("C0001", "株式会社汐ノ瀬フーズ", None),
    net=Decimal(30000),
    tax=Decimal(2600),
    total=Decimal(32600),
    tax_summary=[
        TaxSummary(Bucket.STANDARD_10, Decimal(10000), Decimal(1000), Decimal(11000)),
        TaxSummary(Bucket.REDUCED_8, Decimal(20000), Decimal(1600), Decimal(21600)),
    ],
    lines=[
        InvoiceLine(
            position=1,
            date=date(2026, 10, 2),
            slip_number="D1001",
            product_code="P-7",
            name="米 10kg",
            quantity=Decimal("4.5"),
            unit="袋",
            unit_price=Decimal("4444.4444"),
            net=Decimal(20000),
            tax=Decimal(1600),
            gross=Decimal(21600),
            tax_rate=Decimal(8),
            reduced_rate=True,
            remarks="新米",
            journals=[],
        ),
        InvoiceLine(
            position=2,
            date=None,
            slip_number=None,
            product_code=None,
            name="配送料",
            quantity=None,
            unit=None,
            unit_price=None,
            net=None,
            tax=None,
            gross=Decimal(11000),
            tax_rate=None,
            reduced_rate=None,
            remarks=None,
            journals=[],
        ),
    ],
    raw=b"",
    content=b"",
    day=date(2026, 10, 20),
)


def speaking(canned: Canned, transport: Transport, generation: str) -> InfomartClient:
    return InfomartClient(transport, Site(auth_url=canned.url, api_url=canned.url), generation)


async def told(canned: Canned, transport: Transport, name: str, generation: str = "v1") -> InvoicePage:
    canned.body = (REPLIES / f"{name}.json").read_bytes()
    return await speaking(canned, transport, generation).issued_page(Secret("access"), OCTOBER, 1)


async def test_im_106_the_first_generation_is_asked_by_days_of_issue_in_a_query(
    canned: Canned, transport: Transport
) -> None:
    canned.body = EMPTY
    await speaking(canned, transport, "v1").issued_page(Secret("access"), OCTOBER, 3)
    [asked] = canned.asked
    assert (asked.method, asked.path, asked.body) == ("GET", "/v1/invoice/seller/invoices", "")
    assert asked.query == {
        "response_type": "json",
        "send_date_from": "2026-10-01",
        "send_date_to": "2026-10-31",
        "page_no": "3",
    }
    assert (asked.headers["authorization"], asked.headers["accept"]) == ("Bearer access", "application/json")


@pytest.mark.parametrize(("page", "start"), [(1, 1), (2, 101), (11, 1001)])
async def test_im_97_the_second_generation_is_asked_for_rows_in_a_body(
    canned: Canned, transport: Transport, page: int, start: int
) -> None:
    canned.body = EMPTY
    client = speaking(canned, transport, "v2")
    await client.issued_page(Secret("access"), OCTOBER, page)
    await client.received_page(Secret("access"), OCTOBER, page, uses_workflow=True)
    part = {"response_type": "json", "start_position": start, "get_count": 100}
    assert [(each.method, each.path, dict(each.query), json.loads(each.body)) for each in canned.asked] == [
        (
            "POST",
            "/wi/v2/seller/invoice/search",
            {},
            {**part, "send_date_from": "2026-10-01", "send_date_to": "2026-10-31"},
        ),
        (
            "POST",
            "/wi/v2/buyer/invoice/search",
            {},
            {**part, "reception_date_from": "2026-10-01", "reception_date_to": "2026-10-31"},
        ),
    ]
    for asked in canned.asked:
        assert asked.headers["content-type"] == asked.headers["accept"] == "application/json"
        assert asked.headers["authorization"] == "Bearer access"


@pytest.mark.parametrize(
    ("name", "generation"),
    [("IM-106-a-whole-issued-invoice", "v1"), ("IM-151-the-same-in-the-second-generation", "v2")],
)
async def test_a_whole_issued_invoice_is_told_to_the_last_figure_in_either_generation(
    canned: Canned, transport: Transport, name: str, generation: str
) -> None:
    page = await told(canned, transport, name, generation)
    [invoice] = invoices_on(page)
    assert replace(invoice, raw=b"") == WHOLE
    assert (page.last, page.total) == (True, 1)
    assert json.loads(invoice.raw)["banks"][0]["transfer_code"] == "B001"
    assert invoice.strangers == 0


async def test_im_138_the_second_generation_calls_its_list_of_received_invoices_by_another_name(
    canned: Canned, transport: Transport
) -> None:
    name = "IM-138-a-received-invoice-in-the-second-generation"
    canned.body = (REPLIES / f"{name}.json").read_bytes()
    client = speaking(canned, transport, "v2")
    [invoice] = invoices_on(await client.received_page(Secret("access"), OCTOBER, 1, uses_workflow=True))
    assert (invoice.key, invoice.stage, invoice.day) == ("4100000001", Stage.APPROVED, date(2026, 10, 23))


@pytest.mark.parametrize(("generation", "other"), [("v1", b"invoice_list"), ("v2", b"invoices")])
async def test_a_list_by_any_other_name_is_no_list_and_never_taken_for_an_empty_one(
    canned: Canned, transport: Transport, generation: str, other: bytes
) -> None:
    canned.body = b'{"' + other + b'": []}'
    with pytest.raises(Unreadable):
        invoices_on(await speaking(canned, transport, generation).issued_page(Secret("access"), OCTOBER, 1))


async def test_im_74_each_stage_of_an_issuer_is_told_apart(canned: Canned, transport: Transport) -> None:
    page = await told(canned, transport, "IM-74-every-stage-of-an-issuer")
    assert [(each.stage_code, each.stage) for each in invoices_on(page)] == list(STAGES.items())[1:]


async def test_im_75_a_draft_is_known_and_a_receivers_code_is_not(canned: Canned, transport: Transport) -> None:
    page = await told(canned, transport, "IM-75-a-draft-and-what-nobody-published")
    assert [(each.stage_code, each.stage) for each in invoices_on(page)] == [
        (10, IssuedStage.DRAFT),
        (50, IssuedStage.UNRECOGNISED),
        (71, IssuedStage.UNRECOGNISED),
        (None, IssuedStage.UNRECOGNISED),
        (None, IssuedStage.UNRECOGNISED),
    ]


def test_im_74_no_other_code_has_a_stage() -> None:
    for code in (*range(-1, 101), 10**9):
        assert issued_stage(code) is STAGES.get(code, IssuedStage.UNRECOGNISED)


@pytest.mark.parametrize("code", [400, 403])
async def test_im_44_a_missing_membership_is_told_by_the_body_whatever_the_status(
    canned: Canned, transport: Transport, code: int
) -> None:
    canned.code = code
    with pytest.raises(NotEntitled) as refusal:
        await told(canned, transport, "IM-44-the-issuing-membership-is-missing")
    assert (refusal.value.flag, refusal.value.known_by) == ("issuer_paid_member", "refuted")


async def test_im_9_fields_that_nobody_described_are_kept_and_counted(canned: Canned, transport: Transport) -> None:
    name = "IM-106-a-whole-issued-invoice"
    said = json.loads((REPLIES / f"{name}.json").read_bytes())
    [invoice] = said["invoices"]
    invoice["added"] = {"deep_inside": 1}
    invoice["details"][0]["also_added"] = None
    canned.body = json.dumps(said).encode()
    [read] = invoices_on(await speaking(canned, transport, "v1").issued_page(Secret("access"), OCTOBER, 1))
    assert replace(read, raw=b"") == WHOLE
    assert json.loads(read.raw) == invoice
    assert read.strangers == 3
