"""What each failure says to a person: in Japanese and English, what is wrong and who can do what about it."""

from collections.abc import Mapping

from connector import errors
from connector.errors import ConnectorError
from connector.wording.spoken import Language, Said, Wording
from connector.wording.spoken import both as _both


def say(failure: ConnectorError) -> Said:
    """What to tell a person about `failure`; its facts are filled in."""
    key = failure.code
    if isinstance(failure, errors.LinkUnusable | errors.ConsentBroken):
        key = f"{failure.code}.{failure.fault.value}"
    told = WORDINGS[key]
    return Said(ja=_filled_in(told.ja, failure, Language.JA), en=_filled_in(told.en, failure, Language.EN))


def _filled_in(wording: Wording, failure: ConnectorError, language: Language) -> Wording:
    facts = {name: _fact(name, value, language) for name, value in vars(failure).items()}
    if isinstance(failure, errors.NotEntitled):
        facts["code_of_flag"] = failure.flag
    return Wording(what=wording.what.format_map(facts), action=wording.action.format_map(facts))


def _fact(name: str, value: object, language: Language) -> str:
    named = _NAMES.get(name, {}).get(str(value))
    if named is not None:
        return named[0] if language is Language.JA else named[1]
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return str(value)


# Facts that have names of their own: fact -> value -> (Japanese, English).
_NAMES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "flag": {
        "issuer_paid_member": ("発行側の有料会員", "the issuer side's paid membership"),
        "receiver_paid_member": ("受取側の有料会員", "the receiver side's paid membership"),
        "api_option": ("APIオプション機能", "the API option"),
        "journal_free_items": ("仕訳自由項目利用オプション", "the option for free journal items"),
        "professional_plan": ("プロフェッショナルプラン", "the professional plan"),
        "receiver_workflow": ("受取側のワークフロー設定", "the receiver side's workflow"),
    },
    "known_by": {
        "declared": ("運用者の登録", "the operator declared it"),
        "refuted": ("連携先の回答", "the provider refused for want of it"),
        "proven": ("以前の利用実績（期限切れ）", "it worked before, too long ago to rely on"),
        "unknown": ("未確認", "nothing is known yet"),
    },
    "provider": {
        "infomart": ("BtoBプラットフォーム 請求書（インフォマート）", "Infomart BtoB Platform Invoice"),
    },
    "reason": {
        "access_denied": ("「拒否」が選ばれました", "access was denied there"),
        "invalid_grant": ("認可コードが無効か、期限切れです", "its code was used before or came too late"),
        "no code": ("認可コードがありません", "no code came with the answer"),
    },
    "noun": {
        "tenant": ("テナント", "tenant"),
        "ten": ("テナント", "tenant"),  # as ids name it
        "partner": ("パートナー", "partner"),
        "key": ("APIキー", "API key"),
        "connection": ("連携", "connection"),
        "con": ("連携", "connection"),
        "fet": ("取得", "fetch"),
        "rin": ("受取請求書", "received invoice"),
        "iin": ("発行請求書", "issued invoice"),
        "read_received_invoices": ("受取請求書を読み取れる連携", "connection that reads received invoices"),
        "read_issued_invoices": ("発行請求書を読み取れる連携", "connection that reads issued invoices"),
        "receiver side invoices at this provider": (
            "この連携先の受取請求書",
            "thing as received invoices at this provider",
        ),
        "issuer side invoices at this provider": (
            "この連携先の発行請求書",
            "thing as issued invoices at this provider",
        ),
    },
}

_RESTART_JA = "招待リンクをもう一度開き、最初からやり直してください。何も失われていません。"
_RESTART_EN = "Open the invitation link again and start over. Nothing was lost."
_NEW_LINK_JA = "このリンクを送ってきたパートナー企業に、新しいリンクの発行を依頼してください。"
_NEW_LINK_EN = "Ask the partner company that sent you the link for a new one."


