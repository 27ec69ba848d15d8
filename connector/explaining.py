"""Explains a connection to people: what is wrong, why, who acts, how, and what happens otherwise; Japanese first."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta, timezone
from enum import StrEnum

from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Cause, Connection, Standing

JST = timezone(timedelta(hours=9))
LATE = timedelta(hours=1)  # a renewal that waits for longer than this after its time waits for workers, not for a turn


class Actor(StrEnum):
    """Who has to do something about it."""

    NOBODY = "nobody"
    WE = "we"  # it goes on by itself
    PROVIDER = "provider"
    OPERATOR = "operator"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Told:
    """One explanation in one language."""

    what: str
    why: str
    action: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A connection explained."""

    actor: Actor
    ja: Told
    en: Told
    since: datetime
    next_look_at: datetime | None  # None: nothing is looked at before somebody acts
    deadline: datetime | None  # when consent ends unless it is renewed; None: nothing is at stake, or no end is known


def explain(connection: Connection, breaker: Breaker | None, now: datetime) -> Explanation:
    """Why the connection stands where it does.

    What holds it up comes first: an open breaker of its provider, and then a renewal that nobody makes.
    """
    line = STANDINGS.get((connection.standing, connection.cause)) or STANDINGS[connection.standing, None]
    since, looks = connection.changed_at, [connection.due_at]
    waits = connection.standing in {Standing.ACTIVE, Standing.UNCERTAIN, Standing.SUSPECT}
    if breaker is not None and waits:
        line, since, looks = TROUBLES[breaker.trouble], breaker.opened_at, [breaker.open_until, connection.due_at]
    elif connection.due_at is not None and connection.due_at + LATE <= now:
        line, since, looks = OVERDUE, connection.due_at, [None]
    actor, ja, en = line
    at_stake = actor is not Actor.NOBODY and (waits or connection.standing is Standing.UNREADABLE)
    deadline = connection.consent_ends_at if at_stake else None
    known = [max(look, now) for look in looks if look is not None]
    next_look_at = max(known, default=None)
    facts = {"settings": f"CONNECTOR_{connection.provider.upper()}"}
    ends = None if deadline is None else (_LEFT if deadline > now else _PASSED, deadline)
    look = None if next_look_at is None else (_NEXT_RENEWAL if actor is Actor.NOBODY else _NEXT_LOOK, next_look_at)
    return Explanation(
        actor=actor,
        ja=_told(ja, 0, facts, look, ends),
        en=_told(en, 1, facts, look, ends),
        since=since,
        next_look_at=next_look_at,
        deadline=deadline,
    )


Both = tuple[str, str]  # Japanese, English
Dated = tuple[Both, datetime] | None


def moment(of: datetime) -> Both:
    """A moment as people in Japan read it."""
    local = of.astimezone(JST)
    return local.strftime("%Y年%m月%d日 %H:%M（日本時間）"), local.strftime("%Y-%m-%d %H:%M (Japan time)")


def _told(told: Told, language: int, facts: Mapping[str, str], look: Dated, ends: Dated) -> Told:
    """The words with their facts filled in, then when it is looked at next, and when consent ends."""
    words = {each.name: getattr(told, each.name).format_map(facts) for each in fields(Told)}
    for name, dated in (("action", look), ("otherwise", ends)):
        if dated is not None:
            sentence, at = dated
            words[name] += ("", " ")[language] + sentence[language].format(at=moment(at)[language])
    return Told(**words)


_NEXT_RENEWAL = ("次の更新は{at}ごろです。", "The next renewal is about {at}.")
_NEXT_LOOK = ("次の確認は{at}ごろです。", "It is looked at next about {at}.")
_LEFT = ("許可の期限は{at}です。", "Consent ends on {at}.")
_PASSED = ("許可の期限（{at}）は過ぎています。", "Consent was to end on {at}, which has passed.")

_AGAIN = (
    (
        "新しい招待リンクを送り、テナントの管理者に連携をやり直してもらってください"
        "（API: createOnboardingLink、運用者: connector link TENANT --partner PARTNER）。"
    ),
    (
        "Send a new invitation link, and let the tenant's administrator connect again "
        "(API: createOnboardingLink; operator: connector link TENANT --partner PARTNER)."
    ),
)
_STAYS = (
    "やり直すまで、新しい請求書は取得されません。取得済みのデータは残ります。",
    "Until then no new invoices are read. What was read stays.",
)
_NOTHING = ("することはありません。", "There is nothing to do.")
_BY_ITSELF = ("自動で確認します。" + _NOTHING[0], "It is looked at again automatically. " + _NOTHING[1])
_ASKED_AGAIN = (
    "連携先が許可を無効と答えたため、もう一度確かめています。",
    "The provider called the consent dead; it is asked again.",
)
_IF_SAID_AGAIN = (
    "再び無効と答えた場合は、連携のやり直しをお願いすることになります。",
    "If it says so again, somebody will be asked to connect again.",
)

