"""Named places where a proof may end the process, as a power cut would; elsewhere they cost one look at a constant.

`CONNECTOR_FAIL=kill@7` kills the process where the seventh place is reached. A runner raises the number until a run
finishes untouched, so that a new place is covered without being added to any list (as SQLite tests itself).
"""

import os
import signal


class _Countdown:
    def __init__(self, words: str) -> None:
        act, _, number = words.partition("@")
        if act != "kill" or not number.isdecimal():
            raise ValueError(f"CONNECTOR_FAIL: {words!r} is not like kill@7")
        self._left = int(number)

    def reached(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            os.write(2, f"killed at {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)


_countdown: _Countdown | None = None


def arm(words: str) -> None:
    """Counts the places reached from now on; ValueError for words that are not like `kill@7`."""
    global _countdown  # noqa: PLW0603 - one process, one death
    _countdown = _Countdown(words) if words else None


def failpoint(name: str) -> None:
    """A place worth dying at."""
    if _countdown is not None:
        _countdown.reached(name)
