"""The catalogue holds every error code of the API with the text that people read (reference 3.8, [IM-44], [IM-45])."""

from enum import StrEnum


class Code(StrEnum):
    """One kind of refusal; all but SELLER_NOT_PAID and WRONG_ACCEPT are assumed [IM-44]."""

    NOT_SIGNED_IN = "E000401"
    SELLER_NOT_PAID = "E100001"
    BUYER_NOT_PAID = "E100002"
    NO_API_OPTION = "E100003"
    NO_JOURNAL_OPTION = "E100004"
    REQUIRED = "E200001"
    TOO_LONG = "E200002"
    WRONG_FORMAT = "E200003"
    INCONSISTENT = "E200004"
    TOO_MANY = "E200005"
    NOT_FOUND = "E300001"
    AMBIGUOUS = "E300002"
    IN_USE = "E300003"
    DELETED_WITH_INVOICE = "E300004"
    NOT_INVITABLE = "E300005"
    NO_SUCH_INVOICE = "E400001"
    NOT_RETURNED = "E400002"
    CHANGED_MEANWHILE = "E400003"
    WRONG_CONTENT_TYPE = "E700001"
    UNREADABLE = "E700002"
    WRONG_ACCEPT = "E700003"
    WRONG_RESPONSE_TYPE = "E700004"
    INTERNAL = "E900001"
    MAINTENANCE = "E900002"


MESSAGES: dict[Code, str] = {
    Code.NOT_SIGNED_IN: "アクセストークンが未設定、不正、または有効期限切れです。",
    Code.SELLER_NOT_PAID: "本機能は発行側の有料会員のみご利用いただけます。",
    Code.BUYER_NOT_PAID: "本機能は受取側の有料会員のみご利用いただけます。",
    Code.NO_API_OPTION: "APIオプション機能のお申し込みがありません。",
    Code.NO_JOURNAL_OPTION: "仕訳自由項目利用オプションが無効のため、仕訳補助項目は設定できません。",
    Code.REQUIRED: "必須項目が設定されていません。",
    Code.TOO_LONG: "項目の桁数が上限を超えています。",
    Code.WRONG_FORMAT: "項目の形式が正しくありません。",
    Code.INCONSISTENT: "項目の組み合わせが正しくありません。",
    Code.TOO_MANY: "件数が上限を超えています。",
    Code.NOT_FOUND: "指定されたコードは登録されていません。",
    Code.AMBIGUOUS: "同じコードの発行元が複数あります。画面上でコードが重複しないように設定してください。",
    Code.IN_USE: "使用中のため削除できません。",
    Code.DELETED_WITH_INVOICE: "請求書情報と同時に削除を指定することはできません。",
    Code.NOT_INVITABLE: "招待できません。招待方法に必要な連絡先が未設定、または既に接続済みです。",
    Code.NO_SUCH_INVOICE: "請求書が存在しません。",
    Code.NOT_RETURNED: "差戻受の請求書ではないため、更新できません。",
    Code.CHANGED_MEANWHILE: "他の処理により更新されています。再度取得してからやり直してください。",
    Code.WRONG_CONTENT_TYPE: "Content-typeヘッダにはJSONまたはXMLを指定してください。",
    Code.UNREADABLE: "リクエストを解析できません。",
    Code.WRONG_ACCEPT: "AcceptヘッダにはJSONまたはXMLを指定してください。",
    Code.WRONG_RESPONSE_TYPE: "response_typeが未設定、不正、またはAcceptヘッダと一致しません。",
    Code.INTERNAL: "システムエラーが発生しました。",
    Code.MAINTENANCE: "ただいまメンテナンス中です。",
}
