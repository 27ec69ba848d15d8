"""`./dev test --long refresh`: every promise about tokens at full size, and every mistake that would break one."""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from connector.embedded import Servers, servers
from tests.long.proof import Proof
from tests.long.refresh.idling import idled
from tests.long.refresh.keyless import key_service_away
from tests.long.refresh.killing import Killed, killed_everywhere
from tests.long.refresh.mutants import planted
from tests.long.refresh.outages import database_away
from tests.long.refresh.racing import raced
from tests.long.refresh.refusing import refused
from tests.long.refresh.restoring import restored
from tests.long.refresh.rotating import rotated
from tests.long.refresh.searching import AT_ONCE, PLACES, searched
from tests.long.refresh.stopping import answered_late, frozen_everywhere, stood_still
from tests.long.refresh.swapping import swapped

NOWHERE = "redis://127.0.0.1:1/0"
PROFILES = ("strict", "grace", "non_rotating")


async def run(only: str | None) -> list[Proof]:
    """Everything, or one part by its name, one after another; about an hour on two cores."""
    every = (killing, racing, waiting, outage, keyless, refusal, restore, idle, search, swap, rotate)
    parts = {part.__name__: part for part in every}
    chosen = parts if only is None else {only: parts[only]}
    with servers(durable=False) as own, tempfile.TemporaryDirectory(prefix="refresh-") as home:
        proofs: list[Proof] = []
        for name, part in chosen.items():
            began = time.monotonic()
            proofs += await part(own, Path(home))
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - for who waits
        return proofs


class Where(TypedDict):
    """Where a proof runs."""

    folder: Path
    database_url: str
    redis_url: str


def _where(own: Servers, folder: Path) -> Where:
    return Where(folder=folder, database_url=own.database_url, redis_url=own.redis_url)


async def killing(own: Servers, folder: Path, *, number: int = 10_000, slice_of: int = 10) -> Sequence[Proof]:
    """`kill -9` at every place worth dying at, for each way in which a provider may rotate."""
    lines: list[Proof] = []
    for profile in PROFILES:
        told = await killed_everywhere(profile, number=number, slice_of=slice_of, **_where(own, folder))
        lines += _killed(f"killed at every place, {profile}", told, number)
    mutant = await killed_everywhere(
        "strict",
        number=min(number, 200),
        slice_of=slice_of,
        mistake="parsed before it is journalled",
        **_where(own, folder),
    )
    return [*lines, _caught("parsed before it is journalled", mutant.lost_elsewhere.total(), mutant.kills)]


def _killed(name: str, told: Killed, number: int) -> Sequence[Proof]:
    elsewhere = told.lost_elsewhere
    places = ", ".join(f"{place} {count}" for place, count in elsewhere.items())
    return (
        Proof(f"{name}: tokens lost outside the journal window", told.kills, elsewhere.total(), 0, places),
        Proof(f"{name}: losses nobody was told of in ten minutes", told.kills, told.unflagged, 0),
        Proof(f"{name}: living connections given up or left in doubt", number, told.given_up_alive, 0),
        Proof(f"{name}: tokens lost inside the window", told.kills, told.lost_in_window, told.in_window),
    )


async def racing(own: Servers, folder: Path, *, number: int = 1_000, processes: int = 50) -> Sequence[Proof]:
    """Separate processes want the same tokens, with Redis and without."""
    lines = []
    for name, redis_url in (("with Redis", own.redis_url), ("with Redis stopped", NOWHERE)):
        where = Where(folder=folder, database_url=own.database_url, redis_url=redis_url)
        told = await raced(number=number, processes=processes, **where)
        lines.append(Proof(f"raced {name}: connections not renewed exactly once", number, told.not_once, 0))
        lines.append(Proof(f"raced {name}: callers with another token", number, told.disagreeing + told.refused, 0))
    name, few = "a lock that is not in the row", min(number, 20)
    mutant = await raced(number=few, processes=min(processes, 8), mistake=name, **_where(own, folder))
    return [*lines, _caught(name, mutant.not_once, few)]


