"""Every failure has one code, a place in the drawing, and words in both languages that say who can do what."""

import inspect
import os
import re
import typing
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

import pytest

from connector import errors
from connector.domain.entitlement import Flag, Source, Verdict
from connector.domain.finding import Code, Finding, Severity
from connector.errors import (
    ConnectorError,
    ConsentBroken,
    ConsentFault,
    ConsentRefused,
    LinkFault,
    LinkUnusable,
    NotEntitled,
    NotFound,
    Remedy,
)
from connector.providers import KNOWN_PROVIDERS
from connector.wording import WORDINGS, Language, Wording, say, say_of
from graphql_schema import failures, identity

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "errors.md"
REFRESH = "CONNECTOR_REFRESH_DOCS"

# What the graph alone answers: code -> (what, what to do), Japanese and English.
OF_THE_GRAPH = {
    failures.INVALID_DOCUMENT: (
        Wording("問い合わせの文書が正しくありません。", "スキーマに合わせて文書を直してください。"),
        Wording("The document is not valid GraphQL for this schema.", "Correct the document; `message` says where."),
    ),
    failures.INTERNAL: (
        Wording("こちら側で問題が発生しました。", "リクエストID（`requestId`）を運用者に知らせてください。"),
        Wording("Something went wrong on our side.", "Report the request id (`requestId`) to the operator."),
    ),
}


def every_error(above: type[ConnectorError] = ConnectorError) -> Iterator[type[ConnectorError]]:
    for error in above.__subclasses__():
        yield error
        yield from every_error(error)


def every_failure(text: str | None = None) -> Iterator[ConnectorError]:
    """One failure of each kind, and one of each fault; a fact that is a text reads `text`, or its own name."""
    for error in every_error():
        facts = typing.get_type_hints(error, vars(errors))
        facts = {name: facts[name] for name in inspect.signature(error).parameters if name in facts}
        faults = [kind for kind in facts.values() if isinstance(kind, type) and issubclass(kind, StrEnum)]
        for fault in faults[0] if faults else [None]:
            yield error(**{name: _fact(name, kind, fault, text) for name, kind in facts.items()})


def _fact(name: str, kind: object, fault: StrEnum | None, text: str | None) -> object:
    if kind is str:
        return text or f"⟨{name}⟩"
    if kind is int:
        return f"⟨{name}⟩" if text is None else 7
    if kind is timedelta:
        return timedelta(seconds=30)
    if kind == datetime | None:
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return fault
    return [text or f"⟨{name}⟩"]


def spoken(failure: ConnectorError) -> list[str]:
    said = say(failure)
    return [said.ja.what, said.ja.action, said.en.what, said.en.action]


def test_every_failure_says_what_is_wrong_and_what_to_do_in_japanese_and_in_english() -> None:
    for failure in every_failure():
        ja_what, ja_action, en_what, en_action = spoken(failure)
        for words in (ja_what, ja_action):
            assert re.search(r"[ぁ-んァ-ン一-龠]", words), failure
            assert words[-1] in "。:⟩）", failure
        for words in (en_what, en_action):
            assert not re.search(r"[ぁ-んァ-ン一-龠]", words), failure
            assert words[-1] in ".⟩", failure


def test_no_failure_leaves_a_fact_out_of_its_words_or_a_brace_in_them() -> None:
    for failure in every_failure():
        assert not any(brace in words for words in spoken(failure) for brace in "{}"), failure
        for wording in (
            WORDINGS.get(failure.code),
            *(WORDINGS[key] for key in WORDINGS if key.startswith(failure.code)),
        ):
            if wording is not None:
                assert _places(wording.ja) == _places(wording.en), failure


def _places(wording: Wording) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", f"{wording.what} {wording.action}"))


def test_a_fact_that_looks_like_a_placeholder_is_shown_as_it_is() -> None:
    for failure in every_failure(text="{code} {0} %s <b>"):
        said = say(failure)
        told = "{code} {0} %s <b>" in said.ja.what
        assert told == bool(_places(WORDINGS[_key(failure)].ja) - {"allowed"}), failure


def test_no_wording_is_left_over_from_a_failure_that_no_longer_exists() -> None:
    assert sorted(WORDINGS) == sorted({_key(failure) for failure in every_failure()})


def _key(failure: ConnectorError) -> str:
    return (
        f"{failure.code}.{failure.fault.value}" if isinstance(failure, LinkUnusable | ConsentBroken) else failure.code
    )


def test_every_error_has_a_remedy_and_a_line_in_the_drawing() -> None:
    drawn = re.findall(r"[├└]── (\w+) +\S", errors.__doc__ or "")
    assert sorted(drawn) == sorted(error.__name__ for error in every_error())
    for error in every_error():
        assert isinstance(error.remedy, Remedy)


