import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.twins.infomart import captions
from connector.twins.infomart.clock import Clock
from tests.twins.infomart.issuing import BANK, PUBLISHER, System
from tests.twins.infomart.visitor import CALLBACK, CLIENT_ID, PFID, Visitor, landed


async def inbox(visitor: Visitor) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await visitor.http.get(f"/_sim/members/{PFID}/invoices")).json()["invoices"]
    return listed


def test_a_stopped_clock_moves_only_when_told() -> None:
    clock = Clock(stopped_at=datetime(2026, 11, 20, 14, 59, 59, tzinfo=UTC))
    assert clock.today().isoformat() == "2026-11-20"

    clock.advance(timedelta(seconds=1))

    assert clock.now() == datetime(2026, 11, 20, 15, tzinfo=UTC)
    assert clock.today().isoformat() == "2026-11-21"  # midnight in Japan
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(timedelta(seconds=-1))
    with pytest.raises(ValueError, match="time zone"):
        Clock(stopped_at=datetime(2026, 11, 20))  # noqa: DTZ001  # the mistake under test


def test_a_running_clock_adds_to_real_time() -> None:
    clock = Clock()
    clock.advance(timedelta(days=31))

    ahead = clock.now() - datetime.now(UTC)

    assert timedelta(days=30, hours=23) < ahead <= timedelta(days=31)


async def test_time_is_told_and_moved(visitor: Visitor) -> None:
    assert (await visitor.http.get("/_sim/clock")).json() == {
        "now": "2026-11-20T03:00:00+00:00",
        "today": "2026-11-20",
    }
    assert await visitor.sim("clock", {"advance_seconds": 86_400}) == {
        "now": "2026-11-21T03:00:00+00:00",
        "today": "2026-11-21",
    }


async def test_members_are_listed_without_their_passwords(visitor: Visitor) -> None:
    assert (await visitor.http.get("/_sim/members")).json() == {
        "members": [
            {
                "pfid": PFID,
                "name": "株式会社待合",
                "seed": 7,
                "spread_days": 10,
                "buyer_paid": True,
                "seller_paid": False,
                "api_option": True,
                "journal_free": False,
                "uses_workflow": True,
                "approves_issues": False,
                "active": True,
                "invoices": 12,
            }
        ]
    }


async def test_a_member_who_joins_can_sign_in(visitor: Visitor) -> None:
    told = await visitor.sim("members", {"pfid": "new@example.jp", "password": "pw", "invoices": 5, "seed": 3})

    assert (told["name"], told["invoices"], told["seed"]) == ("new@example.jp", 5, 3)
    assert "code" in landed(await visitor.decide(pfid="new@example.jp", password="pw"))


async def test_a_change_of_flags_leaves_the_invoices_where_they_are(visitor: Visitor) -> None:
    before = await inbox(visitor)

    await visitor.sim("members", {"pfid": PFID, "api_option": False, "journal_free": True})

    assert await inbox(visitor) == before


async def test_a_change_of_count_seed_or_spread_fills_the_inbox_afresh_under_new_numbers(visitor: Visitor) -> None:
    before = {each["mng_num"] for each in await inbox(visitor)}

    await visitor.sim("members", {"pfid": PFID, "spread_days": 3})
    after = await inbox(visitor)

    assert len(after) == 12
    assert before.isdisjoint(each["mng_num"] for each in after)
    assert {each["reception_date"] for each in after} == {"2026-11-17", "2026-11-18", "2026-11-19"}


