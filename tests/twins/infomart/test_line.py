"""Faults that close a connection, over real sockets."""

import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest

from tests.twins.infomart.issuing import SELLER, invoice
from tests.twins.infomart.served import PATIENCE, Served
from tests.twins.infomart.visitor import AUTHORIZE, INVOICES, JSON, TOKEN, WINDOW, asking

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-client-secret"}
BACK = "http://127.0.0.1:8000/callback/infomart"
MEMBER = "keiri@minatomachi.example.co.jp"


def tokens(served: Served) -> dict[str, str]:
    form = {
        **asking(client_id=CLIENT["client_id"], redirect_uri=BACK),
        "pfid": MEMBER,
        "password": "sandbox-1",
        "decision": "allow",
    }
    sent_back = served.http.post(AUTHORIZE, data=form).headers["Location"]
    code = parse_qs(urlsplit(sent_back).query)["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, **CLIENT}
    body: dict[str, str] = served.http.post(TOKEN, data=fields).json()
    return body


def refresh(served: Served, refresh_token: str) -> httpx2.Response:
    fields = {"grant_type": "refresh_token", "refresh_token": refresh_token, **CLIENT}
    return served.http.post(TOKEN, data=fields)


def spoken_refresh(refresh_token: str) -> str:
    body = urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token, **CLIENT})
    head = f"POST {TOKEN} HTTP/1.1\nHost: twin\nContent-Type: application/x-www-form-urlencoded\n"
    return f"{head}Content-Length: {len(body)}\n\n{body}"


def spoken_read(access_token: str) -> str:
    head = f"GET {INVOICES}?{urlencode(WINDOW)} HTTP/1.1\nHost: twin\nAccept: application/json\n"
    return f"{head}Authorization: Bearer {access_token}\n\n"


def test_a_call_dropped_before_it_was_done_hears_nothing_and_changed_nothing(served: Served) -> None:
    held = tokens(served)
    before = len(served.ledger("token_rotated"))
    served.sim("faults", {"operation": "token", "kind": "drop_before"})

    assert served.say(spoken_refresh(held["refresh_token"])) == b""

    assert len(served.ledger("token_rotated")) == before
    assert refresh(served, held["refresh_token"]).status_code == 200


def test_a_call_dropped_after_it_was_done_hears_nothing_though_the_token_was_rotated(served: Served) -> None:
    held = tokens(served)
    before = len(served.ledger("token_rotated"))
    served.sim("faults", {"operation": "token", "kind": "drop_after"})

    assert served.say(spoken_refresh(held["refresh_token"])) == b""

    assert len(served.ledger("token_rotated")) == before + 1
    assert refresh(served, held["refresh_token"]).json()["error"] == "invalid_request"


def test_a_truncated_answer_promises_more_than_it_brings(served: Served) -> None:
    access_token = tokens(served)["access_token"]
    served.sim("faults", {"operation": "invoices", "kind": "truncate"})

    head, _, body = served.say(spoken_read(access_token)).partition(b"\r\n\r\n")

    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length: ")]
    promised = int(lengths[0].partition(b": ")[2])
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert len(body) == promised // 2
    assert promised > 100_000


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("drop_before", "Server disconnected"),
        ("drop_after", "Server disconnected"),
        ("truncate", "incomplete message body|without sending complete message body"),
    ],
)
def test_an_http_client_sees_a_broken_connection_and_may_call_again(served: Served, kind: str, error: str) -> None:
    access_token = tokens(served)["access_token"]
    headers = {**JSON, "Authorization": f"Bearer {access_token}"}
    served.sim("faults", {"operation": "invoices", "kind": kind})

    with pytest.raises(httpx2.RemoteProtocolError, match=error):
        served.http.get(INVOICES, params=WINDOW, headers=headers)

    assert served.http.get(INVOICES, params=WINDOW, headers=headers).status_code == 200


def test_a_delayed_answer_takes_its_time(served: Served) -> None:
    access_token = tokens(served)["access_token"]
    served.sim("faults", {"operation": "invoices", "kind": "delay", "seconds": 0.3})

    started = time.monotonic()
    answer = served.http.get(INVOICES, params=WINDOW, headers={**JSON, "Authorization": f"Bearer {access_token}"})

    assert answer.status_code == 200
    assert time.monotonic() - started >= 0.3


def test_a_call_that_was_given_up_is_done_all_the_same(served: Served) -> None:
    held = tokens(served)
    before = len(served.ledger("token_rotated"))
    served.sim("faults", {"operation": "token", "kind": "delay", "seconds": 0.5})

    fields = {"grant_type": "refresh_token", "refresh_token": held["refresh_token"], **CLIENT}
    with pytest.raises(httpx2.ReadTimeout):
        httpx2.post(served.url + TOKEN, data=fields, timeout=0.2)
    give_up = time.monotonic() + 10
    while len(served.ledger("token_rotated")) == before and time.monotonic() < give_up:
        time.sleep(0.05)

    assert len(served.ledger("token_rotated")) == before + 1


def registering(served: Served, access_token: str, number: str, patience: float) -> httpx2.Response:
    headers = {**JSON, "Authorization": f"Bearer {access_token}"}
    body = {"response_type": "json", "invoices": [invoice(inv_no=number)]}
    return served.http.post(SELLER, json=body, headers=headers, timeout=patience)


def registered(served: Served, number: str) -> list[dict[str, Any]]:
    return [each for each in served.ledger("invoice_registered") if each["inv_no"] == number]


def seen_registered(served: Served, number: str) -> list[dict[str, Any]]:
    """The entry, as soon as there is one."""
    ends = time.monotonic() + PATIENCE
    while not (found := registered(served, number)) and time.monotonic() < ends:
        time.sleep(0.02)
    return found


def test_a_registration_whose_caller_has_hung_up_is_done_in_its_time(served: Served) -> None:
    access_token = tokens(served)["access_token"]
    served.sim("faults", {"operation": "register", "kind": "late_commit", "seconds": 120})

    with pytest.raises(httpx2.ReadTimeout):
        registering(served, access_token, "hung-up", patience=0.3)
    assert registered(served, "hung-up") == []
    served.sim("clock", {"advance_seconds": 120})

    assert len(seen_registered(served, "hung-up")) == 1


@pytest.mark.parametrize(("kind", "count"), [("drop_before", 0), ("drop_after", 1), ("reset", 1), ("truncate", 1)])
def test_a_cut_registration_says_nothing_about_what_was_done(served: Served, kind: str, count: int) -> None:
    access_token = tokens(served)["access_token"]
    served.sim("faults", {"operation": "register", "kind": kind})

    with pytest.raises(httpx2.TransportError):
        registering(served, access_token, kind, patience=PATIENCE)

    assert len(registered(served, kind)) == count


def test_a_registration_may_be_done_long_after_its_line_was_cut(served: Served) -> None:
    access_token = tokens(served)["access_token"]
    served.sim("faults", {"operation": "register", "kind": "drop_late", "seconds": 240})

    with pytest.raises(httpx2.TransportError):
        registering(served, access_token, "cut-late", patience=PATIENCE)
    assert registered(served, "cut-late") == []
    served.sim("clock", {"advance_seconds": 240})

    assert len(seen_registered(served, "cut-late")) == 1