def test_no_two_failures_or_findings_share_a_code() -> None:
    codes = [*(error.code for error in every_error()), *OF_THE_GRAPH, *Code]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[A-Z]+(_[A-Z]+)*", code) for code in codes)


@pytest.mark.parametrize("flag", list(Flag))
@pytest.mark.parametrize("known_by", [Source.DECLARED, Source.REFUTED, Source.PROVEN, Verdict.UNKNOWN])
def test_a_missing_part_of_a_contract_is_called_by_its_name_and_by_its_code(flag: Flag, known_by: StrEnum) -> None:
    for provider in KNOWN_PROVIDERS:
        said = say(NotEntitled(flag=flag.value, provider=provider, known_by=known_by.value, since=None))
        for words in (said.ja.what, said.en.what):
            assert words.count(flag.value) == 1
            assert provider not in words.split()
            assert not words.rstrip("。.").endswith(f" {known_by.value}")


def test_whatever_was_not_found_is_called_by_its_name() -> None:
    for kind in (identity.TENANT, identity.CONNECTION, identity.RECEIVED_INVOICE, identity.FETCH):
        said = say(NotFound(noun=kind))
        assert not said.ja.what.startswith(kind)
        assert f"such {kind} within" not in said.en.what


def test_a_person_who_denied_consent_is_told_so_and_not_by_a_protocol_s_word() -> None:
    said = say(ConsentRefused(provider="infomart", reason="access_denied"))
    assert said.ja.what == (
        "連携先「BtoBプラットフォーム 請求書（インフォマート）」で許可されませんでした（「拒否」が選ばれました）。"
    )
    assert said.en.what == "Infomart BtoB Platform Invoice did not give its consent (access was denied there)."


@pytest.mark.parametrize("fault", [*LinkFault, *ConsentFault])
def test_a_person_who_joins_is_always_told_about_the_link(fault: LinkFault | ConsentFault) -> None:
    failure = LinkUnusable(fault=fault) if isinstance(fault, LinkFault) else ConsentBroken(fault=fault)
    said = say(failure)
    assert "リンク" in said.in_language(Language.JA).action
    assert "link" in said.in_language(Language.EN).action


def document() -> str:
    """`docs/errors.md` as it must read."""
    rows = [
        (failure.code, say(failure).ja, say(failure).en, failure.remedy is Remedy.TRY_LATER)
        for failure in every_failure()
    ]
    rows += [(code, ja, en, False) for code, (ja, en) in OF_THE_GRAPH.items()]
    lines = [
        "# エラーコード · Error codes",
        "",
        "コードは変わりません。⟨ ⟩ の中は、そのつどの値です。",
        "同じ要求が後で成功することがあるのは、「再試行」が「はい」の場合だけです。",
        "",
        "Codes never change. ⟨ ⟩ stands for a fact of the moment.",
        "Only where *retry* says yes may the same request succeed later.",
        "",
        f"Made from `connector/wording`; `{REFRESH}=1 ./dev test tests/connector/test_wording.py` writes it anew.",
        "",
        "| コード code | 何が起きたか what | 誰が何をするか who does what | 再試行 retry |",
        "| --- | --- | --- | --- |",
    ]
    for code, ja, en, retryable in dict.fromkeys(rows):  # facts that the words leave out make no second line
        cells = (f"`{code}`", f"{ja.what}<br>{en.what}", f"{ja.action}<br>{en.action}")
        lines.append(f"| {' | '.join(cells)} | {'はい yes' if retryable else 'いいえ no'} |")
    lines += [
        "",
        "## 値の検査 · Findings",
        "",
        "送信する値を検査して見つかったことです。エラーのある値は送信されません。注意のある値は送信されます。",
        "GraphQL の応答には、まだ含まれません。",
        "",
        "What a check of the values to be sent has found. A value with an *error* is not sent; one with a *notice* is.",
        "No answer of the graph holds them yet.",
        "",
        "| コード code | 程度 severity | 何が見つかったか what | 何をするか what to do |",
        "| --- | --- | --- | --- |",
    ]
    severities = {Severity.ERROR: "エラー error", Severity.NOTICE: "注意 notice"}
    for code in Code:
        said = say_of(Finding(code=code, facts={name: f"⟨{name}⟩" for name in code.facts}))
        what, action = f"{said.ja.what}<br>{said.en.what}", f"{said.ja.action}<br>{said.en.action}"
        lines.append(f"| `{code}` | {severities[code.severity]} | {what} | {action} |")
    return "\n".join(lines) + "\n"


def test_the_list_of_codes_that_partners_read_is_the_one_the_program_speaks() -> None:
    if os.environ.get(REFRESH) == "1":
        DOCUMENT.write_text(document(), encoding="utf-8")
    assert DOCUMENT.read_text(encoding="utf-8") == document()
