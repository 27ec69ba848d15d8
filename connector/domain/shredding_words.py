"""What a certificate of shredding says to people, in Japanese and English: no more than is true."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.renewal import ANSWER_WITHIN
from connector.domain.sealing import TRUSTED_FOR

_TRUSTED = int(TRUSTED_FOR.total_seconds())
_UNDER_WAY = int(ANSWER_WITHIN.total_seconds())


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences depend on."""

    keys: int
    sealed: int
    keks: str
    invoices: int
    without_invoices: bool
    escrow: bool


def statements(facts: Facts) -> Sequence[tuple[str, str]]:
    """What was made unreadable, from when on, and what was not; Japanese and English."""
    return [
        _destroyed(facts),
        _from_when_on(),
        _elsewhere(facts),
        _restored(facts),
        _invoices(facts),
        _kept(),
        _there(),
    ]


def _destroyed(facts: Facts) -> tuple[str, str]:
    return (
        (
            f"このテナントのデータ鍵{facts.keys}個を本番データベースから削除しました。これらの鍵で暗号化された"
            f"{facts.sealed}件（トークン、手続きの検証値、トークン応答の控え）は復号できません。"
            "ほかの稼働機にあるトークン応答の控えは数に含みませんが、同じ鍵で暗号化されているため同様です。"
        ),
        (
            f"The tenant's {facts.keys} data keys were deleted from the live database. The {facts.sealed} values "
            "sealed under them (tokens, verifiers of consent attempts, token answers) cannot be opened any more. "
            "Token answers in the journals of other machines are not counted; they are sealed under the same keys."
        ),
    )


def _from_when_on() -> tuple[str, str]:
    return (
        (
            f"稼働中のプロセスは遅くとも{_TRUSTED}秒後には鍵を使わなくなります。開いた鍵は、稼働中のプロセスのメモリーに"
            "使われないまま1時間ほど、何もしないプロセスでは終了まで残ることがあります。すでに始まっていた連携先への呼び出しは"
            f"最長{_UNDER_WAY}秒で終わり、その結果が使われることはありません。"
        ),
        (
            f"No running process uses a key later than {_TRUSTED} seconds afterwards. An opened key may lie unused in "
            "the memory of a working process for about an hour, and of an idle one until it ends. Calls "
            f"to a provider that had begun end within {_UNDER_WAY} seconds, and what they bring is put to no use."
        ),
    )


def _elsewhere(facts: Facts) -> tuple[str, str]:
    return (
        (
            f"この時刻より前の{'データベースと退避先' if facts.escrow else 'データベース'}の複製"
            "（バックアップ、WALのアーカイブ、VACUUM前のデータファイル、遅延レプリカ）には、"
            f"鍵暗号化鍵 {facts.keks} で包まれた鍵が残っています。それらが期限を迎えて削除されるか、"
            "その鍵暗号化鍵が廃止・破棄されるまでは、そこから復号できます。"
        ),
        (
            f"Copies of the database{' and of the escrow' if facts.escrow else ''} from before this moment (backups, "
            "archived WAL, data files not yet vacuumed, replicas that lag) still hold the keys, wrapped by "
            f"key-encryption key {facts.keks}. What they hold can be opened until they expire and are removed, or "
            "until that key-encryption key is retired and destroyed."
        ),
    )


def _restored(facts: Facts) -> tuple[str, str]:
    if facts.escrow:
        return (
            "バックアップから復元したときは、connector escrow replay が退避先のこの証明書により鍵を再び削除します。",
            (
                "After a restore `connector escrow replay` deletes the keys again, by the copy of this certificate in "
                "the escrow."
            ),
        )
    return (
        "退避先がないため、バックアップから復元したときは、もう一度この破棄を行う必要があります。",
        "There is no escrow: after a restore from a backup the tenant must be shredded once more.",
    )


def _invoices(facts: Facts) -> tuple[str, str]:
    if facts.without_invoices:
        return (
            f"取得済みの請求書{facts.invoices}件はデータベースから削除しました。以前の複製には残っています。",
            (
                f"The {facts.invoices} invoices in the mirror were deleted from the database. Copies from before this "
                "moment still hold them, and they were not sealed under these keys."
            ),
        )
    return (
        (
            f"取得済みの請求書{facts.invoices}件は、これらの鍵で暗号化されておらず、保存義務のある記録として残しました。"
            "引き続き読み取れます。"
        ),
        (
            f"The {facts.invoices} invoices in the mirror are not sealed under these keys and were left in place, as "
            "records that may be under a keeping duty. They can still be read."
        ),
    )


def _kept() -> tuple[str, str]:
    return (
        "名称、ID、日時、契約状況、取得の記録、APIキーのダイジェストは平文のまま残っています。",
        "Names, ids, times, entitlements, records of fetches and digests of API keys were not sealed, and remain.",
    )


def _there() -> tuple[str, str]:
    return (
        "連携先での許可は取り消していません。連携先の期限まで有効なため、取り消しは連携先で行ってください。",
        "Consent was not revoked at the provider. It lasts there as long as the provider says; revoke it there.",
    )
