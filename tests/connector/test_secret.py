"""A secret stays where it was put."""

import copy
import io
import json
import pickle
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
import orjson
import pytest
from pydantic import TypeAdapter

from connector.domain.connection import Grant
from connector.secret import Secret

TEXT = "kanari-no-himitsu-4711"
SECRET = Secret(TEXT)


def print_to_text(secret: Secret) -> str:
    page = io.StringIO()
    print(secret, file=page)
    return page.getvalue()


@pytest.mark.parametrize(
    "say",
    [
        str,
        repr,
        ascii,
        "{}".format,
        "{!r:>40}".format,
        "{:>40}".format,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!s:.99}",
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the old way must be as safe
        lambda secret: str([secret, {"token": secret}, (secret,)]),
        lambda secret: str(Grant(secret, secret, datetime.now(UTC), None)),
        print_to_text,
        lambda secret: str(ValueError(secret)),
    ],
)
def test_no_way_of_printing_shows_a_secret(say: Callable[[Secret], str]) -> None:
    said = say(SECRET)

    assert TEXT not in said
    assert "Secret(…)" in said or "Secret(\\u2026)" in said


@pytest.mark.parametrize(
    "send",
    [
        pickle.dumps,
        lambda secret: pickle.dumps(secret, protocol=0),
        copy.copy,
        copy.deepcopy,
        lambda secret: copy.deepcopy({"token": [secret]}),
        lambda secret: asdict(Grant(secret, None, datetime.now(UTC), None)),
        json.dumps,
        lambda secret: json.dumps({"token": secret}),
        orjson.dumps,
        lambda secret: orjson.dumps({"token": secret}),
        msgspec.json.encode,
        msgspec.msgpack.encode,
        lambda secret: msgspec.to_builtins({"token": secret}),
        lambda secret: TypeAdapter(Any).dump_json(secret),
        hash,
        lambda secret: {secret},
        iter,
        list,
        len,
        bytes,
        "".join,
        vars,
        lambda secret: secret + "",
        lambda secret: secret[0],
        lambda secret: "k" in secret,
    ],
)
def test_a_secret_is_not_pickled_copied_encoded_hashed_or_taken_apart(send: Callable[[Any], object]) -> None:
    with pytest.raises((TypeError, ValueError)) as refusal:
        send(SECRET)
    assert TEXT not in str(refusal.value)


def test_a_secret_gives_its_text_to_reveal_and_to_nothing_else() -> None:
    assert SECRET.reveal() == TEXT
    assert [name for name in dir(SECRET) if not name.startswith("_")] == ["reveal"]
    assert not hasattr(SECRET, "__dict__")


def test_two_secrets_are_equal_when_their_texts_are_and_never_equal_to_a_text() -> None:
    assert Secret("請求書") == Secret("請求書")
    assert Secret("a") != Secret("b")
    assert Secret("a") != Secret("ab")
    assert SECRET != TEXT
    assert TEXT != SECRET


def test_telling_two_secrets_apart_takes_as_long_at_the_last_character_as_at_the_first() -> None:
    length = 4_000_000
    ours, at_once, at_the_end = Secret("a" * length), Secret("b" + "a" * (length - 1)), Secret("a" * (length - 1) + "b")

    def seconds(other: Secret) -> float:
        began = time.perf_counter()
        assert ours != other
        return time.perf_counter() - began

    pairs = [(seconds(at_once), seconds(at_the_end)) for _ in range(9)]
    early, late = (statistics.median(column) for column in zip(*pairs, strict=True))
    assert late < 3 * early  # a comparison that stops at the first difference is hundreds of times faster there
