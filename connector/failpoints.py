"""Named places where a proof may end or freeze the process; elsewhere they cost one look at a constant.

`CONNECTOR_FAIL=kill@7` kills the process where the seventh place is reached, as a power cut would; `stop@7` stops it
there until somebody lets it go on. A runner raises the number until a run finishes untouched, so that a new place is
covered without being added to any list (as SQLite tests itself).
"""

import os
import signal

_ACTS = {"kill": (signal.SIGKILL, "killed"), "stop": (signal.SIGSTOP, "stopped")}


class _Countdown:
    def __init__(self, words: str) -> None:
        act, _, number = words.partition("@")
        if act not in _ACTS or not number.isdecimal():
            raise ValueError(f"CONNECTOR_FAIL: {words!r} is not like kill@7 or stop@7")
        self._signal, self._done = _ACTS[act]
        self._left = int(number)

    def reached(self, name: str) -> None:
        self._left -= 1
        if self._left == 0:
            os.write(2, f"{self._done} at {name}\n".encode())
            os.kill(os.getpid(), self._signal)


_countdown: _Countdown | None = None


def arm(words: str) -> None:
    """Counts the places reached from now on; ValueError for words that are not like `kill@7` or `stop@7`."""
    global _countdown  # noqa: PLW0603 - one process, one death
    _countdown = _Countdown(words) if words else None


def failpoint(name: str) -> None:
    """A place worth dying at, or standing still."""
    if _countdown is not None:
        _countdown.reached(name)
