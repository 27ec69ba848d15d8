"""Many processes want one connection's token at once; the provider is asked exactly once for each."""

import json
from collections import Counter
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from tests.long.refresh import children
from tests.long.refresh.fleet import fleet, twin_process

_ALL_DONE_WITHIN = 1_800.0  # seconds: fifty thousand questions on two cores


@dataclass(frozen=True, slots=True)
class Raced:
    """What came of a race."""

    connections: int
    processes: int
    not_once: int  # connections whose provider was asked more than once, or not at all
    disagreeing: int  # connections whose callers did not all get the same token
    refused: int  # callers who got none
    calls: int


async def raced(
    *, number: int, processes: int, folder: Path, database_url: str, redis_url: str, mistake: str | None = None
) -> Raced:
    """So many processes ask for every connection's token, beginning together; each token has just ended."""
    with twin_process(folder) as twin:
        words = {
            "CONNECTOR_INFOMART_TOKEN_CALLS_AT_ONCE": "4",
            "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "100000",
        }
        async with fleet(number, database_url, redis_url, twin, **words) as ours:
            await ours.administer("update grants set access_ends_at = now()")
            before = twin.ask("counts")["calls"]
            whose = [(str(each.tenant_id), str(each.connection_id)) for each in ours.members]
            gate = get_context("forkserver").Barrier(processes)
            files = [ours.folder / f"got-{index}.json" for index in range(processes)]
            crew = [
                children.start(children.ask_tokens, dict(ours.environment), whose, gate, file, mistake=mistake)
                for file in files
            ]
            for child in crew:
                assert await children.ended(child, within=_ALL_DONE_WITHIN) == 0
            got = [json.loads(file.read_text()) for file in files]
            calls: Counter[str] = Counter(twin.ask("counts")["by_pfid"])
            return Raced(
                connections=number,
                processes=processes,
                not_once=sum(1 for each in ours.members if calls[each.pfid] != 1),
                disagreeing=sum(1 for _, one in whose if len({each[one] for each in got}) != 1),
                refused=sum(1 for each in got for text in each.values() if text.startswith("!")),
                calls=twin.ask("counts")["calls"] - before,
            )