async def test_a_member_who_gives_up_the_workflow_keeps_only_the_two_codes(visitor: Visitor) -> None:
    before = await inbox(visitor)

    await visitor.sim("members", {"pfid": PFID, "uses_workflow": False})

    assert [each["wf_status"] for each in await inbox(visitor)] == [
        71 if each["wf_status"] == 71 else 50 for each in before
    ]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "pfid is required"),
        ({"pfid": "n@example.jp"}, "a new member needs a password"),
        ({"pfid": PFID, "colour": 1}, "unknown keys: colour"),
        ({"pfid": PFID, "buyer_paid": "yes"}, "buyer_paid must be bool"),
        ({"pfid": PFID, "invoices": True}, "invoices must be int"),
        ({"pfid": PFID, "invoices": -1}, "invoices must be 0 to 100000"),
        ({"pfid": PFID, "spread_days": 0}, "spread_days must be 1 to 3660"),
        ({"pfid": PFID, "password": ""}, "name and password cannot be empty"),
        ([], "the body must be a JSON object"),
    ],
)
async def test_a_member_described_wrongly_changes_nothing(visitor: Visitor, body: Any, error: str) -> None:
    before = await visitor.events()

    answer = await visitor.http.post("/_sim/members", json=body)

    assert (answer.status_code, answer.json()) == (400, {"error": error})
    assert await visitor.events() == before


async def test_invoices_arrive_leave_and_move_on(visitor: Visitor) -> None:
    first, second, *_ = numbers = [each["mng_num"] for each in await inbox(visitor)]

    told = await visitor.sim(f"members/{PFID}/invoices", {"add": 2, "remove": [first], "restatus": {str(second): 69}})

    assert told["added"] == [numbers[-1] + 1, numbers[-1] + 2]
    assert told["invoices"] == await inbox(visitor)
    assert told["invoices"][0] == {"mng_num": second, "reception_date": "2026-11-11", "wf_status": 69}
    assert [each["mng_num"] for each in told["invoices"]] == [*numbers[1:], *told["added"]]
    assert told["invoices"][-1] == {"mng_num": told["added"][1], "reception_date": "2026-11-20", "wf_status": 50}
    page = (await visitor.invoices((await visitor.tokens())["access_token"])).json()["invoices"]
    assert [(each["invoice_mng_num"], each["wf_status"]) for each in page] == [
        (each["mng_num"], each["wf_status"]) for each in told["invoices"]
    ]


@pytest.mark.parametrize(
    "body",
    [
        {"remove": [1]},
        {"restatus": {"1": 71}},
        {"add": 1, "restatus": {"4100000001": 19}},
        {"remove": [4_100_000_001], "restatus": {"4100000001": 71}},
        {"remove": [4_100_000_001], "restatus": {"4100000099": 71}},
        {"restatus": {"first": 71}},
        {"add": -1},
        {"add": 1, "reception_date": "yesterday"},
        {"add": 1, "reception_date": 5},
        {"delete": [4_100_000_001]},
    ],
    ids=str,
)
async def test_a_change_that_cannot_be_made_is_not_made_in_part(visitor: Visitor, body: dict[str, Any]) -> None:
    before = await inbox(visitor)

    answer = await visitor.http.post(f"/_sim/members/{PFID}/invoices", json=body)

    assert answer.status_code == 400
    assert await inbox(visitor) == before


async def test_a_member_nobody_knows_has_no_invoices(visitor: Visitor) -> None:
    assert (await visitor.http.get("/_sim/members/nobody@example.jp/invoices")).status_code == 404


async def test_a_client_is_registered_and_replaced(visitor: Visitor) -> None:
    moved = "https://moved.example.jp/callback"
    body = {"client_id": CLIENT_ID, "client_secret": "s", "redirect_uris": [moved]}

    assert await visitor.sim("clients", body) == {"client_id": CLIENT_ID, "redirect_uris": [moved]}

    assert (await visitor.decide()).status_code == 400
    answer = await visitor.decide(redirect_uri=moved)
    assert answer.headers["Location"].startswith(moved + "?code=")


