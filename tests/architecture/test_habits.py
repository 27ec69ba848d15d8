"""Rules about the source that no ready-made linter knows: sizes, names, hidden imports, locks without addresses."""

import ast
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connector", "graphql_schema", "workers", "migrations", "tests", "bench")
CEILING = 300  # lines
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "base",
    "manager",
    "service",
    "services",
    "core",
    "misc",
}
OURS = ("connector", "graphql_schema", "workers", "migrations")


def modules(tree: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((tree / package).rglob("*.py"))


def too_long(tree: Path) -> list[str]:
    return [str(path.relative_to(tree)) for path in modules(tree) if len(path.read_text().splitlines()) > CEILING]


def badly_named(tree: Path) -> list[str]:
    found = [
        *modules(tree),
        *(folder for package in PACKAGES for folder in (tree / package).rglob("*") if folder.is_dir()),
    ]
    return sorted(str(path.relative_to(tree)) for path in found if path.stem in BANNED_NAMES)


def hidden_imports(tree: Path) -> list[str]:
    """Imports of ours inside a function or under TYPE_CHECKING: both are how a cycle hides."""
    found = []
    for path in modules(tree):
        parsed = ast.parse(path.read_text())
        top = {id(node) for node in parsed.body}
        for node in ast.walk(parsed):
            if isinstance(node, ast.Import):
                named = [each.name for each in node.names]
            elif isinstance(node, ast.ImportFrom):
                named = [node.module or ""]
            else:
                continue
            if id(node) not in top and any(name.split(".")[0] in OURS for name in named):
                found.append(f"{path.relative_to(tree)}:{node.lineno}")
    return found


def silent_excepts(tree: Path) -> list[str]:
    return [
        f"{path.relative_to(tree)}:{node.lineno}"
        for path in modules(tree)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(each, ast.Pass) for each in node.body)
    ]


def addresses_in_locks(tree: Path) -> list[str]:
    return [path.name for path in sorted(tree.glob("*.lock")) if re.search(r"https?://|file:", path.read_text())]


def providers_named_in_shared_code(tree: Path) -> list[str]:
    """Shared code is told what differs as data; a provider's name there is a test of who it is talking to."""
    found = []
    for place in ("connector/flows", "connector/domain", "connector/store", "workers"):
        for path in sorted((tree / place).rglob("*.py")):
            lines = enumerate(path.read_text().splitlines(), start=1)
            named = [number for number, line in lines if re.search("infomart|invox", line.split("#")[0], re.IGNORECASE)]
            found += [f"{path.relative_to(tree)}:{number}" for number in named]
    return found


# The rule, and a change that it must notice: the file, and what is added to it.
RULES: list[tuple[Callable[[Path], list[str]], str, str]] = [
    (too_long, "connector/ids.py", "\n" * CEILING),
    (badly_named, "connector/utils.py", '"""A drawer for everything."""\n'),
    (hidden_imports, "connector/ids.py", "\ndef later() -> None:\n    import connector.errors\n"),
    (silent_excepts, "connector/ids.py", "\ntry:\n    new_id()\nexcept ValueError:\n    pass\n"),
    (addresses_in_locks, "requirements.lock", "\n--index-url https://example.com/simple\n"),
    (providers_named_in_shared_code, "connector/flows/access.py", '\nNAME = "infomart"\n'),
]


@pytest.mark.parametrize("rule", [rule for rule, _, _ in RULES])
def test_the_rule_is_kept(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize(("rule", "place", "added"), RULES)
def test_the_rule_notices_when_it_is_broken(
    tmp_path: Path, rule: Callable[[Path], list[str]], place: str, added: str
) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    for lock in ROOT.glob("*.lock"):
        shutil.copy(lock, tmp_path)
    with (tmp_path / place).open("a") as file:
        file.write(added)

    assert any(found.startswith(place.removesuffix(".lock")) for found in rule(tmp_path))
