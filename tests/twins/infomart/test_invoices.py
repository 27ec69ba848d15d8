from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import count
from math import ceil, floor
from typing import Any

import pytest

from connector.twins.infomart.approvals import WITH_WORKFLOW, WITHOUT_WORKFLOW
from connector.twins.infomart.chart import starting_chart
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.inbox import Inbox
from connector.twins.infomart.invoices import write_invoice
from connector.twins.infomart.ledger import Ledger
from connector.twins.infomart.masters import Masters
from connector.twins.infomart.members import Member, Members
from connector.twins.infomart.suppliers import check_digit, every_supplier, registration_number
from connector.twins.infomart.taxation import BUCKETS, divide, share
from connector.twins.infomart.vocabulary import TOWNS, Treatment

TAX_ITEMS = ("tax_type", "tax_rate_sec", "reduced_tax_flg", "tax_calc_type", "input_tax_type", "sum_exempt_flg")
BUCKET_OF = {("0", 10, "0"): "tr10", ("0", 8, "1"): "tr8_reduced", ("1", None, "0"): "free"} | {
    ("2", None, "0"): "exemption",
    ("3", None, "0"): "non",
}
MEMBER = Member(pfid="k@example.jp", name="株式会社待合", password="p", seed=11, journal_free=True)
NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
CHART = Masters.of(starting_chart())
PARTS = ("without_tax", "tax", "amount")


def written(seed: int = 11, size: int = 300, member: Member = MEMBER) -> list[dict[str, Any]]:
    inbox = Inbox(str(seed), count(1))
    inbox.fill(size, now=NOW, today=date(2026, 11, 20), spread_days=90, codes=member.codes)
    return [write_invoice(received, member, CHART) for received in inbox.everything()]


INVOICES = written()
TAXED = [invoice for invoice in INVOICES if invoice["inv_tax"] is not None]