@pytest.mark.parametrize(
    "body",
    [
        {"client_id": "a"},
        {"client_id": "", "client_secret": "s"},
        {"client_id": "a", "client_secret": "s", "redirect_uris": CALLBACK},
        {"client_id": "a", "client_secret": "s", "redirect_uris": [f"{CALLBACK}/{place}" for place in range(6)]},
        {"client_id": "a", "client_secret": "s", "scope": "openid"},
    ],
    ids=str,
)
async def test_a_client_described_wrongly_is_not_registered(visitor: Visitor, body: dict[str, Any]) -> None:
    before = await visitor.events()

    assert (await visitor.http.post("/_sim/clients", json=body)).status_code == 400
    assert await visitor.events() == before


@pytest.mark.parametrize("body", [{}, {"advance_seconds": -1}, {"advance_seconds": "60"}, {"advance_seconds": True}])
async def test_time_does_not_move_by_nonsense(visitor: Visitor, body: dict[str, Any]) -> None:
    assert (await visitor.http.post("/_sim/clock", json=body)).status_code == 400
    assert (await visitor.http.get("/_sim/clock")).json()["now"] == "2026-11-20T03:00:00+00:00"


async def test_a_body_that_is_not_json_is_refused(visitor: Visitor) -> None:
    assert (await visitor.http.post("/_sim/clock", content=b"{")).status_code == 400


async def test_the_front_page_shows_a_person_what_is_inside(visitor: Visitor) -> None:
    access_token = (await visitor.tokens())["access_token"]
    await visitor.invoices(access_token)
    await visitor.sim("faults", {"operation": "token", "kind": "http_503"})

    answer = await visitor.http.get("/")

    assert answer.status_code == 200
    assert '<html lang="ja">' in answer.text
    for shown in ("株式会社待合", PFID, CLIENT_ID, "api_called", "http_503"):
        assert shown in answer.text
    assert access_token not in answer.text


async def test_the_front_page_shows_issued_invoices_and_masters_to_a_person(system: System) -> None:
    number = await system.number(inv_no="2026-11-777", publisher=PUBLISHER, banks=[BANK], inv_show_amount=1234567)
    await system.screen("issued", {"return": [number]})

    page = (await system.visitor.http.get("/")).text

    for shown in (
        str(number),
        "2026-11-777",
        "1,234,567円",
        "差戻受",
        "東日本支店",
        "翠ヶ淵銀行",
        "標準書式",
        "未招待",
    ):
        assert shown in page


async def test_the_front_page_shows_the_ledger_newest_first_and_one_event_if_asked(system: System) -> None:
    first, second = await system.number(inv_no="first"), await system.number(inv_no="second")

    page = (await system.visitor.http.get("/", params={"event": "invoice_registered"})).text
    odd = (await system.visitor.http.get("/", params={"event": "<script>"})).text

    ledger = page[page.index('id="ledger"') :]
    assert ledger.index(f"<dd>{second}</dd>") < ledger.index(f"<dd>{first}</dd>")
    assert "<code>invoice_registered</code>" in ledger
    assert "<code>api_called</code>" not in ledger
    assert "<script>" not in odd


def test_every_event_that_the_twin_writes_has_a_caption_and_stands_in_its_readme() -> None:
    home = Path(captions.__file__).parent
    sources = "".join(source.read_text() for source in home.glob("*.py"))
    written = set(re.findall(r'(?:ledger\.write|_note|_record)\(\s*"([a-z_]+)"', sources))
    named_otherwise = {"invoice_held", "invoice_released", "maintenance_switched", "misspelt_switched"}

    assert len(written) > 30
    assert (written | named_otherwise) - set(captions.EVENTS) == set()
    readme = (home / "README.md").read_text()
    assert [event for event in sorted(written | named_otherwise) if f"`{event}`" not in readme] == []


async def test_every_knob_stands_in_the_readme(visitor: Visitor) -> None:
    readme = (Path(captions.__file__).parent / "README.md").read_text()

    assert [knob for knob in (await visitor.http.get("/_sim/knobs")).json() if f"`{knob}`" not in readme] == []
