"""The key file: made once, readable by its owner, refused with a remedy when it is not right."""

import json
import os
import stat
from pathlib import Path

import pytest

from connector.errors import Misconfigured
from connector.vault.kms import open_service
from connector.vault.kms.local import LocalFile


def problem_of(address: str, *, local_allowed: bool = True) -> str:
    with pytest.raises(Misconfigured) as refusal:
        open_service(address, local_allowed=local_allowed)
    [problem] = refusal.value.problems
    return problem


def test_a_key_file_is_for_its_owners_eyes_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        LocalFile.create(tmp_path / "keys" / "kek.json", "k1")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "keys" / "kek.json").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    LocalFile.create(path, "k1")
    content = path.read_bytes()
    with pytest.raises(Misconfigured, match="never overwritten"):
        LocalFile.create(path, "k2")
    assert path.read_bytes() == content


def test_two_keys_are_never_the_same(tmp_path: Path) -> None:
    for name in ("a", "b"):
        LocalFile.create(tmp_path / name, name)
    assert len({json.loads((tmp_path / name).read_text())["key"] for name in ("a", "b")}) == 2


def test_a_key_that_cannot_be_made_is_refused_and_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(Misconfigured, match="cannot be made"):
        LocalFile.create(tmp_path / "file" / "kek.json", "k1")


def test_a_missing_key_file_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    assert problem_of(f"file:{path}") == (
        f"CONNECTOR_KEK: there is no key at {path}; make one with: connector keys init {path}"
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"keys": ["k1"]}',
        b'"text"',
        b"\xff\xfe\x00",
        b'{"id": "k1"}',
        b'{"id": "k1", "key": 5}',
        b'{"id": "k1", "key": "%%%"}',
        b'{"id": "k1", "key": "c2hvcnQ="}',
        b'{"key": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}',
    ],
)
def test_a_corrupt_key_file_is_named_and_none_of_it_is_shown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "kek.json"
    path.write_bytes(content)
    problem = problem_of(f"file:{path}")
    assert problem.startswith(f"CONNECTOR_KEK: {path} ")
    assert "c2hvcnQ" not in problem


def test_a_folder_is_not_a_key_file(tmp_path: Path) -> None:
    assert problem_of(f"file:{tmp_path}") == f"CONNECTOR_KEK: {tmp_path} is not a key file (IsADirectoryError)"


def test_production_takes_a_local_key_only_when_told_to(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    LocalFile.create(path, "k1")
    assert "CONNECTOR_ALLOW_LOCAL_KEK=true" in problem_of(f"file:{path}", local_allowed=False)
    assert isinstance(open_service(f"file:{path}", local_allowed=True), LocalFile)


def test_a_key_file_in_memory_shows_nothing_of_its_key(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    LocalFile.create(path, "k1")
    assert json.loads(path.read_text())["key"] not in repr(LocalFile.read(path))


def test_a_key_is_added_behind_the_others_and_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    LocalFile.create(path, "k1")
    [before] = LocalFile.read_all(path)
    LocalFile.add(path, "k2")
    LocalFile.add(path, "k3")

    assert [each.kek_id for each in LocalFile.read_all(path)] == ["k3", "k2", "k1"]
    assert LocalFile.read(path).kek_id == "k3"
    assert before.kek_id == "k1"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["kek.json"]


def test_a_name_is_given_to_one_key_only(tmp_path: Path) -> None:
    path = tmp_path / "kek.json"
    LocalFile.create(path, "k1")
    content = path.read_bytes()
    with pytest.raises(Misconfigured, match="already holds a key named k1"):
        LocalFile.add(path, "k1")
    assert path.read_bytes() == content

    entry = json.loads(content)
    path.write_text(json.dumps({"keys": [entry, entry]}))
    assert problem_of(f"file:{path}") == f"CONNECTOR_KEK: {path} holds two keys of one name"
