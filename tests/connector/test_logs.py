"""What is logged: one line an event, on standard error, without secrets and without the values of variables."""

import json
import subprocess
import sys

import pytest

CANARY = "canary-4711"
SCRIPT = f"""
import logging, sys
import structlog
from connector import logs
from connector.secret import Secret
from connector.settings import Mode

logs.set_up(Mode(sys.argv[1]), sys.argv[2])
log = structlog.get_logger("connector.test")
log.debug("a detail")
log.info("an event", token=Secret("{CANARY}"), tokens=[Secret("{CANARY}")], tenant="湊待食堂")
for level in ("debug", "info", "warning"):
    getattr(logging.getLogger("aiohttp.client"), level)("from a library: " + level)
logging.getLogger("connector.plain").info("by the standard library %s", Secret("{CANARY}"))

def open_envelope(sealed):
    token = "can" + "ary-4711"
    raise RuntimeError("it does not open")

try:
    open_envelope(b"")
except RuntimeError:
    log.exception("failed")
"""


def said(mode: str, level: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode, level], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    assert done.stdout == ""  # standard output belongs to answers
    return done.stderr.splitlines()


def test_in_production_each_event_is_one_line_of_json() -> None:
    events = [json.loads(line) for line in said("production", "INFO")]
    assert [each["event"] for each in events] == [
        "an event",
        "from a library: warning",
        "by the standard library Secret(…)",
        "failed",
    ]
    assert [each["level"] for each in events] == ["info", "warning", "info", "error"]
    assert events[0]["tenant"] == "湊待食堂"
    assert events[0]["logger"] == "connector.test"
    assert events[0]["timestamp"].endswith("Z")
    assert events[0]["token"] == "Secret(…)"
    assert "RuntimeError: it does not open" in events[-1]["exception"]


def test_a_detail_is_told_when_asked_for_and_libraries_stay_quiet_even_then() -> None:
    events = [json.loads(line)["event"] for line in said("production", "DEBUG")]
    assert events[:3] == ["a detail", "an event", "from a library: warning"]


def test_errors_alone_are_told_when_asked_for() -> None:
    ours = [json.loads(line)["event"] for line in said("production", "ERROR")]
    assert ours == ["from a library: warning", "failed"]


@pytest.mark.parametrize("mode", ["dev", "production"])
def test_no_log_shows_a_secret_or_what_a_variable_held(mode: str) -> None:
    text = "\n".join(said(mode, "DEBUG"))
    assert "it does not open" in text
    assert CANARY not in text


def test_for_a_developer_each_event_is_written_for_the_eye() -> None:
    lines = said("dev", "INFO")
    assert "an event" in lines[0]
    assert "湊待食堂" in lines[0]
    assert not lines[0].startswith("{")
