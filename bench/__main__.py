"""`./dev bench NAME [--json]`."""

import json
import sys
from collections.abc import Callable, Coroutine, Mapping

import uvloop

from bench import ingest, refresh
from bench.report import Report
from connector import logs
from connector.settings import Mode

BENCHES: Mapping[str, Callable[[], Coroutine[None, None, Report]]] = {
    "ingest": ingest.run,
    "refresh": refresh.run,
}


def main(words: list[str]) -> int:
    """Runs one measurement and prints it; exit code 0 says that it was measured, not that every target holds."""
    names = [word for word in words if not word.startswith("--")]
    if len(names) != 1 or names[0] not in BENCHES:
        print(f"usage: ./dev bench NAME [--json]   NAME is one of: {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    logs.set_up(Mode.DEV, "WARNING")  # to standard error: standard output is the report's
    report = uvloop.run(BENCHES[names[0]]())  # as the product runs
    if "--json" in words:
        print(json.dumps(report.told()))
    else:
        print(report.drawn())
    return 0


sys.exit(main(sys.argv[1:]))