def charged(invoice: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines that are not mere remarks."""
    return [line for line in invoice["details"] if line["item_qty"] is not None]


def test_one_seed_writes_the_same_invoices_and_another_seed_writes_others() -> None:
    assert written(seed=11) == INVOICES
    assert written(seed=12) != INVOICES


@pytest.mark.parametrize("number", ["T8011601022911", "T7010705000725", "T8700110005901", "T1010401089234"])
def test_the_check_digit_agrees_with_numbers_known_to_be_valid(number: str) -> None:
    assert check_digit(number[2:]) == int(number[1])


def test_the_popular_dummy_number_is_not_valid() -> None:
    assert check_digit("234567890123") == 9


@pytest.mark.parametrize("digits", ["", "12345678901", "1234567890123", "12345678901x"])
def test_a_check_digit_stands_before_twelve_digits_only(digits: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        check_digit(digits)


def test_every_registered_publisher_shows_a_number_with_a_true_check_digit() -> None:
    numbers = {invoice["publisher"]["biz_regist_no"] for invoice in INVOICES}

    assert None in numbers  # the tax-exempt have none
    assert len(numbers) == 19
    for number in numbers - {None}:
        assert number[0] == "T"
        assert len(number) == 14
        assert int(number[1]) == check_digit(number[2:])
        assert number[2:6] == "9900"  # a registry office that does not exist
    assert registration_number(1) == "T" + str(check_digit("990001000001")) + "990001000001"


def test_the_unregistered_are_exempt_and_issue_no_qualified_invoice() -> None:
    for invoice in INVOICES:
        publisher = invoice["publisher"]
        registered = publisher["biz_regist_no"] is not None
        assert publisher["biz_type"] == ("1" if registered else "2")
        assert (publisher["nta_company_name"] == publisher["publisher_company_name_org"]) is registered
        if not registered:
            assert invoice["invoice_type"] in {"0", "1"}


def test_lines_add_up_to_buckets_and_buckets_to_totals() -> None:
    for invoice in TAXED:
        for part in PARTS:
            sums = Counter[str]()
            for line in charged(invoice):
                bucket = BUCKET_OF[line["tax_type"], line["tax_rate_sec"], line["reduced_tax_flg"]]
                sums[bucket] += line[f"item_{part}"]
            assert {name: invoice[f"inv_{part}_{name}"] for name in BUCKETS} == {name: sums[name] for name in BUCKETS}
            assert invoice[f"inv_{part}"] == sum(sums.values())
        assert invoice["inv_without_tax"] + invoice["inv_tax"] == invoice["inv_amount"] == invoice["inv_show_amount"]
        for line in charged(invoice):
            assert line["item_without_tax"] + line["item_tax"] == line["item_amount"]


def test_tax_is_rounded_once_per_rate_per_invoice() -> None:
    for invoice in TAXED:
        included = charged(invoice)[0]["tax_calc_type"] == "2"
        for name, rate in (("tr10", 10), ("tr8_reduced", 8)):
            figure = invoice[f"inv_amount_{name}"] if included else invoice[f"inv_without_tax_{name}"]
            exact = Fraction(abs(figure) * rate, 100 + rate if included else 100)
            assert abs(invoice[f"inv_tax_{name}"]) in {floor(exact), ceil(exact)}
        for name in ("free", "exemption", "non"):
            assert invoice[f"inv_tax_{name}"] == 0


def test_goods_at_the_reduced_rate_are_marked_and_no_others() -> None:
    for invoice in INVOICES:
        for line in invoice["details"]:
            assert (line["detail_remarks"] == "※軽減税率対象") is (line["tax_rate_sec"] == 8)


def test_every_treatment_of_tax_occurs_and_both_ways_of_entering_it() -> None:
    lines = [line for invoice in TAXED for line in charged(invoice)]

    assert {BUCKET_OF[line["tax_type"], line["tax_rate_sec"], line["reduced_tax_flg"]] for line in lines} == {
        "tr10",
        "tr8_reduced",
        "free",
        "exemption",
        "non",
    }
    assert {line["tax_calc_type"] for line in lines} == {"1", "2"}
    assert {invoice["invoice_type"] for invoice in INVOICES} == {"0", "1", "3", "4"}
    assert any(line["item_amount"] < 0 for line in lines)
    assert any(isinstance(line["item_qty"], float) for line in lines)


def test_tax_items_may_be_null_and_then_only_the_sum_to_pay_is_known() -> None:
    untaxed = [invoice for invoice in INVOICES if invoice["inv_tax"] is None]

    assert len(untaxed) == 42
    for invoice in untaxed:
        for line in charged(invoice):
            assert [line[name] for name in TAX_ITEMS] == [None] * 6
            assert (line["item_without_tax"], line["item_tax"]) == (None, None)
        assert [invoice[f"inv_{part}_{name}"] for part in PARTS for name in BUCKETS] == [None] * 24
        to_pay = sum(line["item_amount"] for line in charged(invoice))
        assert invoice["inv_amount"] == invoice["inv_show_amount"] == to_pay > 0


def test_a_remark_among_the_lines_has_no_money_and_no_tax() -> None:
    remarks = [line for invoice in TAXED for line in invoice["details"] if line["item_qty"] is None]

    assert remarks
    for line in remarks:
        assert [line[name] for name in ("item_without_tax", "item_tax", "item_amount", *TAX_ITEMS)] == [None] * 9
        assert line["journals"] == []


def test_the_invoice_number_repeats_on_purpose_from_the_same_supplier() -> None:
    numbers = Counter(invoice["inv_no"] for invoice in INVOICES)
    repeated = [number for number, times in numbers.items() if times > 1]

    assert len(repeated) == 33
    for number in repeated:
        pair = [invoice for invoice in INVOICES if invoice["inv_no"] == number]
        assert len(pair) == 2
        assert pair[0]["private_cust_cd_s"] == pair[1]["private_cust_cd_s"]
        assert pair[0]["invoice_mng_num"] != pair[1]["invoice_mng_num"]


@pytest.mark.parametrize(("uses_workflow", "codes"), [(True, WITH_WORKFLOW), (False, WITHOUT_WORKFLOW)])
def test_every_code_of_the_members_mode_occurs_and_no_other(*, uses_workflow: bool, codes: tuple[int, ...]) -> None:
    member = Member(pfid="w@example.jp", name="w", password="p", seed=3, uses_workflow=uses_workflow)

    assert {invoice["wf_status"] for invoice in written(seed=3, size=len(codes), member=member)} == set(codes)
    assert {invoice["wf_status"] for invoice in written(seed=3, size=200, member=member)} == set(codes)


def test_journals_of_a_line_add_up_to_the_line() -> None:
    lines = [line for invoice in INVOICES for line in invoice["details"]]
    booked = [line for line in lines if line["journals"]]

    assert 0 < len(booked) < len(lines)
    assert {len(line["journals"]) for line in booked} == {1, 2}
    for line in booked:
        assert sum(journal["journal_amount"] for journal in line["journals"]) == line["item_amount"]


def test_an_untouched_invoice_has_no_journals_and_a_finished_one_has_them_on_every_charge() -> None:
    for invoice in INVOICES:
        if invoice["wf_status"] == 50:
            assert all(line["journals"] == [] for line in invoice["details"])
            assert invoice["seal_flg"] == "0"
        if invoice["wf_status"] == 71:
            assert all(line["journals"] for line in charged(invoice))
            assert invoice["seal_flg"] == "1"


@pytest.mark.parametrize("option", [True, False])
def test_free_items_of_a_journal_need_the_option(*, option: bool) -> None:
    member = Member(pfid="j@example.jp", name="j", password="p", seed=5, journal_free=option)

    journals = [
        journal
        for invoice in written(seed=5, size=50, member=member)
        for line in invoice["details"]
        for journal in line["journals"]
    ]

    assert journals
    for journal in journals:
        assert [item["item_no"] for item in journal["journal_free"]] == ([1, 2, 9] if option else [])


def test_a_changed_code_changes_nothing_that_the_issuer_wrote() -> None:
    inbox = Inbox("11", count(1))
    inbox.fill(40, now=NOW, today=date(2026, 11, 20), spread_days=10, codes=WITH_WORKFLOW)
    before = [write_invoice(received, MEMBER, CHART) for received in inbox.everything()]
    inbox.stand(dict.fromkeys(range(1, 41), 60), deed="restatused", now=NOW)
    after = [write_invoice(received, MEMBER, CHART) for received in inbox.everything()]

    buyers = {"wf_status", "pay_due_date", "seal_flg", "seal_date", "section_b", "user_name_b", "acc_download_flg"}
    for old, new in zip(before, after, strict=True):
        assert new["wf_status"] == 60
        for invoice in (old, new):
            for line in invoice["details"]:
                del line["journals"]
        assert {key: old[key] for key in old if key not in buyers} == {
            key: new[key] for key in new if key not in buyers
        }


def test_two_members_never_receive_the_same_invoices(clock: Clock) -> None:
    members = Members(clock, Ledger(clock), seed=1)
    one, other = (members.save({"pfid": f"{name}@example.jp", "password": "p", "invoices": 20}) for name in "ab")

    sums = [
        [write_invoice(received, member, CHART)["inv_show_amount"] for received in members.inbox(member).everything()]
        for member in (one, other)
    ]

    assert set(sums[0]).isdisjoint(sums[1])


def test_addresses_of_mail_belong_to_nobody() -> None:
    for supplier in every_supplier():
        assert supplier.publisher()["publisher_mail"].endswith("@example.co.jp")
        assert supplier.publisher()["publisher_phone"][2:8] == "-0000-"
        assert supplier.publisher()["nta_area"] in {None, *(prefecture for _, prefecture, _ in TOWNS)}


def test_bank_fields_have_the_digits_of_the_zengin_format() -> None:
    for supplier in every_supplier():
        for bank in supplier.banks():
            assert [len(bank[name]) for name in ("fncl_inst_code", "branch_code", "account_num")] == [4, 3, 7]
            assert bank["fncl_inst_code"] in {"9801", "9802", "9803"}
            assert len(bank["depositor_kana"]) <= 30


@pytest.mark.parametrize(
    ("numerator", "rounding", "quotient"),
    [
        (199, "down", 1),
        (-199, "down", -1),
        (101, "up", 2),
        (200, "up", 2),
        (0, "up", 0),
        (149, "half_up", 1),
        (150, "half_up", 2),
        (-150, "half_up", -2),
    ],
)
def test_yen_are_rounded_in_the_suppliers_direction(numerator: int, rounding: str, quotient: int) -> None:
    assert divide(numerator, 100, rounding) == quotient


def test_the_tax_of_a_rate_is_shared_without_losing_a_yen() -> None:
    entered = [(Treatment.STANDARD, 105)] * 3 + [(Treatment.REDUCED, 99)]

    lines, buckets = share(entered, included=False, rounding="down")

    assert buckets[Treatment.STANDARD].tax == 31  # of 315, not three times 10
    assert sum(line.tax for line in lines[:3]) == 31
    assert (lines[3].without_tax, lines[3].tax, lines[3].amount) == (99, 7, 106)
