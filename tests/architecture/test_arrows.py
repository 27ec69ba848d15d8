"""Every arrow that CONTRIBUTING draws is enforced, and every contract is seen to fail when it is broken."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("connector", "graphql_schema", "workers", "migrations")
LINTER = Path(sys.executable).with_name("lint-imports")

# Contract -> a module, and the import that must not stand in it.
PLANTED = [
    ("arrows", "connector/ids.py", "import connector.errors"),
    ("arrows", "connector/errors.py", "import connector.domain.invoice"),
    ("arrows", "connector/domain/tax.py", "import connector.ports"),
    ("arrows", "connector/ports/vault.py", "import connector.store.work"),
    ("arrows", "connector/flows/reading.py", "import connector.store.mirror"),
    ("arrows", "connector/store/mirror.py", "import connector.vault.keyring"),
    ("arrows", "connector/vault/keyring.py", "import connector.bootstrap"),
    ("arrows", "connector/bootstrap.py", "import graphql_schema.schema"),
    ("arrows", "graphql_schema/tenant.py", "import connector.site.routes"),
    ("arrows", "connector/site/pages.py", "import workers.jobs"),
    ("arrows", "workers/jobs.py", "import connector.asgi"),
    ("faces", "graphql_schema/tenant.py", "import connector.store.mirror"),
    ("workers", "workers/jobs.py", "import connector.providers"),
    ("domain", "connector/domain/tax.py", "import msgspec"),
    ("settings", "connector/flows/access.py", "import connector.settings"),
    ("database", "connector/flows/access.py", "import sqlalchemy"),
    ("outbound", "connector/flows/fetching.py", "import aiohttp"),
    ("cryptography", "connector/flows/access.py", "import cryptography"),
    ("key-services", "connector/vault/keyring.py", "import boto3"),
    ("authlib", "connector/flows/onboarding.py", "import authlib"),
    ("strawberry", "connector/site/pages.py", "import strawberry"),
    ("starlette", "connector/flows/reading.py", "import starlette"),
    ("arq", "connector/flows/fetching.py", "import arq"),
    ("prometheus", "connector/flows/renewing.py", "import prometheus_client"),
    ("twins", "connector/twins/infomart/received.py", "import connector.providers.infomart.wire"),
    ("apart", "connector/bootstrap.py", "import connector.embedded"),
    ("providers", "connector/providers/transport.py", "import connector.providers.infomart.manifest"),
]


def contracts() -> dict[str, str]:
    """The contracts' ids and the sentences that name them."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return {each["id"]: each["name"] for each in told["tool"]["importlinter"]["contracts"]}


def lint(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [
        LINTER,
        "--config",
        str(tree / "pyproject.toml"),
        "--cache-dir",
        str(tree / "cache"),
        *words,
    ]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(tree)})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tree = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    return tree


def test_every_contract_holds(copy: Path) -> None:
    verdict = lint(copy)
    assert verdict.returncode == 0, verdict.stdout
    assert f"Contracts: {len(contracts())} kept, 0 broken." in verdict.stdout


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(contracts())


@pytest.mark.parametrize(("contract", "module", "planted"), PLANTED)
def test_a_planted_violation_breaks_its_contract(copy: Path, contract: str, module: str, planted: str) -> None:
    place = copy / module
    sound = place.read_text()
    place.write_text(f"{sound}\n{planted}\n")
    try:
        verdict = lint(copy, "--contract", contract)
    finally:
        place.write_text(sound)

    importer = module.removesuffix(".py").replace("/", ".")
    assert verdict.returncode == 1, verdict.stdout + verdict.stderr
    assert "BROKEN" in verdict.stdout
    assert importer in verdict.stdout
    assert planted.split()[1] in verdict.stdout
