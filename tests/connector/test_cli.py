"""What an operator types, as real commands against a real database."""

import asyncio
import json
import os
import re
import stat
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from connector.dev.visitor import join
from connector.embedded import bound_to_us
from tests.conftest import Cluster
from tests.connector.flows.bench import held_by_provider, rows, value
from tests.workers.crew import own_redis, started, worker
from tests.world import TwinServer, World, serving


@dataclass(frozen=True, slots=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> Any:
        return json.loads(self.out)

    @property
    def failure(self) -> Any:
        return json.loads(self.err)["error"]


async def connector(
    *words: str, environment: Mapping[str, str] | None = None, program: Sequence[str] = ("-m", "connector")
) -> Done:
    """Types `connector …` in an empty environment but for what is given."""
    process = await asyncio.create_subprocess_exec(
        *bound_to_us([sys.executable, *program, *words]),
        env={"PATH": os.defpath, "PYTHONUTF8": "1", **(environment or {})},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())


IN_TURN = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from connector.cli import main

told, facts = [], {}
for words in json.loads(sys.argv[1]):
    sys.argv = ["connector", *(facts.get(word, word) for word in words)]
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
    told.append([code, out.getvalue(), err.getvalue()])
    if "--json" in words and code == 0:  # so that a later line may name what an earlier one made
        facts |= {"{" + name + "}": fact for name, fact in json.loads(out.getvalue()).items()}
print(json.dumps(told))
"""


async def in_turn(lines: Sequence[Sequence[str]], environment: Mapping[str, str] | None = None) -> list[Done]:
    """Types several command lines in one process, since each start costs a second; what each of them did.

    A word like {tenantId} stands for what an earlier line told.
    """
    done = await connector(json.dumps(lines), environment=environment, program=("-c", IN_TURN))
    assert done.code == 0, done.err
    return [Done(*each) for each in done.told]


@pytest.fixture
async def world(database_url: str, cluster: Cluster, kek: Path, twin: TwinServer) -> AsyncIterator[World]:
    async with serving(database_url, own_redis(cluster), kek, twin) as running:
        yield running


async def test_an_operator_brings_a_tenant_from_nothing_to_its_invoices(world: World, tmp_path: Path) -> None:
    ours = ("--partner", "{partnerId}")
    contract = ("--paid-member", "--no-issuer-paid-member", "--api-option")
    lines = [
        ["partners", "add", "株式会社サンプル", "--json"],
        ["tenants", "add", "みなと商事", *ours, *contract, "--no-workflow", "--json"],
        ["keys", "issue", *ours, "--name", "ERP", "--permission", "read", "--days", "30", "--json"],
        ["link", "{tenantId}", *ours, "--json"],
    ]
    with worker(world.environment, tmp_path) as running:
        done = await in_turn(lines, world.environment)
        assert [(each.code, each.err, each.out.count("\n")) for each in done] == [(0, "", 1)] * 4
        partner, tenant, key, link = [each.told for each in done]
        assert (partner["name"], tenant["name"]) == ("株式会社サンプル", "みなと商事")
        assert key["key"].startswith(f"cx_live_{key['keyId']}_")
        assert link["url"].startswith(f"{world.url}/connect/")

        world.twin.add_member("みなと商事@example.co.jp", invoices=130, uses_workflow=False)
        await join(link["url"], pfid="みなと商事@example.co.jp", password="みなと商事@example.co.jp")
        await started(running)
        fetched = await connector("fetch", tenant["tenantId"], environment=world.environment)
        assert (fetched.code, fetched.out) == (0, "receiver side complete: 130 invoices on 2 pages\n"), fetched.err

    found = await world.http.post(
        "/graphql",
        json={"query": "{ viewer { keyId } }"},
        headers={"Authorization": f"Bearer {key['key']}"},
    )
    assert found.json() == {"data": {"viewer": {"keyId": key["keyId"]}}}
    revoked = await connector(
        "keys", "revoke", key["keyId"], "--partner", partner["partnerId"], environment=world.environment
    )
    assert (revoked.code, revoked.out) == (0, f"{key['keyId']} is revoked.\n"), revoked.err
    assert await value(world, "select revoked_at is not null from api_keys where id = :id", id=key["keyId"])
    stages = await value(world, "select array_agg(distinct stage order by stage) from received_invoices")
    assert stages == ["processed", "unprocessed"]  # the declared workflow setting was heard
    counted = await value(world, "select count(*) from received_invoices where tenant_id = :id", id=tenant["tenantId"])
    assert counted == held_by_provider(world, "みなと商事").total() == 130


MISSING = {
    "CONNECTOR_PUBLIC_URL: is missing",
    "DATABASE_URL: is missing",
    "REDIS_URL: is missing",
    "CONNECTOR_KEK: is missing",
    "CONNECTOR_JOURNAL: is missing",
}


async def test_a_command_without_settings_names_all_that_are_missing_in_both_languages_and_ends_with_2() -> None:
    lines = [("partners", "add", "x"), ("serve",), ("worker",), ("fetch", str(uuid4()))]
    shown, plain, *as_json = await in_turn(
        [["tenants", "add", "--help"], ["partners", "add", "x"], *[[*words, "--json"] for words in lines]]
    )
    assert shown.code == 0  # help needs no settings
    words = " ".join(shown.out.replace("│", " ").split())
    assert 'connector tenants add "みなと商事" --partner ID --paid-member --api-option' in words
    assert (plain.code, plain.out) == (2, "")
    assert "MISCONFIGURED  設定に誤りがあります / The settings are wrong:" in plain.err
    for problem in MISSING:
        assert f"  • {problem}\n" in plain.err
    for done in as_json:
        assert (done.code, done.out) == (2, "")
        assert done.failure["code"] == "MISCONFIGURED"
        assert set(done.failure["problems"]) > MISSING
        assert "Traceback" not in done.err


async def test_what_cannot_be_done_is_said_with_its_code_in_both_languages_and_ends_with_2(world: World) -> None:
    nobody = str(uuid4())
    partner = str(world.partner.id)
    cases = {
        ("tenants", "add", "x", "--partner", "[bold]no-id[/]"): "INVALID_INPUT",
        ("tenants", "add", "x", "--partner", nobody): "NOT_FOUND",
        ("tenants", "add", "x", "--partner", partner, "--provider", "sap"): "INVALID_INPUT",
        ("tenants", "add", " ", "--partner", partner): "INVALID_INPUT",
        ("keys", "issue", "--partner", nobody): "NOT_FOUND",
        ("keys", "issue", "--partner", partner, "--tenant", nobody): "NOT_FOUND",
        ("keys", "revoke", "abcdefghjk", "--partner", partner): "NOT_FOUND",
        ("link", nobody, "--partner", partner): "NOT_FOUND",
        ("fetch", nobody): "NOT_FOUND",
        ("fetch", "no-id"): "INVALID_INPUT",
    }
    lines = [next(iter(cases)), *[(*words, "--json") for words in cases]]
    plain, *done = await in_turn(lines, world.environment)
    assert (plain.code, plain.out) == (2, "")
    japanese, english = plain.err.splitlines()
    assert japanese.startswith("INVALID_INPUT  入力 partner が正しくありません: '[bold]no-id[/]' is not an id")
    assert english.startswith("  The input partner cannot be used: '[bold]no-id[/]' is not an id")

    for each, (words, code) in zip(done, cases.items(), strict=True):
        assert (each.code, each.out) == (2, ""), words
        assert each.failure["code"] == code, words
        assert set(each.failure) == {"code", "message", "messageJa", "remedy", "remedyJa"}
        assert all(each.failure.values())


async def test_a_key_is_made_once_and_never_overwritten_and_an_old_heartbeat_is_not_well(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    heart = tmp_path / f"connector-worker-{os.getuid()}.alive"
    heart.touch()
    os.utime(heart, (time.time() - 61, time.time() - 61))  # a worker that is stuck
    lines = [
        ["keys", "init", str(path), "--name", "k1", "--json"],
        ["keys", "init", str(path), "--name", "k2"],
        ["keys", "init", str(tmp_path / "b"), "--name", "a b", "--json"],
        ["health", "worker"],
    ]
    made, again, unnamed, stuck = await in_turn(lines, {"TMPDIR": str(tmp_path)})
    assert (made.code, made.told) == (0, {"kekId": "k1", "path": str(path)})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["id"] == "k1"
    assert again.code == unnamed.code == 2
    assert f"{path} already exists; a key is never overwritten" in again.err
    assert unnamed.failure["code"] == "INVALID_INPUT"
    assert not (tmp_path / "b").exists()
    assert (stuck.code, stuck.out) == (1, "no heartbeat\n")


async def test_the_plan_says_who_is_lost_at_which_rate_and_what_would_save_them(world: World) -> None:
    tenants = [await world.connected(f"tenant-{uuid4()}", invoices=0) for _ in range(3)]
    ends = "update connections set consent_ends_at = now() + :left where tenant_id = :tenant"
    paced = {**world.environment, "CONNECTOR_INFOMART_TOKEN_CALLS_PER_SECOND": "0.002"}
    whole = (await connector("upkeep", "plan", environment=world.environment)).out
    assert whole.startswith("infomart: all 3 can be saved, at the ")
    await rows(world, ends, left=timedelta(seconds=-5), tenant=tenants[0].id)
    await rows(world, ends, left=timedelta(seconds=400), tenant=tenants[1].id)
    shown, told = await in_turn([["upkeep", "plan"], ["upkeep", "plan", "--json"]], {**paced, "COLUMNS": "160"})
    assert shown.out.startswith("infomart: 1 of 2 can be saved, at the 0.002 a second of one process by ")
    lost = r"1 will be lost at the 0\.002 a second of one process; 0\.00\d+ a second would save them"
    assert re.search(lost, shown.out)
    assert "1 ended unrenewed: these tenants must connect again (connector link)." in shown.out
    assert [str(each.id) in shown.out for each in tenants] == [True, True, False]
    plan = told.told["providers"]["infomart"]
    assert (plan["perSecond"], plan["ended"], plan["canBeSaved"]) == (0.002, 1, 1)
    assert [each["tenantId"] for each in plan["willBeLost"]] == [str(tenants[1].id)]


async def test_an_explanation_says_what_why_who_acts_how_and_otherwise_in_both_languages(world: World) -> None:
    tenant = await world.connected(f"tenant-{uuid4()}", invoices=0)
    await rows(
        world,
        "update connections set standing = 'lapsed', cause = 'answer_lost', due_at = null where tenant_id = :id",
        id=tenant.id,
    )
    shown, nobody = await in_turn(
        [["connections", "explain", str(tenant.id)], ["connections", "explain", str(uuid4()), "--json"]],
        world.environment,
    )
    head, *lines = shown.out.splitlines()
    assert head.startswith("infomart  LAPSED  since ")
    assert [line[2:13].strip() for line in lines[::2]] == ["what", "why", "who acts", "how", "otherwise"]
    assert lines[4:6] == ["  who acts   テナントです。", "             The tenant must."]
    assert (nobody.code, nobody.failure["code"]) == (2, "NOT_FOUND")


async def test_an_operator_sees_whom_a_recall_would_concern_and_then_does_it(world: World) -> None:
    tenant = await world.connected(f"tenant-{uuid4()}", invoices=0)
    given_up = "update connections set standing = 'lapsed', cause = 'token_dead', due_at = null where tenant_id = :id"
    await rows(world, given_up, id=tenant.id)
    words = ["connections", "recall", "--provider", "infomart", "--since", "2026-04-01T09:00+09:00", "--json"]
    foretold, done, again, vague = await in_turn(
        [words, [*words, "--yes"], [*words, "--yes"], [*words[:5], "2026-04-01T09:00", "--json"]], world.environment
    )
    assert [each.told["connections"] for each in (foretold, done, again)] == [1, 1, 0]
    assert [each.told["recalled"] for each in (foretold, done, again)] == [False, True, True]
    assert (vague.code, vague.failure["code"]) == (2, "INVALID_INPUT")
