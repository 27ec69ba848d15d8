"""Every fact about what a receiver reads and keeps is cited where the twin acts by it, and none is made up."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
RECEIVING = {*range(51, 74), *range(120, 139)}
NOT_THE_TWINS = {
    62,  # the same may be read again: true of every call
    69,  # codes of the dictionary
    70,
    73,  # companies of a group are not played
}


def numbers(text: str, pattern: str) -> set[int]:
    return {int(number) for number in re.findall(pattern, text, re.MULTILINE)}


def test_every_fact_about_receiving_is_cited_where_the_twin_keeps_it() -> None:
    facts = numbers((ROOT / "docs/facts.md").read_text(), r"^\| IM-(\d+) \|")
    modules = [path.read_text() for path in (ROOT / "connector/twins/infomart").glob("*.py")]
    cited = set().union(*(numbers(module, r"\[IM-(\d+)\]") for module in modules))
    receiving = {number for number in facts if number in RECEIVING}

    assert receiving - cited == NOT_THE_TWINS
    assert {number for number in cited if number >= 120} <= facts
