import ast
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

import connector.twins.infomart
from tests.twins.infomart.served import PATIENCE, serve
from tests.twins.infomart.visitor import AUTHORIZE, asking

COMMAND = [sys.executable, "-m", "connector.twins.infomart"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_it_tells_its_address_serves_and_ends_well_when_told_to(tmp_path: Path, ending: signal.Signals) -> None:
    ready, ledger = tmp_path / "ready.json", tmp_path / "ledger.jsonl"

    with serve("--ready-file", str(ready), "--ledger", str(ledger)) as running:
        assert running.url.startswith("http://127.0.0.1:")
        assert json.loads(ready.read_text(encoding="utf-8")) == {"url": running.url}
        answered = running.http.get("/_sim/ledger").json()["entries"]
        assert [json.loads(line) for line in ledger.read_text(encoding="utf-8").splitlines()] == answered
        running.process.send_signal(ending)
        assert running.process.wait(PATIENCE) == 0


def test_a_running_call_does_not_hold_up_the_end(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.jsonl"
    with serve("--ledger", str(ledger)) as running:
        running.sim("faults", {"operation": "invoices", "kind": "delay", "seconds": 600})
        with pytest.raises(httpx2.ReadTimeout):
            running.http.get("/v1/invoice/buyer/invoices", timeout=0.2)
        running.process.terminate()
        assert running.process.wait(PATIENCE) == 0


def test_the_sandbox_has_members_of_every_kind_and_one_client() -> None:
    with serve() as running:
        members = running.http.get("/_sim/members").json()["members"]
        page = running.http.get("/").text

    assert [
        (each["pfid"], each["invoices"], each["uses_workflow"], each["buyer_paid"], each["api_option"])
        for each in members
    ] == [
        ("keiri@minatomachi.example.co.jp", 250, True, True, True),
        ("soumu@shirogane-tei.example.co.jp", 200, False, True, True),
        ("kaikei@akariya.example.jp", 0, True, True, True),
        ("muryou@tanpopo.example.jp", 12, True, False, True),
        ("noapi@hoshizora.example.jp", 12, True, True, False),
    ]
    assert "sandbox-client" in page
    assert "http://127.0.0.1:8000/callback/infomart" in page


def test_clients_and_members_of_ones_own_replace_the_sandboxs() -> None:
    uris = ["http://127.0.0.1:9/a", "http://127.0.0.1:9/b"]
    member = {"pfid": "own@example.jp", "password": "p", "name": "自社", "invoices": 3, "seed": 5}
    with serve(
        *("--client", f"mine:secret:{uris[0]}", "--client", f"mine:secret:{uris[1]}", "--seed", "9"),
        *("--member", json.dumps(member), "--extra-keys"),
    ) as running:
        members = running.http.get("/_sim/members").json()["members"]
        looked = [
            running.http.get(AUTHORIZE, params=asking(client_id=name, redirect_uri=uri)).status_code
            for name, uri in (("mine", uris[0]), ("mine", uris[1]), ("sandbox-client", uris[0]))
        ]
        extra_keys = running.http.get("/_sim/faults").json()["extra_keys"]

    assert [(each["pfid"], each["name"], each["invoices"], each["seed"]) for each in members] == [
        ("own@example.jp", "自社", 3, 5)
    ]
    assert looked == [200, 200, 400]
    assert extra_keys is True


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.jp"])  # noqa: S104  # what must be refused
def test_it_listens_on_the_loopback_interface_only(host: str) -> None:
    ended = subprocess.run([*COMMAND, "--host", host], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "is not a loopback address" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--member", "{"),
        ("--member", "5"),
        ("--member", '{"pfid": "a@example.jp"}'),
        ("--client", "only-an-id"),
        ("--client", "id:secret:/relative"),
        tuple(word for place in range(6) for word in ("--client", f"id:secret:http://127.0.0.1/{place}")),
    ],
)
def test_a_wrong_word_is_told_in_one_line_and_nothing_starts(words: tuple[str, ...]) -> None:
    ended = subprocess.run([*COMMAND, *words], capture_output=True, text=True, check=False, timeout=PATIENCE)

    assert ended.returncode in {1, 2}
    assert ended.stdout == ""
    assert "Traceback" not in ended.stderr


def test_localhost_is_the_loopback_interface() -> None:
    with serve("--host", "localhost") as running:
        assert running.url.startswith("http://127.0.0.1:")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent ended")
def test_it_ends_with_its_parent_if_asked_to(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    script = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-m', 'connector.twins.infomart', '--die-with-parent',"
        " '--ready-file', sys.argv[1]], stdout=subprocess.DEVNULL)\n"
        "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.02)\n"
        "print(child.pid)\n"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script, str(ready)], capture_output=True, text=True, check=True, timeout=PATIENCE
    )

    child = int(parent.stdout)
    give_up = time.monotonic() + PATIENCE
    while Path(f"/proc/{child}").exists() and time.monotonic() < give_up:
        if "State:\tZ" in Path(f"/proc/{child}/status").read_text(encoding="utf-8"):
            break  # ended, though nobody has collected it in this container
        time.sleep(0.05)
    url = json.loads(ready.read_text(encoding="utf-8"))["url"]
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)
    assert child != os.getpid()


def test_the_twin_imports_nothing_of_ours() -> None:
    folder = Path(connector.twins.infomart.__file__).parent
    allowed = set(sys.stdlib_module_names) | {"starlette", "uvicorn", "jinja2"}
    modules = sorted(folder.rglob("*.py"))

    assert len(modules) > 20
    for module in modules:
        tree = ast.parse(module.read_text(encoding="utf-8"))
        named = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
        for name in named:
            assert name is not None
            assert name.startswith("connector.twins.") or name.partition(".")[0] in allowed, (module, name)


def test_no_module_is_longer_than_300_lines() -> None:
    folder = Path(connector.twins.infomart.__file__).parent

    assert {
        module.name: length
        for module in folder.rglob("*.py")
        if (length := len(module.read_text(encoding="utf-8").splitlines())) > 300
    } == {}
