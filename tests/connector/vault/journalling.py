"""A process that appends answers to a token journal and says of each when it is on disk; killed by tests.

Run as `python -m tests.connector.vault.journalling FOLDER [BYTES]`; BYTES limits how long a file may grow. Each line of
standard input is a number of answers to append at the same time.
"""

import asyncio
import resource
import sys
from pathlib import Path

from connector.errors import Unavailable
from connector.vault.journal import TokenJournal
from tests.connector.vault.answers import an_answer


def say(word: str) -> None:
    print(word, flush=True)  # noqa: T201 - how the test hears of it


async def main(folder: Path) -> None:
    journal = TokenJournal.opened(folder)
    say("open")
    for line in sys.stdin:
        answers = [an_answer() for _ in range(int(line))]
        ended = await asyncio.gather(*(journal.append(each) for each in answers), return_exceptions=True)
        for answer, failure in zip(answers, ended, strict=True):
            say(f"{type(failure).__name__ if failure else 'on-disk'} {answer.id}")
        try:
            journal.check()
        except Unavailable:
            say("refuses")
        else:
            say("ready")


if __name__ == "__main__":
    if len(sys.argv) > 2:
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), most))
    asyncio.run(main(Path(sys.argv[1])))