async def waiting(
    own: Servers, folder: Path, *, number: int = 500, seconds: Sequence[float] = (9.9, 10.1, 45.0), still: bool = True
) -> Sequence[Proof]:
    """Slow providers, late answers, and a renewer that is stopped for twice its lease."""
    lines = []
    for wait in seconds:
        told = await answered_late(wait, number=number, **_where(own, folder))
        lines.append(Proof(f"answers {wait} s late: most calls outstanding", number, told.most_at_once, 1))
        lines.append(Proof(f"answers {wait} s late: tokens thrown away", number, told.dead + told.not_active, 0))
    if still:
        stood = await stood_still(number=number, **_where(own, folder))
        lines.append(Proof("stopped for twice the lease: most calls outstanding", number, stood.most_at_once, 1))
        lines.append(Proof("stopped for twice the lease: tokens thrown away", number, stood.dead + stood.not_active, 0))
        lines += await _frozen(number, _where(own, folder))
        mutant = await answered_late(45.0, number=20, mistake="late answers are thrown away", **_where(own, folder))
        lines.append(_caught("late answers are thrown away", mutant.dead, 20))
    return lines


async def _frozen(number: int, where: Where) -> Sequence[Proof]:
    told = await frozen_everywhere(number=number, **where)
    name, few = "a lease that is not looked at again", min(number, 120)
    mutant = await frozen_everywhere(number=few, mistake=name, **where)
    return [
        Proof("stopped at every place: most calls outstanding", told.places, told.most_at_once, 1),
        Proof("stopped at every place: tokens asked for after the lease was over", number, told.asked_again, 0),
        Proof("stopped at every place: tokens thrown away", number, told.dead + told.not_active, 0),
        _caught(name, mutant.asked_again, few),
    ]


async def outage(own: Servers, folder: Path, *, number: int = 1_000, seconds: float = 120.0) -> Sequence[Proof]:
    """PostgreSQL is killed while answers are on their way."""
    del own
    told = await database_away(seconds, number=number, folder=folder)
    mutant = await database_away(1.0, number=min(number, 100), folder=folder, mistake="parsed before it is journalled")
    return [
        Proof("database killed after the answer: tokens lost", number, told.dead + told.not_active, 0),
        Proof("database killed after the answer: new calls meanwhile", number, told.new_calls, 0),
        _caught("no journal while the database is away", mutant.dead, min(number, 100)),
    ]


async def keyless(own: Servers, folder: Path, *, number: int = 1_000) -> Sequence[Proof]:
    """The key service stands still while answers are on their way."""
    told = await key_service_away(number=number, **_where(own, folder))
    few, name = min(number, 400), "the key is asked for when the answer is there"
    mutant = await key_service_away(number=few, mistake=name, **_where(own, folder))
    return [
        Proof("key service away after the answer: tokens lost", told.asked, told.dead + told.not_active, 0),
        Proof("key service away after the answer: new calls meanwhile", number, told.new_calls, 0),
        _caught(name, mutant.dead, few),
    ]


async def refusal(own: Servers, folder: Path, *, number: int = 10_000) -> Sequence[Proof]:
    """Our own client secret is wrong for a quarter of an hour."""
    told = await refused(number=number, **_where(own, folder))
    with planted("no breaker"):
        mutant = await refused(number=min(number, 100), **_where(own, folder))
    return [
        Proof("wrong secret: connections marked", number, told.marked, 0),
        Proof("wrong secret: calls until it was right", number, told.calls, 5),
        Proof("wrong secret: not renewed once it was right", number, number - told.renewed, 0),
        _caught("no breaker", max(0, mutant.calls - 5), min(number, 100)),
    ]


