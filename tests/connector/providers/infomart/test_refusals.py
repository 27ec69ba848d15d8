"""Every way in which a call is refused, and what it means; a table of HTTP status and error codes."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from connector.errors import (
    AccessExpired,
    ConnectorError,
    NotEntitled,
    RefusedByProvider,
    Unavailable,
    Unreadable,
    Whose,
)
from connector.providers.infomart.refusals import of_read
from tests.connector.providers.infomart.said import answer

MINUTE, TEN, HOUR = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
HTML = "<!DOCTYPE html><html><title>メンテナンス</title></html>".encode()


def refusing(*codes: str | None) -> bytes:
    faults = [{"error_code": code, "error_message": "…", "error_item": None, "error_index": None} for code in codes]
    return json.dumps({"request_id": "x", "result": "1", "error_list": faults}).encode()


BY_CODE: Sequence[tuple[tuple[str | None, ...], ConnectorError]] = [
    (("E000401",), AccessExpired(provider="infomart")),
    (("E200001", "E000401"), AccessExpired(provider="infomart")),
    (("E100001",), NotEntitled(flag="issuer_paid_member", provider="infomart", known_by="refuted", since=None)),
    (("E100002",), NotEntitled(flag="receiver_paid_member", provider="infomart", known_by="refuted", since=None)),
    (("E100003",), NotEntitled(flag="api_option", provider="infomart", known_by="refuted", since=None)),
    (("E100004",), NotEntitled(flag="journal_free_items", provider="infomart", known_by="refuted", since=None)),
    (("E200001", "E100003"), NotEntitled(flag="api_option", provider="infomart", known_by="refuted", since=None)),
    (("E100099",), RefusedByProvider(provider="infomart", codes=["E100099"])),
    (("E200001",), RefusedByProvider(provider="infomart", codes=["E200001"])),
    (("E200003", "E200004"), RefusedByProvider(provider="infomart", codes=["E200003", "E200004"])),
    (("E300001",), RefusedByProvider(provider="infomart", codes=["E300001"])),
    (("E400001",), RefusedByProvider(provider="infomart", codes=["E400001"])),
    (("E700003",), RefusedByProvider(provider="infomart", codes=["E700003"])),
    (("E900001",), Unavailable(wait=TEN, whose=Whose.PROVIDER)),
    (("E900002",), Unavailable(wait=TEN, whose=Whose.PROVIDER)),
    (("E999999",), Unavailable(wait=TEN, whose=Whose.PROVIDER)),
    (("X123456",), RefusedByProvider(provider="infomart", codes=["X123456"])),
    ((None,), RefusedByProvider(provider="infomart", codes=[])),
]


def same(found: ConnectorError | None, expected: ConnectorError | None) -> bool:
    return type(found) is type(expected) and (found is None or vars(found) == vars(expected))


@pytest.mark.parametrize("code", [200, 400, 403, 404, 409, 422])
@pytest.mark.parametrize(("codes", "meaning"), BY_CODE)
def test_im_10_the_codes_in_the_body_decide_whatever_the_status_says(
    code: int, codes: tuple[str | None, ...], meaning: ConnectorError
) -> None:
    assert same(of_read(answer(code, refusing(*codes))), meaning)


@pytest.mark.parametrize("body", [refusing("E000401"), refusing("E100003"), refusing(), HTML, b"", b"{"])
def test_im_29_any_401_is_an_access_token_to_be_renewed(body: bytes) -> None:
    assert same(of_read(answer(401, body)), AccessExpired(provider="infomart"))


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ({}, TEN),
        ({"retry-after": "120"}, timedelta(seconds=120)),
        ({"retry-after": " 7 "}, timedelta(seconds=7)),
        ({"retry-after": "0"}, timedelta()),
        ({"retry-after": "3600"}, HOUR),
        ({"retry-after": "86400"}, HOUR),
        ({"retry-after": "9" * 30}, TEN),
        ({"retry-after": "9" * 5000}, TEN),
        ({"retry-after": "-5"}, TEN),
        ({"retry-after": "soon"}, TEN),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, TEN),
        ({"retry-after": "1.5"}, TEN),
    ],
)
def test_im_48_a_stop_waits_as_long_as_it_was_asked_to_and_an_hour_at_most(
    asked: dict[str, str], wait: timedelta
) -> None:
    for code, whose in ((429, Whose.OURS), (503, Whose.PROVIDER)):  # a limit may be one tenant's, maintenance is not
        for body in (HTML, b"", refusing("E900002"), refusing("E100003")):
            assert same(of_read(answer(code, body, asked)), Unavailable(wait=wait, whose=whose))


@pytest.mark.parametrize("code", [500, 501, 502, 504, 599])
@pytest.mark.parametrize("body", [refusing("E900001"), refusing("E100003"), HTML, b""])
def test_im_49_a_fault_of_theirs_is_tried_again_after_a_minute(code: int, body: bytes) -> None:
    assert same(of_read(answer(code, body)), Unavailable(wait=MINUTE))


@pytest.mark.parametrize("code", [200, 201, 301, 302, 400, 403, 404])
@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"",
        b"{",
        b'{"error_list": [',
        b"[]",
        b"null",
        b'{"error_list": {}}',
        b'{"error_list": [5]}',
        b'{"error_list": [{"error_code": 100003}]}',
        b'{"error_list": [{"error_code": "E10000\xff"}]}',
        b"<response><error_list>",
        b"<!DOCTYPE response [<!ENTITY a 'b'>]><response>&a;</response>",
        b"<html><body>504</body></html>",
        refusing("E100003")[:-20],
        b'{"error_list": ' + b"[" * 5000,
    ],
)
def test_what_is_no_readable_json_is_unreadable_and_never_a_refusal(code: int, body: bytes) -> None:
    assert isinstance(of_read(answer(code, body)), Unreadable)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"error_list": null}', b'{"error_list": []}', b'{"result": "0", "invoices": []}']
)
def test_im_42_an_empty_or_absent_error_list_with_status_200_is_success(body: bytes) -> None:
    assert of_read(answer(200, body)) is None


@pytest.mark.parametrize("code", [400, 403, 404])
def test_a_refusal_without_a_reason_is_a_refusal(code: int) -> None:
    assert same(of_read(answer(code, b"{}")), RefusedByProvider(provider="infomart", codes=[]))


def test_no_refusal_quotes_what_the_provider_said() -> None:
    said = b'{"error_list": [{"error_code": ["canary-4711"]}], "note": "canary-4711"}'
    assert "canary" not in str(of_read(answer(400, said)))
    assert "canary" not in str(of_read(answer(200, b"<html>canary-4711")))
