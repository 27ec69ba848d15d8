"""A renewer is killed at every place worth dying at; only the bytes not yet on disk may ever be lost."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from connector import failpoints
from connector.domain.renewal import Leased, TokenAnswer
from connector.flows.renewing import Renewing
from connector.vault.journal import TokenJournal
from tests.long.refresh import children
from tests.long.refresh.fleet import Fleet, Member, fleet, twin_process

STEP = timedelta(seconds=30)
FLAGGED_WITHIN = timedelta(minutes=10)


@dataclass(slots=True)
class Killed:
    """What became of a fleet whose renewers died."""

    kills: int = 0
    in_window: int = 0  # asked for, their answers not on disk, when their renewer was killed
    lost_in_window: int = 0
    lost_elsewhere: Counter[str] = field(default_factory=Counter)
    unflagged: int = 0  # dead tokens of connections that nobody was told about in time
    given_up_alive: int = 0  # connections given up whose token works
    flagged_after: timedelta = timedelta()


async def killed_everywhere(
    profile: str,
    *,
    number: int,
    slice_of: int,
    folder: Path,
    database_url: str,
    redis_url: str,
    mistake: str | None = None,
) -> Killed:
    """Slices of the fleet are renewed by processes that die at their first, second, … place, until one finishes."""
    outcome = Killed()
    with twin_process(folder, "--rotation", profile) as twin:
        words = {"CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "1", "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000"}
        async with fleet(number, database_url, redis_url, twin, **words) as ours:
            struck = await _kill(ours, slice_of, outcome, mistake)
            await _recover(ours, outcome)
            await _judge(ours, struck, outcome)
    return outcome


def renew_watched(environment: Mapping[str, str], ahead: float) -> None:
    """Renews what is due, once; whoever is killed at it says first which tokens were asked for and are not on disk."""
    asked: set[UUID] = set()
    journalled, append = Renewing._journalled, TokenJournal.append  # noqa: SLF001 - watched where it happens

    async def watched(self: Renewing, leased: Leased, *told: Any) -> Any:
        asked.add(leased.connection.id)
        return await journalled(self, leased, *told)

    async def appended(self: TokenJournal, answer: TokenAnswer) -> None:
        await append(self, answer)
        asked.discard(answer.connection_id)

    class Telling(failpoints._Countdown):  # noqa: SLF001 - as above
        def reached(self, name: str) -> None:
            if self._left == 1:
                os.write(2, f"asked {' '.join(map(str, list(asked)))}\n".encode())
            super().reached(name)

    for where, what, watch in (
        (Renewing, "_journalled", watched),
        (TokenJournal, "append", appended),
        (failpoints, "_Countdown", Telling),
    ):
        setattr(where, what, watch)
    children.renew_due(environment, ahead)


async def _kill(ours: Fleet, slice_of: int, outcome: Killed, mistake: str | None) -> dict[Member, str | None]:
    """The members of each slice, and where its renewer died; None: in the window, asked for and not on disk."""
    struck: dict[Member, str | None] = {}
    number = 0
    left = list(ours.members)
    while left:
        now, left = left[:slice_of], left[slice_of:]
        number += 1
        await ours.make_due(now)
        said = ours.folder / "last-words"
        child = children.start(
            renew_watched,
            {**ours.environment, "CONNECTOR_FAIL": f"kill@{number}"},
            0.0,
            said=said,
            mistake=mistake,
        )
        code = await children.ended(child)
        assert code in {0, -9}, said.read_text()
        if code == 0:
            number = 0  # untouched: every place of a slice has been died at, so the round begins again
            continue
        *_, asked, place = said.read_text().strip().splitlines()
        place, in_window = place.removeprefix("killed at "), asked.removeprefix("asked").split()
        outcome.kills += 1
        outcome.in_window += len(in_window)
        struck |= {each: None if str(each.connection_id) in in_window else place for each in now}
    return struck


async def _recover(ours: Fleet, outcome: Killed) -> None:
    """The next worker's sweeps, as time goes on, until nothing is in doubt any more."""
    ahead = timedelta()
    while ahead <= FLAGGED_WITHIN:
        code = await children.ended(
            children.start(children.sweep_until_quiet, dict(ours.environment), ahead.total_seconds())
        )
        assert code == 0
        doubts = await ours.administer(
            "select count(*) as n from connections where renewal_id is not null or standing = 'uncertain'"
            " or standing = 'suspect' and due_at < now() + make_interval(secs => :ahead + 300)",
            ahead=ahead.total_seconds(),
        )
        if ahead and doubts[0]["n"] == 0:
            break
        ahead += STEP
        ours.twin.ask("clock", {"advance_seconds": STEP.total_seconds()})
    outcome.flagged_after = ahead


async def _judge(ours: Fleet, struck: Mapping[Member, str | None], outcome: Killed) -> None:
    rows = await ours.administer("select id, standing from connections")
    standing = {row["id"]: row["standing"] for row in rows}
    dead = set(await ours.dead())
    for member in ours.members:
        if member in dead:
            place = struck.get(member, "nowhere")
            if place is None:
                outcome.lost_in_window += 1
            else:
                outcome.lost_elsewhere[place] += 1
            # So many at once may be held back by the brake; they are told of all the same, as suspect.
            outcome.unflagged += standing[member.connection_id] not in {"lapsed", "suspect"}
        else:
            outcome.given_up_alive += standing[member.connection_id] != "active"
