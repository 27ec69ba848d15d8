"""Answers of Infomart's, as the twin really gave them, and what becomes of them on a bad day."""

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from connector.domain.bookkeeping import BookChange, BookKind, Books
from connector.domain.draft import SupplierDraft
from connector.domain.outcome import Done, Refused, Untold
from connector.errors import (
    AccessExpired,
    ConnectorError,
    NotEntitled,
    OutcomeUnknown,
    RefusedByProvider,
    Unavailable,
    Unreadable,
)
from connector.ports import InvoicePage
from connector.providers.infomart.client import InfomartClient
from connector.providers.infomart.manifest import GENERATIONS
from connector.providers.transport import Answer, Transport
from connector.secret import Secret
from tests.connector.providers.infomart.said import SITE
from tests.contract.infomart import READS, WRITES, Office, a_registration
from tests.world import TwinServer

FORESEEN = (AccessExpired, NotEntitled, OutcomeUnknown, RefusedByProvider, Unavailable, Unreadable)
_STATUSES = (200, 200, 200, 400, 400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504, 204, 301, 999)
_AT_THE_DOOR = (403, 404, 405, 413, 415)  # what such an answer refuses has not been begun
_ODD: Sequence[Any] = (
    None, True, False, 0, -1, 1, 2, 1e308, 10**40, "", " ", "\0", "0", "１", "E900002", "E200001", "invoices[0].inv_no",
    "invoices[7]", "x" * 5000, [], [[]], [None], {}, {"index": 1}, "9999-99-99", "NaN", "\ud83d\ude00", "%^*()[]<>'\",",
)  # fmt: skip
_PAGES = (b"", b"{", b"null", b"<html></html>", b"<!DOCTYPE html>", b"<response>", b"\xff\xfe", b"[" * 3000, b"{}")


class Keeping(Transport):
    """Keeps every answer of the provider's, or gives one that was made ready before it was asked."""

    kept: list[Answer]
    ready: Answer | None = None

    async def _ask(self, *args: Any, **parts: Any) -> Answer:
        answer = self.ready or await super()._ask(*args, **parts)
        self.kept.append(answer)
        return answer


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer, and the call that it answered."""

    generation: str
    call: str
    answer: Answer


async def heard(office: Office, generation: str, twin: TwinServer, keeping: Keeping) -> list[Heard]:
    """What the twin says to each call: yes, partly, no, and no in XML."""
    found: list[Heard] = []

    async def hear(call: str, ask: Callable[[], Awaitable[Any]]) -> None:
        with suppress(*FORESEEN):
            await ask()
        found.append(Heard(generation, call, keeping.kept[-1]))

    for call, ask in {**READS, **WRITES}.items():
        await hear(call, lambda ask=ask: ask(office))  # type: ignore[misc]  # mypy sees no default in it
        office.has(api_option=False)
        await hear(call, lambda ask=ask: ask(office))  # type: ignore[misc]  # as above
        office.has(api_option=True)
    twin.world.knobs.echo_success_on_400 = True
    await hear("register", lambda: office.register(a_registration(), a_registration(layout_code="NONE")))
    await hear("suppliers", lambda: office.save(SupplierDraft("S1"), SupplierDraft("S00001", section="経理")))
    await hear("save_masters", lambda: office.change(BookChange(BookKind.DEPARTMENT, "404", deleted=True)))
    headers = {"Accept": "text/xml", "Authorization": f"Bearer {office.access.reveal()}"}
    async with httpx2.AsyncClient(base_url=twin.url, headers=headers) as http:
        spoken = GENERATIONS[generation].register
        body = {"response_type": "xml", "invoices": [{"inv_no": "x" * 99}, {"inv_no": "1"}]}
        answer = await http.request(spoken.method, spoken.path, json=body)
        assert answer.text.startswith("<?xml")
        found.append(Heard(generation, "register", Answer(answer.status_code, {}, answer.content)))
    return found


def mutated(heard: Heard, die: Random) -> Answer:
    """The answer after one to four misfortunes."""
    code, body = heard.answer.code, heard.answer.body
    if die.random() < 0.3:
        code = die.choice(_STATUSES)
    for _ in range(die.randint(1, 4)):
        body = die.choice((_cut, _spoil, _odd, _odd, _odd, _lose, _page))(body, die)
    return Answer(code, {"retry-after": die.choice(("", "7", "x", "9" * 40))}, body)


def _cut(body: bytes, die: Random) -> bytes:
    return body[: die.randint(0, len(body))]


def _spoil(body: bytes, die: Random) -> bytes:
    at = die.randint(0, len(body))
    return body[:at] + die.randbytes(die.randint(1, 3)) + body[at + die.randint(0, 3) :]


def _page(body: bytes, die: Random) -> bytes:
    return die.choice(_PAGES) if die.random() < 0.2 else body


def _odd(body: bytes, die: Random) -> bytes:
    return _somewhere(body, die, lambda here, key: here.__setitem__(key, die.choice(_ODD)))


def _lose(body: bytes, die: Random) -> bytes:
    return _somewhere(body, die, lambda here, key: here.__delitem__(key))


def _somewhere(body: bytes, die: Random, change: Callable[[Any, Any], None]) -> bytes:
    """The body with one value changed, wherever it lies; a body that is no JSON stays as it is."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return body
    places = list(_places(told, 40))
    if places:
        change(*die.choice(places))
    return json.dumps(told, ensure_ascii=die.random() < 0.5).encode("utf-8", "surrogatepass")


def _places(told: Any, depth: int) -> Any:
    keys = told if isinstance(told, dict) else range(len(told)) if isinstance(told, list) else ()
    for key in list(keys):
        yield told, key
        if depth:
            yield from _places(told[key], depth - 1)


async def classified(keeping: Keeping, office: Office, heard: Heard, answer: Answer) -> str:
    """What our side makes of the answer, in a word; whatever is not foreseen is raised."""
    keeping.ready = answer
    client = InfomartClient(keeping, SITE, heard.generation)
    asking = Office(client, Secret("t"), office.twin)
    try:
        result = await {**READS, **WRITES}[heard.call](asking)
    except ConnectorError as failure:
        if not isinstance(failure, FORESEEN):
            raise
        if heard.call in WRITES and isinstance(failure, Unavailable):
            assert answer.code in {200, 400, 429, 503, *_AT_THE_DOOR}, (
                answer
            )  # nothing else proves that nothing happened
        return type(failure).__name__
    finally:
        keeping.ready = None
        keeping.kept.clear()
    if heard.call in READS:
        assert isinstance(result, InvoicePage | Books)
        return "read"
    (outcome,) = result
    assert isinstance(outcome, Done | Refused | Untold)
    return type(outcome).__name__


async def tally(
    keeping: Keeping, office: Office, answers: Sequence[Heard], count: int, seed: int
) -> tuple[Mapping[str, int], list[str]]:
    """How often each class was found among so many mutated answers, and what crashed."""
    die, found, crashes = Random(seed), Counter[str](), []  # noqa: S311 - the same misfortunes every time
    for number in range(count):
        each = die.choice(answers)
        answer = mutated(each, die)
        try:
            found[await classified(keeping, office, each, answer)] += 1
        except Exception as crash:  # noqa: BLE001 - every one of them is what this looks for
            crashes.append(f"{number} {each.call} {type(crash).__name__}: {crash} after {answer.body[:300]!r}")
    return found, crashes