Line = tuple[Actor, Told, Told]


def _line(actor: Actor, *words: Both) -> Line:
    ja, en = zip(*words, strict=True)
    return actor, Told(*ja), Told(*en)


STANDINGS: Mapping[tuple[Standing, Cause | None], Line] = {
    (Standing.AWAITING_CONSENT, None): _line(
        Actor.TENANT,
        ("まだ連携されていません。", "It has not been connected yet."),
        ("招待リンクでの手続きが終わっていません。", "Nobody has finished the steps behind the invitation link."),
        _AGAIN,
        _STAYS,
    ),
    (Standing.ACTIVE, None): _line(
        Actor.NOBODY,
        ("正常に連携しています。", "It works."),
        ("許可は自動で更新されています。", "Consent is renewed by itself."),
        _NOTHING,
        ("およそ一週間ごとに更新が続きます。", "It goes on being renewed about once a week."),
    ),
    (Standing.UNCERTAIN, None): _line(
        Actor.WE,
        ("連携が保たれているかを確認しています。", "Whether it still works is being found out."),
        ("許可の更新に対する連携先の応答が届きませんでした。", "The provider's answer to a renewal did not arrive."),
        _BY_ITSELF,
        (
            "更新が連携先でだけ済んでいた場合は、連携のやり直しをお願いすることになります。",
            "If the renewal took place at the provider alone, somebody will be asked to connect again.",
        ),
    ),
    (Standing.SUSPECT, None): _line(
        Actor.WE,
        _ASKED_AGAIN,
        (
            "一時的な誤りかもしれないため、すぐには終了と扱いません。",
            "That may be a passing mistake, so it is not taken for the end at once.",
        ),
        _BY_ITSELF,
        _IF_SAID_AGAIN,
    ),
    (Standing.SUSPECT, Cause.ANSWER_LOST): _line(
        Actor.WE,
        _ASKED_AGAIN,
        (
            "更新の応答が途中で失われ、その後、それまでの許可も無効と答えられました。",
            "The answer to a renewal was lost, and the provider then called the consent before it dead.",
        ),
        _BY_ITSELF,
        _IF_SAID_AGAIN,
    ),
    (Standing.SUSPECT, Cause.CONSENT_EXPIRED): _line(
        Actor.WE,
        _ASKED_AGAIN,
        (
            "許可の期限を過ぎています。ほかに使える許可がないか、連携先側の障害でないかを確かめています。",
            "Consent is past its end. Whether another one works, or the provider is at fault, is being found out.",
        ),
        _BY_ITSELF,
        _IF_SAID_AGAIN,
    ),
    (Standing.SUSPECT, Cause.PERSON_INACTIVE): _line(
        Actor.WE,
        _ASKED_AGAIN,
        (
            "連携先は、許可した担当者が無効になっていると答えました。連携先側の障害でないかを確かめています。",
            "It says that the person who consented is not active. Whether it is at fault itself is being found out.",
        ),
        _BY_ITSELF,
        _IF_SAID_AGAIN,
    ),
    (Standing.UNREADABLE, None): _line(
        Actor.OPERATOR,
        ("保存された認証情報を開けません。", "The stored credential cannot be opened."),
        ("暗号鍵が失われたか、設定が変わりました。", "Its key is gone, or the settings of keys were changed."),
        (
            "運用者が鍵の設定とバックアップを確認してください（CREDENTIAL_UNREADABLE）。",
            "The operator must check the key settings and backups (CREDENTIAL_UNREADABLE).",
        ),
        (
            "鍵が戻らない場合は、連携のやり直しが必要です。",
            "If the key cannot be brought back, the tenant must connect again.",
        ),
    ),
    (Standing.LAPSED, None): _line(
        Actor.TENANT,
        ("連携が終了しています。", "The connection has ended."),
        ("連携先が許可を無効と答えました。", "The provider says that the consent is no longer valid."),
        _AGAIN,
        _STAYS,
    ),
    (Standing.LAPSED, Cause.ANSWER_LOST): _line(
        Actor.TENANT,
        ("連携が終了しています。", "The connection has ended."),
        (
            "更新の応答が途中で失われ、それまでの許可も使えなくなっていました。",
            "The answer to a renewal was lost, and the consent before it no longer works.",
        ),
        _AGAIN,
        _STAYS,
    ),
    (Standing.LAPSED, Cause.CONSENT_EXPIRED): _line(
        Actor.TENANT,
        ("連携が終了しています。", "The connection has ended."),
        ("許可の期限が切れました。", "The consent came to its end before it could be renewed."),
        _AGAIN,
        _STAYS,
    ),
    (Standing.LAPSED, Cause.PERSON_INACTIVE): _line(
        Actor.TENANT,
        ("連携が終了しています。", "The connection has ended."),
        (
            "許可した担当者が、連携先で無効になっています。",
            "The person who consented is no longer active at the provider.",
        ),
        (
            "有効な担当者が、新しい招待リンクから連携をやり直してください。",
            "A person who is active there must connect again by a new invitation link.",
        ),
        _STAYS,
    ),
    (Standing.DISCONNECTED, None): _line(
        Actor.NOBODY,
        ("連携は解除されています。", "It was disconnected."),
        ("解除の操作が行われました。", "Somebody asked for that."),
        _NOTHING,
        _STAYS,
    ),
}

