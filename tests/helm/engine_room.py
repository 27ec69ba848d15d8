"""Installs the Helm engine from its own lock, once, and asks it questions."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "connector"
LOCK = ROOT / "requirements-helm.lock"
BUILD = ROOT / "build"
ENGINE_VENV = BUILD / "helm-venv"
ENGINE = Path(__file__).with_name("engine.py")

# The oldest the chart promises, one in common use, and the newest with published schemas.
KUBE_VERSIONS = ["1.31", "1.33", "1.37"]


def ask(requests: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One process answers them all, so a suite pays for its start once."""
    done = subprocess.run(
        [engine_python(), "-I", ENGINE],
        input=json.dumps(list(requests)),
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": str(ENGINE_VENV), "PYTHONUTF8": "1"},  # no kubeconfig, no Helm repositories, no proxy
    )
    if done.returncode:
        raise RuntimeError(f"the Helm engine failed:\n{done.stderr}")
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def engine_python() -> Path:
    """The interpreter that has the engine; a second caller waits for the first to install it."""
    python = ENGINE_VENV / "bin" / "python"
    if installed():
        return python
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "helm-venv.lock").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        if not installed():
            stamp().unlink(missing_ok=True)
            shutil.rmtree(ENGINE_VENV, ignore_errors=True)
            venv.create(ENGINE_VENV, symlinks=True, with_pip=True)
            pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run(
                [*pip, "install", "--no-compile", "--require-hashes", "-r", str(LOCK)],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"could not install {LOCK.name}:\n{done.stdout}")
            stamp().write_text(wanted())
    return python


def installed() -> bool:
    return stamp().exists() and stamp().read_text() == wanted()


def stamp() -> Path:
    """Written last and removed first, so it never vouches for half an installation."""
    return ENGINE_VENV / "stamp"


def wanted() -> str:
    return hashlib.sha256("\0".join([LOCK.read_text(), sys.version, str(ROOT)]).encode()).hexdigest()
