"""The captions are what a person reads on the front page in place of flags, codes and events."""

CONTRACT = {
    "buyer_paid": "受取側 有料",
    "seller_paid": "発行側 有料",
    "api_option": "APIオプション",
    "journal_free": "仕訳自由項目",
    "uses_workflow": "受取の承認",
    "approves_issues": "発行の承認",
}

# What a wf_status is called, and whether it goes well, waits or needs somebody [IM-74].
STAGES = {
    11: ("社内承認中", "waits"),
    19: ("差戻受", "needs"),
    20: ("発行承認中", "waits"),
    21: ("発行予約済", "waits"),
    22: ("発行済", "well"),
    23: ("発行済削除", "over"),
    29: ("発行エラー", "needs"),
}

INVITATIONS = {"0": "未招待", "1": "招待中", "2": "接続済"}

EVENTS = {
    "api_called": "APIの呼出し",
    "client_saved": "連携アプリケーションの登録",
    "clock_advanced": "時計を進めた",
    "code_issued": "許可コードの発行",
    "consent_asked": "許可の確認画面",
    "consent_denied": "許可しない",
    "consent_given": "許可",
    "consent_refused": "許可の依頼を拒否",
    "extra_keys_switched": "項目追加の切替え",
    "fault_planned": "障害の予定",
    "fault_struck": "障害の発生",
    "faults_forgotten": "障害の取消し",
    "grants_minted": "認可情報の作成",
    "incident": "認証の障害",
    "invited": "招待",
    "invoice_approved": "請求書の承認",
    "invoice_deleted": "請求書の削除",
    "invoice_failed": "請求書の発行エラー",
    "invoice_held": "請求書を画面で編集中",
    "invoice_issued": "請求書の発行",
    "invoice_opened": "請求書の開封",
    "invoice_registered": "請求書の登録",
    "invoice_rejected": "請求書の社内差戻し",
    "invoice_released": "請求書の編集終了",
    "invoice_returned": "請求書の差戻し",
    "invoice_updated": "請求書の更新",
    "invoices_changed": "受取請求書の変更",
    "issued_filled": "発行請求書の作成",
    "knobs_turned": "動作設定の変更",
    "maintenance_announced": "メンテナンスの予告",
    "maintenance_switched": "メンテナンスの切替え",
    "master_deleted": "マスタの削除",
    "master_saved": "マスタの登録・更新",
    "masters_changed_on_screen": "画面でのマスタ変更",
    "masters_restored": "マスタの復元",
    "member_saved": "会員の登録・変更",
    "misspelt_switched": "有効期間の項目名の切替え",
    "rotation_changed": "トークン更新方式の変更",
    "sign_in_refused": "ログインの失敗",
    "token_issued": "トークンの発行",
    "token_refused": "トークンの拒否",
    "token_rotated": "トークンの更新",
}
