"""Reads the guides: their queries, their commands, their tables."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ("README.md", "README.ja.md", "docs/partners.md", "docs/operators.md", "docs/tenants.md", "CONTRIBUTING.md")

_FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(guide: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    found = _FENCE.finditer((ROOT / guide).read_text())
    return [match["text"] for match in found if match["language"] == language]


def links(guide: str) -> list[str]:
    """The files a guide leads to."""
    found = re.findall(r"\]\(([^)#]+)\)", (ROOT / guide).read_text())
    return [link for link in found if "://" not in link]
