import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from connector.twins.infomart.app import create_twin
from connector.twins.infomart.clients import Client
from connector.twins.infomart.clock import Clock
from connector.twins.infomart.ledger import Ledger
from tests.twins.infomart.visitor import (
    AUTHORIZE,
    CALLBACK,
    CLIENT_ID,
    CLIENT_SECRET,
    PASSWORD,
    PFID,
    Visitor,
    asking,
    visiting,
)

NOW = "2026-11-20T03:00:00+00:00"


def short(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()[:12]


def without(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: fact for name, fact in entry.items() if name not in names}


async def test_everything_that_happens_is_written_down_once_and_in_order(visitor: Visitor) -> None:
    await visitor.http.get(AUTHORIZE, params=asking())
    await visitor.decide(password="wrong")
    await visitor.decide("deny")
    await visitor.decide(client_id="stranger")
    code = await visitor.code()
    first = (await visitor.redeem(code)).json()
    second = (await visitor.refresh(first["refresh_token"])).json()
    await visitor.refresh(first["refresh_token"])
    page = (await visitor.invoices(second["access_token"])).json()["invoices"]
    await visitor.invoices(second["access_token"], reception_date_from=None)
    await visitor.invoices("nonsense")
    await visitor.pass_time(60)
    entries = await visitor.events()

    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert [entry["event"] for entry in entries] == [
        "client_saved",
        "client_saved",
        "member_saved",
        "consent_asked",
        "sign_in_refused",
        "consent_denied",
        "consent_refused",
        "consent_given",
        "code_issued",
        "token_issued",
        "token_rotated",
        "token_refused",
        "api_called",
        "api_called",
        "api_called",
        "clock_advanced",
    ]
    assert {entry["at"] for entry in entries[:-1]} == {NOW}
    assert entries[-1]["at"] == "2026-11-20T03:01:00+00:00"
    who = {"client_id": CLIENT_ID, "pfid": PFID}
    told = [without(entry, "seq", "at", "event", "request_id") for entry in entries[7:15]]
    assert told == [
        who,
        {**who, "code": short(code)},
        {
            **who,
            "access_token": short(first["access_token"]),
            "refresh_token": short(first["refresh_token"]),
            "code": short(code),
        },
        {
            **who,
            "access_token": short(second["access_token"]),
            "refresh_token": short(second["refresh_token"]),
            "replaced": short(first["refresh_token"]),
        },
        {
            "client_id": CLIENT_ID,
            "error": "invalid_request",
            "reason": "RefreshToken does not exist",
            "presented": short(first["refresh_token"]),
        },
        {
            "operation": "invoices",
            "profile": "v1",
            "http_status": 200,
            "access_token": short(second["access_token"]),
            **who,
            "reception_date_from": "2026-01-01",
            "reception_date_to": "2026-12-31",
            "page_no": 1,
            "mng_nums": [invoice["invoice_mng_num"] for invoice in page],
        },
        {
            "operation": "invoices",
            "profile": "v1",
            "http_status": 400,
            "access_token": short(second["access_token"]),
            **who,
            "errors": ["E200001"],
        },
        {
            "operation": "invoices",
            "profile": "v1",
            "http_status": 401,
            "access_token": short("nonsense"),
            "errors": ["E000401"],
        },
    ]


async def test_no_secret_is_ever_written_down(visitor: Visitor) -> None:
    code = await visitor.code()
    first = (await visitor.redeem(code)).json()
    second = (await visitor.refresh(first["refresh_token"])).json()
    await visitor.invoices(first["access_token"])
    await visitor.invoices("stray-token-canary")
    await visitor.refresh("stray-refresh-canary", client_secret="stray-secret-canary")
    await visitor.decide(password="stray-password-canary")
    await visitor.sim("members", {"pfid": "n@example.jp", "password": "new-password-canary"})
    await visitor.sim("clients", {"client_id": "n", "client_secret": "new-secret-canary"})

    written = json.dumps(await visitor.events(), ensure_ascii=False)

    secrets = [PASSWORD, CLIENT_SECRET, code, "canary"]
    secrets += [tokens[name] for tokens in (first, second) for name in ("access_token", "refresh_token", "id_token")]
    assert [secret for secret in secrets if secret in written] == []


async def test_the_ledger_can_be_read_from_where_one_left_off(visitor: Visitor) -> None:
    whole = (await visitor.http.get("/_sim/ledger")).json()
    await visitor.pass_time(1)

    rest = (await visitor.http.get("/_sim/ledger", params={"after": whole["last_seq"]})).json()

    assert [entry["event"] for entry in rest["entries"]] == ["clock_advanced"]
    assert rest["last_seq"] == whole["last_seq"] + 1
    assert (await visitor.http.get("/_sim/ledger", params={"after": "x"})).status_code == 400


async def test_reading_the_ledger_leaves_no_trace_in_it(visitor: Visitor) -> None:
    assert await visitor.events() == await visitor.events()


async def test_the_ledgers_file_holds_every_entry_as_a_line_of_json(tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text('{"from": "an earlier run"}\n', encoding="utf-8")
    app = create_twin(
        clock=Clock(stopped_at=datetime(2026, 11, 20, 3, tzinfo=UTC)),
        ledger_file=file,
        clients=[Client(CLIENT_ID, CLIENT_SECRET, (CALLBACK,))],
        members=[{"pfid": PFID, "name": "株式会社待合", "password": PASSWORD}],
    )
    async with visiting(app) as visitor:
        await visitor.tokens()
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]

        assert lines == [{"from": "an earlier run"}, *await visitor.events()]


def test_the_newest_entries_come_first_when_asked_for(clock: Clock) -> None:
    ledger = Ledger(clock)
    for place in range(5):
        ledger.write("counted", place=place)

    assert [entry["place"] for entry in ledger.last(2)] == [4, 3]
    assert [entry["place"] for entry in ledger.after(3)] == [3, 4]
    assert len(ledger) == 5