WORDINGS: Mapping[str, Said] = {
    "KEY_REFUSED": _both(
        "APIキーが無いか、正しくないか、失効しています。",
        "有効なキーを Authorization: Bearer に付けてください。キーの発行は運用者に依頼します。",
        "The API key is missing, wrong, expired or revoked.",
        "Send a valid key as Authorization: Bearer. The operator issues keys.",
    ),
    "NOT_PERMITTED": _both(
        "このAPIキーには権限 {permission} がありません。",
        "権限 {permission} を持つキーの発行を運用者に依頼してください。",
        "This API key lacks the permission {permission}.",
        "Ask the operator for a key with the permission {permission}.",
    ),
    "NOT_FOUND": _both(
        "{noun} が見つかりません。",
        "IDと、そのAPIキーで扱える範囲を確認してください。",
        "No such {noun} within this key's scope.",
        "Check the id and which tenants this key may act for.",
    ),
    "INVALID_INPUT": _both(
        "入力 {path} が正しくありません: {reason}",
        "値を直して、もう一度送ってください。",
        "The input {path} cannot be used: {reason}",
        "Correct the value and send it again.",
    ),
    "TOO_MUCH_ASKED": _both(
        "1回の問い合わせの上限 ({limit}: {allowed}) を超えています。",
        "問い合わせを分けるか、項目を減らしてください。",
        "The document goes past a limit ({limit}: {allowed}).",
        "Split the query or ask for fewer fields.",
    ),
    "NOT_ENTITLED": _both(
        "このテナントの {provider} の契約では「{flag}」({code_of_flag})が利用できません。根拠: {known_by}",
        "テナントの管理者が {provider} に申し込むと利用できます。"
        "申込み済みの場合は、運用者に登録（connector tenants declare）を依頼してください。",
        "The tenant's contract at {provider} lacks {flag} ({code_of_flag}). How it is known: {known_by}.",
        "The tenant's administrator can order it at {provider}. "
        "If it is ordered already, ask the operator to declare it (connector tenants declare).",
    ),
    "NOT_CONNECTED": _both(
        "このテナントには、有効な連携がありません。",
        "招待リンクを発行し、テナントの管理者に連携を依頼してください。",
        "The tenant has no active connection.",
        "Make an onboarding link and ask the tenant's administrator to connect.",
    ),
    "LINK_UNUSABLE.unknown": _both(
        "この招待リンクは存在しません。", _NEW_LINK_JA, "There is no such invitation link.", _NEW_LINK_EN
    ),
    "LINK_UNUSABLE.expired": _both(
        "この招待リンクは有効期限が切れています。", _NEW_LINK_JA, "This invitation link has expired.", _NEW_LINK_EN
    ),
    "LINK_UNUSABLE.used": _both(
        "この招待リンクはすでに使用され、連携は完了しています。",
        "やり直す必要がある場合は、パートナー企業に新しいリンクの発行を依頼してください。",
        "This invitation link was used and the connection is made.",
        "If it must be made again, ask the partner company for a new link.",
    ),
    "LINK_UNUSABLE.withdrawn": _both(
        "この招待リンクは取り消されています。", _NEW_LINK_JA, "This invitation link was withdrawn.", _NEW_LINK_EN
    ),
    "CONSENT_REFUSED": _both(
        "連携先「{provider}」で許可されませんでした（{reason}）。",
        "許可する場合は、" + _RESTART_JA,
        "{provider} did not give its consent ({reason}).",
        "To consent after all, open the invitation link again and start over. Nothing was lost.",
    ),
    "CONSENT_BROKEN.unknown_state": _both(
        "この手続きは見つかりません。", _RESTART_JA, "This procedure is not known.", _RESTART_EN
    ),
    "CONSENT_BROKEN.other_browser": _both(
        "この手続きは別のブラウザーで始められました。安全のため、続けられません。",
        "手続きを始めたブラウザーで続けるか、このブラウザーで招待リンクを開いて最初からやり直してください。",
        "This procedure was started in another browser, so it cannot go on here.",
        "Go on in the browser where it was started, or open the invitation link here and start over.",
    ),
    "CONSENT_BROKEN.other_provider": _both(
        "別の連携先からの応答です。安全のため、受け付けません。",
        _RESTART_JA,
        "This answer came from another provider and was not accepted.",
        _RESTART_EN,
    ),
    "CONSENT_BROKEN.expired": _both(
        "手続きの時間（10分）が過ぎました。", _RESTART_JA, "The procedure took longer than 10 minutes.", _RESTART_EN
    ),
    "CONSENT_BROKEN.already_redeemed": _both(
        "この応答はすでに処理中です。",
        "少し待ってから、招待リンクをもう一度開いてください。",
        "This answer is being processed already.",
        "Wait a moment, then open the invitation link again.",
    ),
    "CONSENT_BROKEN.interrupted": _both(
        "手続きが途中で止まりました。", _RESTART_JA, "The procedure stopped half-way.", _RESTART_EN
    ),
    "CONSENT_BROKEN.forged_form": _both(
        "このフォームは、このブラウザーに表示したものではありません。",
        "Cookieを有効にし、招待リンクをもう一度開いてください。",
        "This form was not shown in this browser.",
        "Allow cookies and open the invitation link again.",
    ),
    "ACCESS_EXPIRED": _both(
        "連携先 {provider} のアクセストークンが受け付けられませんでした。",
        "自動で更新します。操作は不要です。",
        "{provider} no longer takes the access token.",
        "It is renewed automatically; nothing to do.",
    ),
    "CONSENT_ENDED": _both(
        "連携先 {provider} の許可が終了しています。",
        "テナントの管理者が、新しい招待リンクから連携をやり直してください。",
        "The consent at {provider} has ended.",
        "The tenant's administrator must connect again by a new invitation link.",
    ),
    "CLIENT_REFUSED": _both(
        "連携先 {provider} が、このシステム自身のクライアントIDまたはシークレットを受け付けません。",
        "運用者が設定を直してください。連携そのものは失われていません。",
        "{provider} does not take this system's own client id or secret.",
        "The operator must correct the settings. No connection is lost by this.",
    ),
    "REFUSED_BY_PROVIDER": _both(
        "連携先 {provider} がこの依頼を受け付けませんでした ({codes})。",
        "繰り返しても結果は変わりません。運用者に連絡してください。",
        "{provider} would not do this ({codes}).",
        "Repeating it will not help. Contact the operator.",
    ),
    "UNREADABLE_ANSWER": _both(
        "連携先 {provider} の応答を読み取れませんでした。",
        "自動で読み直します。続く場合は運用者に連絡してください。",
        "The answer of {provider} could not be read.",
        "It is read again automatically. If this goes on, contact the operator.",
    ),
    "UNSTABLE_LIST": _both(
        "連携先 {provider} の一覧が読み取り中に変わり続け、{passes} 回読んでも全件を確認できませんでした。",
        "読み取った内容は反映済みです。間隔をあけて自動で読み直します。続く場合は運用者に連絡してください。",
        "The list of {provider} kept changing while it was read, so {passes} readings could not prove it complete.",
        "What was read is shown. It is read again after a while; if this goes on, contact the operator.",
    ),
    "UNAVAILABLE": _both(
        "一時的に利用できません。",
        "しばらくしてからもう一度お試しください。何も失われていません。",
        "This is not available at the moment.",
        "Try again in a little while. Nothing was lost.",
    ),
    "OUTCOME_UNKNOWN": _both(
        "連携先から応答がなく、結果が分かりません。",
        "繰り返さないでください。結果を確認しています。",
        "The provider did not answer, so the outcome is not known.",
        "Do not repeat it; the outcome is being looked up.",
    ),
    "CREDENTIAL_UNREADABLE": _both(
        "保存された認証情報 ({purpose}) を開けません。",
        "運用者が鍵の設定を確認してください。",
        "A stored credential ({purpose}) cannot be opened.",
        "The operator must check the key settings.",
    ),
    "MISCONFIGURED": _both(
        "設定に誤りがあります: {problems}",
        "運用者が設定を直してください。",
        "The settings are wrong: {problems}",
        "The operator must correct the settings.",
    ),
}
