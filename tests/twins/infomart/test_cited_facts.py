"""The twin says where it has its rules from, and every rule of the issuing side is somewhere in it."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
NOT_THE_TWINS = {75, 82, 105}  # a draft is never shown; journal masters are the receiving side's; any system may call


def cited() -> set[int]:
    sources = (ROOT / "connector" / "twins" / "infomart").glob("*.py")
    return {int(number) for source in sources for number in re.findall(r"\[IM-(\d+)]", source.read_text())}


def known() -> set[int]:
    return {
        int(number) for number in re.findall(r"^\| IM-(\d+) \|", (ROOT / "docs/facts.md").read_text(), re.MULTILINE)
    }


def test_every_fact_that_the_twin_cites_is_known() -> None:
    assert cited() - known() == set()


def test_every_fact_about_writing_is_cited_where_the_twin_keeps_it() -> None:
    about_writing = {number for number in known() if 74 <= number <= 110}

    assert about_writing - cited() - NOT_THE_TWINS == set()