async def restore(
    own: Servers, folder: Path, *, number: int = 10_000, rotations: int = 50, timed: bool = True
) -> Sequence[Proof]:
    """A backup from before fifty rotations and new data keys is put back, and the escrow is replayed."""
    told = await restored(number=number, rotations=rotations, **_where(own, folder))
    few, keyless_escrow = min(number, 50), "the escrow keeps no keys"
    mutant = await restored(number=few, rotations=3, replay=False, **_where(own, folder))
    without_keys = await restored(number=few, rotations=3, mistake=keyless_escrow, **_where(own, folder))
    # Seconds are measured by hand, on a quiet machine; the small everyday run counts and does not time.
    window = Proof("seconds an answer is in memory only, p99", number * rotations, round(told.window_p99, 4), 0.010)
    return [
        Proof("restored: tokens that were alive all the same", number, number - told.dead_before, 0),
        Proof("restored: tokens dead after the replay", number, told.dead_after, 0),
        Proof("restored: not renewed at the first try", number, number - told.renewed + told.refused, 0),
        *([window] if timed else []),
        _caught("no escrow", mutant.dead_after, few),
        _caught(keyless_escrow, without_keys.dead_after, few),
    ]


async def idle(own: Servers, folder: Path, *, number: int = 10_000) -> Sequence[Proof]:
    """Six weeks of nothing, and a standstill of twenty days."""
    told = await idled(number=number, **_where(own, folder))
    with planted("keep-alive once in 26 days"):
        mutant = await idled(number=min(number, 30), **_where(own, folder))
    return [
        Proof("idle for 45 days: connections lost", number, told.expired, 0),
        Proof("idle for 45 days: most keep-alives of one", number, told.most_keep_alives, 7),
        Proof("stopped for 20 days: connections lost", number, told.expired_by_stop, 0),
        _caught("keep-alive once in 26 days", mutant.expired + mutant.expired_by_stop, min(number, 30)),
    ]


async def search(own: Servers, folder: Path, *, number: int = 10_000) -> Sequence[Proof]:
    """Secrets are looked for in everything that is written anywhere."""
    del own
    told = await searched(number=number, folder=folder)
    mutant = await searched(number=min(number, 30), folder=folder, mistake="answers in the log")
    return [
        Proof("searched: connections that were not renewed", number, told.not_renewed, AT_ONCE),
        *(Proof(f"secrets found in {name}", told.octets[name], told.found[name], 0) for name in PLACES),
        _caught("answers in the log", sum(mutant.found.values()), min(number, 30)),
    ]


async def swap(own: Servers, folder: Path, *, number: int = 10_000) -> Sequence[Proof]:
    """Ciphertexts in places that are not theirs."""
    told = await swapped(number=number, **_where(own, folder))
    with planted("nothing binds a ciphertext to its place"):
        mutant = await swapped(number=min(number, 2_000), **_where(own, folder))
    return [
        Proof("moved ciphertexts that opened", number, told.opened, 0),
        Proof("ciphertexts that did not open in their own place", number, told.not_at_home, 0),
        _caught("nothing binds a ciphertext to its place", mutant.opened, min(number, 2_000)),
    ]


async def rotate(
    own: Servers, folder: Path, *, number: int = 10_000, seconds: float = 600.0, timed: bool = True
) -> Sequence[Proof]:
    """Every key is rotated under load, with one process held back and another stopped through it all."""
    where = _where(own, folder)
    told = await rotated(number=number, seconds=seconds, **where)
    name = "promoted without waiting"
    mutant = await rotated(number=min(number, 30), seconds=1.0, mistake=name, **where)
    rewrapping = Proof("seconds in which all data keys were rewrapped", number, round(told.seconds, 1), 600)
    return [
        Proof("rotated under load: requests that failed", told.requests, told.failures, 0),
        Proof("rotated under load: no token was renewed meanwhile", told.renewed, int(told.renewed == 0), 0),
        Proof("stopped through it all: failures that nobody could repeat", told.stopped_requests, told.stopped_hard, 0),
        Proof("rotated: connections lost or marked", number, told.not_alive, 0),
        Proof("rotated: data keys not under the new key", number, told.left, 0),
        Proof("rotated: ciphertexts in use not under their tenant's new key", number, told.not_resealed, 0),
        Proof("the old key was retired while something referred to it", told.references, int(told.retired_early), 0),
        Proof("the old key could not be retired afterwards", number, int(not told.retired), 0),
        *([rewrapping] if timed else []),
        _caught(name, mutant.failures, mutant.requests),
    ]


def _caught(mistake: str, noticed: int, n: int) -> Proof:
    return Proof(f"the mistake goes unnoticed: {mistake}", n, int(noticed == 0), 0)
