"""Every token begins with a mark, and the mark is looked for wherever a thief or a curious person might look."""

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import redis.asyncio

from connector.embedded import servers
from connector.ids import FetchId, new_id
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, fleet, twin_process

MARK = "kanarienvogel-"
_ENOUGH = 9  # letters of it: a text that was cut off is found as well, and chance does not write so many
AT_ONCE = 16  # so many answers at most are in memory when a process is killed
_FAST = {
    "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000",
    "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": str(AT_ONCE),
    "CONNECTOR_LOG_LEVEL": "DEBUG",
}
_BAD_DAYS = ("http_500", "http_500_after", "html_200", "drop_after", "reset", "http_503")


PLACES = ("heap files and write-ahead log", "dump", "Valkey", "token journal", "escrow", "logs at DEBUG")


@dataclass(slots=True)
class Searched:
    """Where marks were found, and how much was looked at."""

    found: Counter[str] = field(default_factory=Counter)
    not_renewed: int = 0  # those whose answer was in memory when their process was killed, at most
    octets: Counter[str] = field(default_factory=Counter)


async def searched(*, number: int, folder: Path, mistake: str | None = None) -> Searched:
    """Renewals that go well and badly, logged at DEBUG; then a search of everything they could have left behind."""
    told = {**_FAST, "CONNECTOR_ESCROW": f"file:{folder / 'escrow'}", "CONNECTOR_JOURNAL": str(folder / "journal")}
    outcome = Searched()
    with servers(durable=True) as own, twin_process(folder, "--mark", MARK) as twin:
        secret = f"{MARK}client-secret"
        async with fleet(number, own.database_url, own.redis_url, twin, **told) as ours:
            environment = {**ours.environment, "CONNECTOR_INFOMART_CLIENT_SECRET": secret}
            for kind in _BAD_DAYS:
                twin.ask("faults", {"operation": "token", "kind": kind, "count": 2, "share": 0.5})
            logs: list[Path] = []

            async def sweep(ahead: float, **also: str) -> int:
                logs.append(ours.folder / f"log-{ahead}")
                words = {**environment, **also}
                child = children.start(children.sweep_until_quiet, words, ahead, said=logs[-1], mistake=mistake)
                return await children.ended(child)

            for ahead in (0.0, 200.0, 700.0, 1_400.0):
                # At first our secret is not known there, which is an error path like the others.
                twin.know(secret if ahead else "not-yet")
                await ours.make_due(ours.members)
                assert await sweep(ahead) == 0
            twin.ask("faults", method="DELETE")
            assert await sweep(1_600.0) == 0  # its one trial closes a breaker that the bad days may have opened
            await ours.make_due(ours.members)
            # Killed half way: its journal keeps every answer it had not settled.
            assert await sweep(2_000.0, CONNECTOR_FAIL=f"kill@{number}") == -9, logs[-1].read_text()
            assert await sweep(2_400.0) == 0
            outcome.not_renewed = number - (await ours.standings())["active"]
            await ours.administer("checkpoint")
            await _look(ours, own.folder, own.redis_url, logs, folder, outcome)
    return outcome


async def _look(
    ours: Fleet, servers_folder: Path, redis_url: str, logs: Sequence[Path], folder: Path, outcome: Searched
) -> None:
    kek = (ours.folder / "kek.json").read_bytes()
    key = kek.split(b'"key": "')[1].split(b'"')[0]
    needles = [*_forms(MARK.encode()), key, base64.b64decode(key)]
    places: list[tuple[str, Iterator[bytes]]] = [
        ("heap files and write-ahead log", _files(servers_folder)),
        ("token journal", _files(folder / "journal")),
        ("escrow", _files(folder / "escrow")),
        ("logs at DEBUG", (path.read_bytes() for path in logs)),
    ]
    for name, contents in places:
        _count(name, contents, needles, outcome)
    dump = []
    for row in await ours.administer("select tablename from pg_tables where schemaname = 'public'"):
        told = await ours.administer(f"select t::text as line from {row['tablename']} t")  # noqa: S608 - the catalogue's
        dump.append("\n".join(each["line"] for each in told).encode())
    _count("dump", iter(dump), needles, outcome)
    async with ours.installation() as installation:  # something must be there to be searched
        await installation.flows.fetching.doorbell.ring_fetch(ours.members[0].tenant_id, FetchId(new_id()))
    queue = redis.asyncio.Redis.from_url(redis_url)
    held = [bytes(name) + (await queue.dump(name) or b"") async for name in queue.scan_iter("*")]
    await queue.aclose()
    _count("Valkey", iter(held), needles, outcome)


def _count(name: str, contents: Iterator[bytes], needles: Sequence[bytes], outcome: Searched) -> None:
    for content in contents:
        outcome.octets[name] += len(content)
        outcome.found[name] += sum(content.count(needle) for needle in needles)


def _forms(mark: bytes) -> Sequence[bytes]:
    """The mark's beginning as it is, in hexadecimal, and in base64 wherever in a text it may begin."""
    begins = mark[:_ENOUGH]
    return [begins, begins.hex().encode(), begins.hex().upper().encode(), *(_in_base64(begins, at) for at in range(3))]


def _in_base64(text: bytes, at: int) -> bytes:
    """The characters that stand for nothing but the text, when so many bytes come before it."""
    first, beyond = -(-8 * at // 6), 8 * (at + len(text)) // 6
    return base64.b64encode(b"x" * at + text)[first:beyond]


def _files(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.read_bytes()
