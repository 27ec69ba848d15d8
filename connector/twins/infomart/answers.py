"""Answers have the shapes that travel: the API's envelope, OAuth's token JSON, and what no client may rely on."""

from dataclasses import asdict, dataclass
from random import Random
from typing import Any
from uuid import UUID

# Meanings of the codes (reference 3.8).
NOT_SIGNED_IN = "E000401"
SELLER_NOT_PAID = "E100001"
BUYER_NOT_PAID = "E100002"
NO_API_OPTION = "E100003"
REQUIRED = "E200001"
WRONG_FORMAT = "E200003"
INCONSISTENT = "E200004"
WRONG_ACCEPT = "E700003"
WRONG_RESPONSE_TYPE = "E700004"
INTERNAL = "E900001"

_MESSAGES = {
    NOT_SIGNED_IN: "アクセストークンが未設定、不正、または有効期限切れです。",
    SELLER_NOT_PAID: "本機能は発行側の有料会員のみご利用いただけます。",
    BUYER_NOT_PAID: "本機能は受取側の有料会員のみご利用いただけます。",
    NO_API_OPTION: "APIオプション機能のお申し込みがありません。",
    REQUIRED: "必須項目が設定されていません。",
    WRONG_FORMAT: "項目の形式が正しくありません。",
    INCONSISTENT: "項目の組み合わせが正しくありません。",
    WRONG_ACCEPT: "AcceptヘッダにはJSONまたはXMLを指定してください。",
    WRONG_RESPONSE_TYPE: "response_typeが未設定、不正、またはAcceptヘッダと一致しません。",
    INTERNAL: "システムエラーが発生しました。",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """One element of `error_list` (reference 3.6)."""

    error_code: str
    error_item: str | None = None
    error_index: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The element on the wire."""
        return {**asdict(self), "error_message": _MESSAGES[self.error_code]}


class RefusedError(Exception):
    """A call goes no further; these are its error elements, and the HTTP code that carries them."""

    def __init__(self, http_code: int, *refusals: Refusal) -> None:
        super().__init__(http_code, [refusal.error_code for refusal in refusals])
        self.http_code = http_code
        self.refusals = refusals


def envelope(request_id: UUID, *refusals: Refusal, **payload: Any) -> dict[str, Any]:
    """The answer of an API: result "0" if nothing was refused, else "1" (reference 3.6)."""
    return {
        "request_id": str(request_id),
        "result": "1" if refusals else "0",
        "error_list": [refusal.as_json() for refusal in refusals],
        **payload,
    }


def disguise(answer: Any, die: Random) -> Any:
    """The same answer with its keys in another order and a new key in every object [IM-9]."""
    if isinstance(answer, list):
        return [disguise(each, die) for each in answer]
    if not isinstance(answer, dict):
        return answer
    keys = list(answer)
    die.shuffle(keys)
    told = {key: disguise(answer[key], die) for key in keys}
    newcomer: dict[str, Any] = {
        f"added_item{die.randint(1, 99)}": die.choice((None, "", "0", 0, [], {"note": "追加項目"}))
    }
    return {**newcomer, **told} if die.random() < 0.5 else {**told, **newcomer}  # noqa: PLR2004  # either end
