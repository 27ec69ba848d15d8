"""What is refused, or changed and told, before it leaves for Infomart; and that it arrives as it was announced."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from connector.domain.draft import (
    AccountDraft,
    AttachmentDraft,
    InvoiceDraft,
    IssuerDraft,
    Method,
    Registration,
    Update,
)
from connector.domain.finding import Code, Severity
from connector.domain.tax import Bucket, TaxSummary
from connector.domain.totals import Figures
from connector.providers.infomart import writing
from connector.providers.infomart.fitting import VANISHING
from tests.contract.infomart import CUSTOMER, LINES, Office, a_registration, an_invoice

STRIPPED = "%^*()[]<>'\"\t,"  # as the provider's common rules list them [IM-37]


async def test_what_would_vanish_is_replaced_and_told_and_arrives_as_it_was_announced(office: Office) -> None:
    """The twin strips as the provider does, so what arrives whole was sent whole."""
    for sign in STRIPPED:
        checked = office.client.check_registration(a_registration(subject=f"A{sign}B"))
        [notice] = checked.findings
        assert (notice.code, notice.severity) == (Code.CHARACTERS_REPLACED, Severity.NOTICE)
        assert notice.path == ("invoice", "subject")
        assert checked.value is not None
        [_] = await office.client.register(office.access, [checked.value])
    arrived = [each.header["inv_name"] for each in office.issued()]
    assert arrived == [f"A{VANISHING[sign]}B" for sign in STRIPPED]


async def test_what_would_vanish_from_a_code_is_refused_and_never_replaced(office: Office) -> None:
    for sign in STRIPPED:
        asked = Registration(
            issuer=IssuerDraft(code=f"E{sign}"),
            customer=replace(CUSTOMER, code=f"C{sign}", layout_code=f"L{sign}", account_code=f"A{sign}"),
            accounts=[AccountDraft(code=f"B{sign}")],
            invoice=an_invoice(number=f"N{sign}", reference=f"R{sign}"),
        )
        checked = office.client.check_registration(asked)
        assert checked.value is None
        assert {each.path for each in checked.findings if each.code is Code.CHARACTERS_WOULD_VANISH} == {
            ("issuer", "code"),
            ("customer", "code"),
            ("customer", "layout_code"),
            ("customer", "account_code"),
            ("accounts", "1", "code"),
            ("invoice", "number"),
            ("invoice", "reference"),
        }
        assert not [each for each in checked.findings if each.code is Code.CHARACTERS_REPLACED]


def test_a_bracket_of_a_payees_name_is_not_replaced_behind_its_banks_back() -> None:
    checked = writing.registration(Registration(accounts=[AccountDraft(code="B1", holder="カ）マチアイ")]))
    assert [(each.code, each.path) for each in checked.findings if each.severity is Severity.ERROR] == [
        (Code.CHARACTERS_WOULD_VANISH, ("accounts", "1", "holder"))
    ]


WRONG: list[tuple[str, dict[str, Any], Code, tuple[str, ...]]] = [
    ("a title past its length", {"title": "題" * 31}, Code.TEXT_TOO_LONG, ("title",)),
    (
        "a total that does not add up",
        {"total": Figures(Decimal(1), Decimal(1), Decimal(3))},
        Code.SUM_DIFFERS,
        ("total",),
    ),
    (
        "a tax that no single rounding gives",
        {
            "total": Figures(None, None, Decimal(11002)),
            "tax_summary": [TaxSummary(Bucket.STANDARD_10, Decimal(10000), Decimal(1002), Decimal(11002))],
            "lines": None,
        },
        Code.TAX_UNLAWFUL,
        ("tax_summary", "standard_10"),
    ),
    (
        "a rate that has ended",
        {
            "total": Figures(None, None, Decimal(10800)),
            "tax_summary": [TaxSummary(Bucket.OLD_8, Decimal(10000), Decimal(800), Decimal(10800))],
            "lines": None,
            "closing_date": date(2026, 10, 31),
        },
        Code.RATE_ENDED,
        ("tax_summary", "old_8"),
    ),
    (
        "half a yen",
        {"lines": [replace(LINES[0], net=Decimal("0.5"))]},
        Code.NUMBER_TOO_FINE,
        ("lines", "1", "net"),
    ),
    (
        "a figure of thirteen digits",
        {"asked": Decimal(10**12)},
        Code.NUMBER_TOO_LARGE,
        ("asked",),
    ),
    ("too many lines", {"lines": [LINES[0]] * 1001}, Code.TOO_MANY, ("lines",)),
    (
        "too many files",
        {"attachments": [AttachmentDraft("a", b"")] * 11},
        Code.TOO_MANY,
        ("attachments",),
    ),
    (
        "files that are too large",
        {"attachments": [AttachmentDraft("a", b"x" * (10 * 1024 * 1024 + 1))]},
        Code.FILES_TOO_LARGE,
        ("attachments",),
    ),
    (
        "no amount at all",
        {"total": Figures(None, None, None), "tax_summary": (), "lines": None},
        Code.VALUE_MISSING,
        ("asked",),
    ),
]


@pytest.mark.parametrize(("changes", "code", "path"), [each[1:] for each in WRONG], ids=[each[0] for each in WRONG])
def test_what_the_provider_would_refuse_or_swallow_is_refused_before_it_leaves(
    changes: dict[str, Any], code: Code, path: tuple[str, ...]
) -> None:
    checked = writing.registration(a_registration(**changes))
    assert checked.value is None
    assert (code, ("invoice", *path)) in {(each.code, each.path) for each in checked.findings}


def test_tax_entered_by_line_is_the_sum_of_its_lines_to_the_yen() -> None:
    lines = [replace(LINES[1], net=Decimal(105), tax=Decimal(10), gross=Decimal(115))] * 3
    summary = TaxSummary(Bucket.STANDARD_10, Decimal(315), Decimal(30), Decimal(345))
    total = Figures(Decimal(315), Decimal(30), Decimal(345))
    by_line: dict[str, Any] = {"method": Method.QUALIFIED_BY_LINE, "lines": lines, "total": total}
    assert writing.registration(a_registration(**by_line, tax_summary=[summary])).value is not None
    rounded_once: dict[str, Any] = {"total": replace(total, tax=Decimal(31), gross=Decimal(346))}
    once = replace(summary, tax=Decimal(31), gross=Decimal(346))
    found = writing.registration(a_registration(**{**by_line, **rounded_once}, tax_summary=[once])).findings
    assert Code.LINES_DIFFER in {each.code for each in found}


def texts(told: object) -> Iterator[str]:
    """Every text in an element, however deep."""
    if isinstance(told, str):
        yield told
    for each in told.values() if isinstance(told, dict) else told if isinstance(told, list) else ():
        yield from texts(each)


def test_nothing_that_would_vanish_is_ever_sent_and_no_figure_as_text() -> None:
    die = Random(7)  # noqa: S311 - the same texts every time
    passed = 0

    def said(most: int) -> str:
        return "".join(die.choice("ab1あ" + STRIPPED) for _ in range(die.randint(0, most)))

    for _ in range(2000):
        fields = ("name", "section", "person", "address1", "address2", "mail", "phone", "fax")
        of_customer: dict[str, Any] = {die.choice(fields): said(8), "code": die.choice(("C1", "C1", said(2)))}
        of_line: dict[str, Any] = {die.choice(("name", "unit", "product_code", "remarks")): said(5)}
        customer, line = replace(CUSTOMER, **of_customer), replace(LINES[0], **of_line)
        asked = Registration(
            customer=customer, invoice=an_invoice(title=said(3), remarks=said(9), lines=[line, LINES[1]])
        )
        ready = writing.registration(asked).value
        if ready is None:
            continue
        passed += 1
        sent = list(texts(dict(ready.element)))
        assert not [each for each in sent if set(each) & set(STRIPPED)], sent
        assert all(type(figure) is int for name, figure in ready.element.items() if name.startswith("inv_tax"))
    assert passed > 500


def test_a_mail_address_that_would_lose_a_character_is_refused() -> None:
    checked = writing.registration(Registration(customer=replace(CUSTOMER, mail="o'hara@example.co.jp")))
    assert [(each.code, each.path) for each in checked.findings] == [
        (Code.CHARACTERS_WOULD_VANISH, ("customer", "mail"))
    ]


@pytest.mark.parametrize(
    ("key", "code"),
    [
        ("", Code.VALUE_MISSING),
        ("41x", Code.NUMBER_UNREADABLE),
        ("１", Code.NUMBER_UNREADABLE),
        ("1" * 11, Code.NUMBER_TOO_LARGE),
    ],
)
def test_an_update_names_the_providers_own_number(key: str, code: Code) -> None:
    checked = writing.update(Update(key=key))
    assert [(each.code, each.path) for each in checked.findings] == [(code, ("key",))]


def test_an_update_says_what_changes_and_nothing_else() -> None:
    checked = writing.update(Update(key="4100000001", invoice=InvoiceDraft(subject="訂正", remarks="", number=None)))
    assert checked.value is not None
    assert checked.value.element == {"invoice_mng_num": 4100000001, "inv_name": "訂正", "remarks": ""}


def test_a_registration_leaves_out_what_was_left_empty() -> None:
    checked = writing.registration(a_registration(remarks="", title=None))
    assert checked.value is not None
    assert not {"remarks", "invoice_title"} & checked.value.element.keys()


def test_the_amount_on_the_face_is_the_total_unless_it_is_said() -> None:
    for asked, shown in ((None, 32600), (Decimal(30000), 30000)):
        ready = writing.registration(a_registration(asked=asked)).value
        assert ready is not None
        assert ready.element["inv_show_amount"] == shown


def test_one_rate_twice_is_refused_in_every_kind_of_invoice() -> None:
    rate = TaxSummary(Bucket.STANDARD_10, Decimal(100), Decimal(10), Decimal(110))
    for method in (None, *Method):
        total = Figures(Decimal(200), Decimal(20), Decimal(220))
        checked = writing.registration(a_registration(method=method, total=total, tax_summary=[rate, rate], lines=None))
        assert (Code.RATE_REPEATED, ("invoice", "tax_summary", "standard_10")) in {
            (each.code, each.path) for each in checked.findings
        }
