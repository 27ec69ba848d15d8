"""Explains a connection to people: what is wrong, why, who acts, how, and what happens otherwise; Japanese first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from connector.domain.breaker import Breaker, Trouble
from connector.domain.connection import Cause, Connection, Standing


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


def explain(connection: Connection, breaker: Breaker | None) -> Explanation:
    """Why the connection stands where it does; an open breaker of its provider comes first, as it holds up the rest."""
    waits = connection.standing in {Standing.ACTIVE, Standing.UNCERTAIN, Standing.SUSPECT}
    if breaker is not None and waits:
        actor, ja, en = TROUBLES[breaker.trouble]
        looks = [moment for moment in (breaker.open_until, connection.due_at) if moment is not None]
        return Explanation(actor=actor, ja=ja, en=en, since=breaker.opened_at, next_look_at=max(looks))
    actor, ja, en = STANDINGS.get((connection.standing, connection.cause)) or STANDINGS[connection.standing, None]
    return Explanation(actor=actor, ja=ja, en=en, since=connection.changed_at, next_look_at=connection.due_at)


_AGAIN = (
    (
        "新しい招待リンクを送り、テナントの管理者に連携をやり直してもらってください"
        "（API: createOnboardingLink、運用者: connector link）。"
    ),
    (
        "Send a new invitation link, and let the tenant's administrator connect again "
        "(API: createOnboardingLink; operator: connector link)."
    ),
)
_STAYS = (
    "やり直すまで、新しい請求書は取得されません。取得済みのデータは残ります。",
    "Until then no new invoices are read. What was read stays.",
)
_NOTHING = ("することはありません。", "There is nothing to do.")
_UNOPENED = ("保存された認証情報を開けません。", "The stored credential cannot be opened.")
_NO_KEY = (
    "鍵が戻らない場合は、連携のやり直しが必要です。",
    "If the key cannot be brought back, the tenant must connect again.",
)

Line = tuple[Actor, Told, Told]


def _line(actor: Actor, *words: tuple[str, str]) -> Line:
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
        ("自動で確認します。" + _NOTHING[0], "It is looked at again automatically. " + _NOTHING[1]),
        (
            "更新が連携先でだけ済んでいた場合は、連携のやり直しをお願いすることになります。",
            "If the renewal took place at the provider alone, somebody will be asked to connect again.",
        ),
    ),
    (Standing.SUSPECT, None): _line(
        Actor.WE,
        (
            "連携先が許可を無効と答えたため、もう一度確かめています。",
            "The provider called the consent dead; it is asked again.",
        ),
        (
            "一時的な誤りかもしれないため、すぐには終了と扱いません。",
            "That may be a passing mistake, so it is not taken for the end at once.",
        ),
        ("自動で確認します。" + _NOTHING[0], "It is looked at again automatically. " + _NOTHING[1]),
        (
            "再び無効と答えた場合は、連携のやり直しをお願いすることになります。",
            "If it says so again, somebody will be asked to connect again.",
        ),
    ),
    (Standing.UNREADABLE, None): _line(
        Actor.OPERATOR,
        _UNOPENED,
        ("暗号鍵が失われたか、設定が変わりました。", "Its key is gone, or the settings of keys were changed."),
        (
            "運用者が鍵の設定とバックアップを確認してください（CREDENTIAL_UNREADABLE）。",
            "The operator must check the key settings and backups (CREDENTIAL_UNREADABLE).",
        ),
        _NO_KEY,
    ),
    (Standing.UNREADABLE, Cause.KEY_MISSING): _line(
        Actor.OPERATOR,
        _UNOPENED,
        (
            "このテナントのデータ鍵がデータベースにありません。",
            "The tenant's data key is not in the database.",
        ),
        (
            "運用者が鍵の行をバックアップから戻してください（CREDENTIAL_UNREADABLE、connections unreadable）。",
            (
                "The operator must bring the row of the key back from a backup "
                "(CREDENTIAL_UNREADABLE; connector connections unreadable names it)."
            ),
        ),
        _NO_KEY,
    ),
    (Standing.UNREADABLE, Cause.KEY_NOT_UNWRAPPED): _line(
        Actor.OPERATOR,
        _UNOPENED,
        (
            "データ鍵を包んだ鍵暗号化鍵が、いまの設定のものと異なります。",
            "The key-encryption key that wraps its data key is not the one in the settings.",
        ),
        (
            "運用者が CONNECTOR_KEK に元の鍵を戻してください（CREDENTIAL_UNREADABLE）。",
            "The operator must give CONNECTOR_KEK the key it was wrapped with (CREDENTIAL_UNREADABLE).",
        ),
        _NO_KEY,
    ),
    (Standing.UNREADABLE, Cause.TOKEN_DAMAGED): _line(
        Actor.OPERATOR,
        _UNOPENED,
        (
            "鍵は開きますが、暗号文が壊れているか、別の場所のものです。",
            "Its key opens, but the ciphertext is damaged or is not from this place.",
        ),
        (
            "運用者がデータベースを調べ、バックアップから行を戻してください（CREDENTIAL_UNREADABLE）。",
            "The operator must look into the database and bring the row back from a backup (CREDENTIAL_UNREADABLE).",
        ),
        (
            "行が戻らない場合は、連携のやり直しが必要です。",
            "If the row cannot be brought back, the tenant must connect again.",
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
    (Standing.DISCONNECTED, Cause.SHREDDED): _line(
        Actor.NOBODY,
        ("連携は終了し、再開できません。", "It has ended and cannot be taken up again."),
        (
            "このテナントの暗号鍵は、運用者の操作により証明書とともに破棄されました。",
            "The operator destroyed the tenant's keys, with a certificate that says so.",
        ),
        (
            "することはありません。再び連携する場合は、新しいテナントとして登録してください。",
            "There is nothing to do. To connect again, it must be added as a new tenant.",
        ),
        (
            "保存義務のある記録として残された請求書は、引き続き参照できます。",
            "Invoices that were left as records under a keeping duty can still be read.",
        ),
    ),
}

TROUBLES: Mapping[Trouble, Line] = {
    Trouble.CLIENT_REFUSED: _line(
        Actor.OPERATOR,
        ("連携先が、このシステム自身を受け付けません。", "The provider does not take this system itself."),
        (
            "クライアントIDまたはシークレットの設定が誤っています。このテナントの許可は失われていません。",
            "Our client id or secret is wrong. This tenant's consent is not lost by that.",
        ),
        (
            "運用者が CONNECTOR_…_CLIENT_ID と CONNECTOR_…_CLIENT_SECRET を直してください。",
            "The operator must correct CONNECTOR_…_CLIENT_ID and CONNECTOR_…_CLIENT_SECRET.",
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
        ("一分ごとに自動で確認しています。" + _NOTHING[0], "It is tried once a minute. " + _NOTHING[1]),
        ("取得と更新が、応答するまで待たされます。", "Readings and renewals wait until it answers."),
    ),
}
