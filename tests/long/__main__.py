"""`./dev test --long NAME`, or `NAME/PART` of a proof that has parts."""

import asyncio
import json
import sys
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path

from connector import logs
from connector.settings import Mode
from tests.long import answers, drift, fetching
from tests.long.proof import Proof
from tests.long.refresh import report as refresh

PROOFS: Mapping[str, Callable[[str | None], Coroutine[None, None, list[Proof]]]] = {
    "answers": answers.run,
    "drift": drift.run,
    "fetching": fetching.run,
    "refresh": refresh.run,
}
REPORTS = Path(__file__).resolve().parents[2] / "build" / "reports"


def main(words: list[str]) -> int:
    """Runs one proof at full size; exit code 0 when every line of it holds."""
    name, _, part = "".join(words).partition("/")
    if len(words) != 1 or name not in PROOFS:
        print(f"usage: ./dev test --long NAME   NAME is one of: {', '.join(PROOFS)}", file=sys.stderr)  # noqa: T201
        return 2
    logs.set_up(Mode.DEV, "ERROR")
    proofs = asyncio.run(PROOFS[name](part or None))
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = json.dumps([proof.told() for proof in proofs], ensure_ascii=False, indent=2)
    (REPORTS / f"{words[0].replace('/', '-')}.json").write_text(report + "\n")
    print(report)  # noqa: T201
    return 0 if all(proof.holds for proof in proofs) else 1


sys.exit(main(sys.argv[1:]))
