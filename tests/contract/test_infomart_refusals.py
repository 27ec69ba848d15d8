"""Each family of refusals, of each of the seven calls, in either generation, over real HTTP."""

import itertools
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from connector.domain.bookkeeping import BookChange, BookKind
from connector.domain.outcome import Refusal, Refused, Silence, Untold
from connector.errors import (
    AccessExpired,
    NotEntitled,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
    Unreadable,
    Whose,
)
from connector.providers.infomart.client import InfomartClient
from connector.providers.manifest import Site
from connector.providers.transport import Transport
from connector.secret import Secret
from connector.twins.infomart.faults import Kind
from tests.connector.providers.canned import Canned, canned_provider
from tests.contract.infomart import READS, WRITES, Office, a_registration, fit

EVERY = {**READS, **WRITES}
SELLERS = {"issued", "register", "update"}


@pytest.mark.parametrize("call", EVERY)
async def test_a_token_that_counts_no_more_is_asked_for_again_and_the_call_is_not_repeated(
    office: Office, call: str
) -> None:
    """Who repeats a read decides so itself; a write is repeated by nobody here."""
    stranger = Office(office.client, Secret("no such token"), office.twin)
    with pytest.raises(AccessExpired):
        await EVERY[call](stranger)
    office.suffers(call, Kind.EXPIRED)
    with pytest.raises(AccessExpired):
        await EVERY[call](office)
    assert office.calls(call) == 2
    assert office.issued() == []


@pytest.mark.parametrize("call", EVERY)
async def test_a_contract_that_lacks_something_is_told_by_name_whatever_the_http_status(
    office: Office, generation: str, call: str
) -> None:
    """The first generation answers 400 and the second 403 [IM-10, IM-47]; the code tells them apart."""
    side, flag = ("seller_paid", "issuer_paid_member") if call in SELLERS else ("buyer_paid", "receiver_paid_member")
    for lacking, named in ((side, flag), ("api_option", "api_option")):
        office.has(**{lacking: False})
        with pytest.raises(NotEntitled) as refusal:
            await EVERY[call](office)
        assert (refusal.value.flag, refusal.value.known_by) == (named, "refuted")
        office.has(**{lacking: True})
    statuses = {each["http_status"] for each in office.twin.ledger("api_called")}
    assert statuses == {400 if generation == "v1" else 403}
    assert office.issued() == []


async def test_auxiliary_items_without_their_option_change_nothing_at_all(office: Office) -> None:
    office.has(journal_free=False)
    with pytest.raises(NotEntitled) as refusal:
        await office.change(
            BookChange(BookKind.DEPARTMENT, "9000", name="新店"),
            BookChange(BookKind.AUXILIARY_ITEM, "P99", within="1", name="改装"),
        )
    assert refusal.value.flag == "journal_free_items"
    assert office.twin.ledger("master_saved") == []


@pytest.mark.parametrize("call", EVERY)
async def test_maintenance_waits_and_a_limit_is_ours(office: Office, call: str) -> None:
    for kind, whose in ((Kind.CODED_503, Whose.PROVIDER), (Kind.THROTTLED, Whose.OURS)):
        office.suffers(call, kind)
        with pytest.raises(Unavailable) as refusal:
            await EVERY[call](office)
        assert (refusal.value.whose, refusal.value.wait) == (whose, timedelta(seconds=120))
    assert office.issued() == []


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.HTTP_500, Unavailable),
        (Kind.HTTP_503, Unavailable),
        (Kind.HTML_200, Unreadable),
        (Kind.TRUNCATE, Unavailable),
    ],
)
async def test_a_page_a_fault_or_half_an_answer_to_a_read_is_asked_for_again_later(
    office: Office, call: str, kind: Kind, error: type[Exception]
) -> None:
    office.suffers(call, kind)
    with pytest.raises(error):
        await READS[call](office)


@pytest.mark.parametrize("call", WRITES)
async def test_a_request_that_is_too_large_did_nothing(office: Office, call: str) -> None:
    office.suffers(call, Kind.TOO_LARGE)
    with pytest.raises(RefusedByProvider):
        await WRITES[call](office)
    assert office.issued() == []


async def test_a_generation_that_is_not_served_did_nothing(office: Office, generation: str) -> None:
    office.twin.world.knobs.profiles = ["v2" if generation == "v1" else "v1"]
    for call in WRITES.values():
        with pytest.raises(Unreadable):
            await call(office)


@pytest.fixture
async def said() -> AsyncIterator[Canned]:
    async with canned_provider() as canned:
        yield canned


@pytest.fixture
async def asking(generation: str, said: Canned) -> AsyncIterator[InfomartClient]:
    transport = Transport("infomart", timedelta(seconds=5))
    yield InfomartClient(transport, Site(auth_url=said.url, api_url=said.url), generation)
    await transport.close()


def fault(code: str | None, item: str | None = None, index: object = None) -> dict[str, Any]:
    return {"error_code": code, "error_message": "ことば", "error_item": item, "error_index": index}


def answer(*faults: dict[str, Any], **payload: Any) -> bytes:
    return json.dumps({"request_id": "x", "result": "1" if faults else "0", "error_list": faults, **payload}).encode()