TROUBLES: Mapping[Trouble, Line] = {
    Trouble.CLIENT_REFUSED: _line(
        Actor.OPERATOR,
        ("連携先が、このシステム自身を受け付けません。", "The provider does not take this system itself."),
        (
            "クライアントIDまたはシークレットの設定が誤っています。これによって許可が失われることはありません。",
            "Our client id or secret is wrong. No consent is lost by that alone.",
        ),
        (
            "運用者が {settings}_CLIENT_ID と {settings}_CLIENT_SECRET を直してください。",
            "The operator must correct {settings}_CLIENT_ID and {settings}_CLIENT_SECRET.",
        ),
        (
            "許可の期限までに直らない場合は、連携のやり直しが必要です（connector upkeep plan で確認できます）。",
            "If that takes longer than consents last, tenants must connect again (connector upkeep plan says which).",
        ),
    ),
    Trouble.MAINTENANCE: _line(
        Actor.PROVIDER,
        ("連携先がメンテナンス中です。", "The provider is in maintenance."),
        ("連携先がそのように応答しています。", "It says so itself."),
        ("終わり次第、自動で再開します。" + _NOTHING[0], "We go on by ourselves when it is over. " + _NOTHING[1]),
        ("取得と更新が、終わるまで待たされます。", "Readings and renewals wait until then."),
    ),
    Trouble.UNREACHABLE: _line(
        Actor.PROVIDER,
        ("連携先から応答がありません。", "The provider does not answer."),
        ("続けて何度も応答がありませんでした。", "Several calls in a row went unanswered."),
        ("自動で試し続けています。" + _NOTHING[0], "It is tried again and again by itself. " + _NOTHING[1]),
        ("取得と更新が、応答するまで待たされます。", "Readings and renewals wait until it answers."),
    ),
}

OVERDUE = _line(
    Actor.OPERATOR,
    ("許可の更新が遅れています。", "The renewal of its consent is late."),
    (
        "予定の時刻を過ぎても更新されていません。連携先の障害は確認されていません。",
        "It was due and has not been made. No trouble of the provider's is known.",
    ),
    (
        "運用者がワーカーの稼働と見通しを確認してください（connector health worker、connector upkeep plan）。",
        "The operator must look at the workers and the outlook (connector health worker, connector upkeep plan).",
    ),
    (
        "期限までに更新されない場合は、連携のやり直しが必要です。",
        "If it is not renewed before its end, the tenant must connect again.",
    ),
)

STANDING_NAMES: Mapping[Standing, Both] = {
    Standing.AWAITING_CONSENT: ("手続き待ち", "awaiting consent"),
    Standing.ACTIVE: ("正常", "active"),
    Standing.UNCERTAIN: ("確認中", "uncertain"),
    Standing.SUSPECT: ("再確認中", "suspect"),
    Standing.UNREADABLE: ("開けない", "unreadable"),
    Standing.LAPSED: ("終了", "lapsed"),
    Standing.DISCONNECTED: ("解除", "disconnected"),
}

ACTOR_NAMES: Mapping[Actor, Both] = {
    Actor.NOBODY: ("対応不要", "nobody"),
    Actor.WE: ("自動", "automatic"),
    Actor.PROVIDER: ("連携先", "the provider"),
    Actor.OPERATOR: ("運用者", "the operator"),
    Actor.TENANT: ("テナントの管理者", "the tenant's administrator"),
}
