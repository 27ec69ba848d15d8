"""No token is lost, whoever dies, stops or lies: the long proof of it, small."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from connector.embedded import Servers
from tests.conftest import Cluster
from tests.long.proof import Proof
from tests.long.refresh import report


@pytest.fixture
def own(cluster: Cluster, tmp_path: Path) -> Servers:
    return Servers(cluster.database_url, cluster.redis_url, tmp_path)


def assert_all_hold(proofs: Sequence[Proof]) -> None:
    assert [proof.told() for proof in proofs if not proof.holds] == []
    assert proofs


async def test_a_renewer_killed_anywhere_loses_nothing_but_what_was_in_memory(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.killing(own, tmp_path, number=60, slice_of=3))


async def test_many_processes_renew_a_token_once_with_redis_and_without(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.racing(own, tmp_path, number=20, processes=5))


async def test_an_answer_that_comes_late_is_kept(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.waiting(own, tmp_path, number=20, seconds=(1.0,), still=False))


async def test_a_database_that_dies_after_the_answer_costs_no_token(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.outage(own, tmp_path, number=50, seconds=1.0))


async def test_a_secret_of_ours_that_is_wrong_marks_nobody(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.refusal(own, tmp_path, number=60))


async def test_a_backup_put_back_is_brought_up_to_now_by_the_escrow(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.restore(own, tmp_path, number=20, rotations=3, timed=False))


async def test_a_ciphertext_opens_nowhere_but_in_its_own_place(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.swap(own, tmp_path, number=1_000))


async def test_no_secret_is_left_lying_anywhere(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.search(own, tmp_path, number=30))


async def test_nothing_expires_in_weeks_of_silence_or_of_standstill(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.idle(own, tmp_path, number=20))


async def test_every_key_is_rotated_under_load_and_nobody_notices(own: Servers, tmp_path: Path) -> None:
    assert_all_hold(await report.rotate(own, tmp_path, number=60, seconds=2.0, timed=False))
