"""Infomart's words, odd ones included, become ours or a plain refusal, and never a crash."""

import copy
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connector.domain.fetch import Window
from connector.domain.invoice import Stage
from connector.errors import RefusedByProvider, Unreadable
from connector.ports import InvoicePage
from connector.providers.infomart.mapping import received_invoice, received_stage
from tests.connector.providers.infomart.said import answer, page_in
from tests.listing import invoices_on

OCTOBER = Window(date(2026, 10, 1), date(2026, 10, 31))
WHOLE = json.loads((Path(__file__).parent / "replies" / "IM-72-a-whole-invoice.json").read_bytes())
MANY = {**WHOLE, "invoices": [{**WHOLE["invoices"][0], "invoice_mng_num": 4_100_000_000 + n} for n in range(3)]}

WITH_WORKFLOW = {
    50: Stage.AWAITING_FIRST_APPROVAL,
    51: Stage.IN_INTERNAL_APPROVAL,
    59: Stage.RETURNED,
    60: Stage.IN_ACCOUNTING_APPROVAL,
    69: Stage.RETURNED_TO_ACCOUNTING,
    70: Stage.IN_FINAL_APPROVAL,
    71: Stage.APPROVED,
}
WITHOUT_WORKFLOW = {50: Stage.UNPROCESSED, 71: Stage.PROCESSED}


CODES = (*range(-1, 101), 10**9)


def test_im_58_every_code_has_its_stage_where_approvals_are_used() -> None:
    told = {code: received_stage(code, uses_workflow=True) for code in CODES}
    assert told == {code: WITH_WORKFLOW.get(code, Stage.UNRECOGNISED) for code in CODES}


def test_im_59_only_two_codes_mean_anything_where_approvals_are_not_used() -> None:
    told = {code: received_stage(code, uses_workflow=False) for code in CODES}
    assert told == {code: WITHOUT_WORKFLOW.get(code, Stage.UNRECOGNISED) for code in CODES}


@pytest.mark.parametrize("uses_workflow", [True, False])
def test_an_invoice_without_a_code_is_unrecognised(*, uses_workflow: bool) -> None:
    assert received_stage(None, uses_workflow=uses_workflow) is Stage.UNRECOGNISED


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        (1000, Decimal(1000)),
        ("1,000", Decimal(1000)),
        (" 12.50 ", Decimal("12.50")),
        (-0.5, Decimal("-0.5")),
        (0, Decimal(0)),
        ("999999999999", Decimal(999999999999)),
        (None, None),
        ("", None),
        ("-", None),
        ("NaN", None),
        ("Infinity", None),
        ("1e999999", None),
        ("1e-999999", None),
        ("9" * 31, None),
        (int("9" * 40), None),
        ("0." + "1" * 31, None),
        ("9" * 100_000, None),
    ],
)
def test_a_figure_is_read_as_it_stands_or_not_at_all(told: object, understood: Decimal | None) -> None:
    raw = json.dumps({"invoice_mng_num": 1, "inv_amount": told}).encode()
    assert received_invoice(raw, uses_workflow=True).total == understood


@pytest.mark.parametrize(
    ("told", "understood"),
    [
        ("2026-10-31", date(2026, 10, 31)),
        ("2026-10-31T00:00:00", date(2026, 10, 31)),
        ("2026/10/31", None),
        ("2026-02-30", None),
        ("", None),
        (None, None),
        (0, None),
        (True, None),
    ],
)
def test_a_day_is_read_as_it_stands_or_not_at_all(told: object, understood: date | None) -> None:
    raw = json.dumps({"invoice_mng_num": 1, "send_date": told}).encode()
    assert received_invoice(raw, uses_workflow=True).issue_date == understood


@pytest.mark.parametrize("code", ["1e9999", 2**31, -(2**40), 50.5, "50.5", [1]])
async def test_a_code_no_column_could_hold_does_not_stop_the_page(code: object) -> None:
    body = json.dumps({"invoices": [{"invoice_mng_num": 1, "wf_status": code}]}).encode()
    if isinstance(code, list):
        with pytest.raises(Unreadable):
            await page_in(answer(200, body), OCTOBER)
        return
    [invoice] = invoices_on(await page_in(answer(200, body), OCTOBER))
    assert (invoice.stage, invoice.stage_code) == (Stage.UNRECOGNISED, None)