def xml(*faults: dict[str, Any]) -> bytes:
    lists = "".join(
        "<error_list>"
        + "".join(f"<{name}>{'' if value is None else value}</{name}>" for name, value in each.items())
        + "</error_list>"
        for each in faults
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><response><result>1</result>{lists}</response>'.encode()


async def registered(asking: InfomartClient, count: int = 1) -> Any:
    sent = [a_registration(number=f"2026-10-00{place}") for place in range(1, count + 1)]
    return await asking.register(Secret("t"), fit(*map(asking.check_registration, sent)))


@pytest.mark.parametrize("write", [answer, xml], ids=["json", "xml"])
async def test_the_same_refusal_in_json_and_in_xml_is_the_same_refusal(
    asking: InfomartClient, said: Canned, write: Any
) -> None:
    said.code, said.body = 400, write(fault("E200002", "invoices[1].details[2].item_name", 2))
    one, two, three = await registered(asking, 3)
    assert two == Refused((Refusal("E200002", ("invoice", "lines", "3", "name"), "ことば"),))
    assert [one, three] == [Untold(Silence.OTHERS_NAMED)] * 2
    said.body = write(fault("E100001"))
    with pytest.raises(NotEntitled):
        await registered(asking)
    said.body = write(fault("E700002"))
    with pytest.raises(RefusedByProvider):
        await registered(asking, 2)


PATHS = [
    ("invoices[0].inv_no", ("invoice", "number")),
    ("invoices[0].invoice_mng_num", ("key",)),
    ("invoices[0].inv_tax_tr8_reduced", ("invoice", "tax_summary", "reduced_8", "tax")),
    ("invoices[0].inv_amount", ("invoice", "total", "gross")),
    ("invoices[0].publisher.publisher_zip", ("issuer", "postal_code")),
    ("invoices[0].customer", ("customer",)),
    ("invoices[0].banks[1].depositor_kana", ("accounts", "2", "holder")),
    ("invoices[0].details[0].tax_rate_sec", ("invoice", "lines", "1", "bucket")),
    ("invoices[0].tomorrow", ("invoice", "tomorrow")),
    ("invoices[0].a.b.c", ("a.b.c",)),
    ("invoices[0]", ()),
    ("somewhere", ("somewhere",)),
    (None, ()),
]


async def test_where_the_fault_is_is_told_in_our_words(asking: InfomartClient, said: Canned) -> None:
    for item, path in PATHS:
        said.code, said.body = 400, answer(fault("E200001", item, 1))
        assert await registered(asking) == [Refused((Refusal("E200001", path, "ことば"),))]


DOUBTFUL = {
    "a fault of nobody knows which": (400, answer(fault("E200001"))),
    "a place that is not there": (400, answer(fault("E200001", None, 9))),
    "a place and a path that differ": (400, answer(fault("E200001", "invoices[0].inv_no", 2))),
    "no reason": (400, answer()),
    "a fault of theirs": (400, answer(fault("E900001"))),
    "a remark beside a success": (200, answer(fault("W000001"))),
    "a success without a word": (200, answer()),
    "rows that belong to nobody": (200, answer(invoices=[{"index": 7, "invoice_mng_num": 1}])),
    "rows that cannot be read": (200, answer(invoices=["x", 5, None, []])),
    "rows of other invoices": (
        200,
        answer(invoices=[{"index": place, "invoice_mng_num": place, "inv_no": "other"} for place in (1, 2)]),
    ),
    "one row twice": (200, answer(invoices=[{"index": place, "invoice_mng_num": place} for place in (1, 1, 2, 2)])),
}


async def test_what_names_no_element_leaves_each_of_them_in_doubt(asking: InfomartClient, said: Canned) -> None:
    for name, (said.code, said.body) in DOUBTFUL.items():
        outcomes = await registered(asking, 2)
        assert [(type(each), each.silence) for each in outcomes] == [(Untold, Silence.NOT_NAMED)] * 2, name


async def test_a_fault_of_theirs_is_never_a_refusal_of_the_only_one_that_was_sent(
    asking: InfomartClient, said: Canned
) -> None:
    for item, index in ((None, None), ("invoices[0]", 1)):
        said.code, said.body = 400, answer(fault("E900001", item, index))
        [outcome] = await registered(asking)
        assert isinstance(outcome, Untold)


async def test_what_was_registered_is_told_whatever_else_the_answer_says(asking: InfomartClient, said: Canned) -> None:
    rows = [{"index": 2, "invoice_mng_num": 4100000001, "inv_no": "2026-10-002", "wf_status": 22}]
    for code, faults in ((400, [fault("E900002")]), (503, [fault("E900002")]), (400, [fault("E700002")])):
        said.code, said.body = code, answer(*faults, invoices=rows)
        one, two = await registered(asking, 2)
        assert two.key == "4100000001"
        assert isinstance(one, Untold)


async def test_a_list_that_was_refused_as_a_list_registered_nothing(asking: InfomartClient, said: Canned) -> None:
    said.code, said.body = 400, answer(fault("E200005", "invoices"))
    with pytest.raises(RefusedByProvider) as refusal:
        await registered(asking, 2)
    assert list(refusal.value.codes) == ["E200005"]


async def test_an_unreadable_answer_to_a_write_is_doubt(asking: InfomartClient, said: Canned) -> None:
    unreadable = [b"", b"{", b"<html>", b"<!DOCTYPE html><p>504</p>", b"[]", b'{"error_list": 5}']
    for asked, (said.code, said.body) in enumerate(
        itertools.product((200, 201, 301, 302, 400, 409, 422, 500, 502, 503, 504), unreadable), start=1
    ):
        with pytest.raises(OutcomeUnknown):
            await registered(asking)
        assert len(said.asked) == asked


async def test_a_code_for_maintenance_counts_only_where_maintenance_is_answered(
    asking: InfomartClient, said: Canned
) -> None:
    for said.code in (500, 502, 504):
        said.body = answer(fault("E900002"))
        with pytest.raises(OutcomeUnknown):
            await registered(asking)