def test_a_character_postgresql_cannot_store_is_left_out_of_texts_and_kept_in_the_raw_answer() -> None:
    raw = json.dumps({"invoice_mng_num": 1, "inv_name": "請求\0書"}).encode()
    invoice = received_invoice(raw, uses_workflow=True)
    assert (invoice.subject, invoice.raw) == ("請求書", raw)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"invoices": null}',
        b'{"invoices": {}}',
        b'{"invoices": [null]}',
        b'{"invoices": [[]]}',
        b'{"invoices": [{}]}',
        b'{"invoices": [{"invoice_mng_num": null}]}',
        b'{"invoices": [{"invoice_mng_num": ""}]}',
        b'{"invoices": [{"invoice_mng_num": "' + b"1" * 201 + b'"}]}',
        b'{"invoices": [{"invoice_mng_num": 1, "note": "\xff\xfe"}]}',
        b'{"invoices": [{"invoice_mng_num": 1, "note": "\\ud800"}]}',
        b'{"invoices": [{"invoice_mng_num": 1, "note": 1e999}]}',
        b'{"invoices": [{"invoice_mng_num": 1, "inv_amount": 1e999}]}',
        b'{"invoices": [{"invoice_mng_num": 1, "note": ' + b"[" * 5000 + b"]" * 5000 + b"}]}",
        b'{"note": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
        b'{"invoices": [{"invoice_mng_num": 1',
        b'{"invoices": [{"invoice_mng_num": 1}]} trailing',
        b"\xef\xbb\xbf" + b'{"invoices": []}',
        b"<!DOCTYPE html><html><body>\xe3\x83\xa1\xe3\x83\xb3\xe3\x83\x86</body></html>",
    ],
)
async def test_an_answer_that_cannot_be_kept_whole_is_unreadable_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Unreadable):
        await page_in(answer(200, body), OCTOBER)


def _paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands, lists and objects included."""
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here] * bool(here) + [path for name, each in below for path in _paths(each, (*here, name))]


def _at(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands there; None where nothing does any more."""
    for step in path:
        known = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        if step not in known:
            return None
        value = value[step]
    return value


SINGLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=9),
    st.sampled_from(["", "0", "1,000", "NaN", "1e999999", "2026-13-01", "\0", "－１", 10**40]),
)
ODD = SINGLE | st.sampled_from([[], [1], {}, {"debit": None}, [{}], [[]]])
EVERYWHERE = _paths(MANY)
FIELDS = [
    path
    for path in EVERYWHERE
    if path[0] == "invoices" and path[-1] != "invoice_mng_num" and not isinstance(_at(MANY, path), dict | list)
]


def changes(where: list[tuple[Any, ...]], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    manners = st.sampled_from(["drop", "retype", "add", "shuffle"])
    return st.lists(st.tuples(manners, st.sampled_from(where), odd), max_size=5)


def changed(wanted: list[tuple[str, tuple[Any, ...], Any]]) -> Any:
    """The three invoices with some fields dropped, retyped, added or put in another order."""
    told = copy.deepcopy(MANY)
    for manner, (*way, name), odd in wanted:
        holder = _at(told, tuple(way))
        if isinstance(holder, dict) and name in holder:
            match manner:
                case "drop":
                    del holder[name]
                case "retype":
                    holder[name] = odd
                case "add":
                    holder[f"added_{name}"] = odd
                case _:
                    turned = dict(reversed(holder.items()))
                    holder.clear()
                    holder.update(turned)
        elif isinstance(holder, list) and isinstance(name, int) and name < len(holder) and manner == "retype":
            holder[name] = odd
    return told


def _check(page: InvoicePage, told: Any) -> None:
    for invoice, raw in zip(invoices_on(page), told["invoices"], strict=True):
        if type(raw["invoice_mng_num"]) is int:
            assert invoice.key == str(raw["invoice_mng_num"])
        if raw.get("inv_amount") == WHOLE["invoices"][0]["inv_amount"]:
            assert invoice.total == raw["inv_amount"]
        assert json.loads(invoice.raw) == raw
        assert invoice.stage_code is None or abs(invoice.stage_code) < 2**31


@settings(max_examples=1000, deadline=None)
@given(changes(EVERYWHERE, ODD))
@example([("retype", ("error_list",), [{}])])
async def test_im_9_a_thousand_broken_answers_are_read_or_called_unreadable_and_nothing_else(wanted: Any) -> None:
    told = changed(wanted)
    try:
        page = await page_in(answer(200, json.dumps(told).encode()), OCTOBER)
    except Unreadable:
        return
    except RefusedByProvider:  # a list of errors with something in it is a refusal, even without a code
        assert told["error_list"]
        return
    _check(page, told)


@settings(max_examples=1000, deadline=None)
@given(changes(FIELDS, SINGLE))
@example([("retype", ("invoices", 0, "inv_name"), 5)])
@example([("retype", ("invoices", 0, "inv_amount"), "1e999999")])
@example([("retype", ("invoices", 0, "details", 0, "item_name"), True)])
async def test_im_9_a_thousand_answers_with_odd_fields_lose_no_invoice_no_key_and_no_total(wanted: Any) -> None:
    told = changed(wanted)
    _check(await page_in(answer(200, json.dumps(told).encode()), OCTOBER), told)
