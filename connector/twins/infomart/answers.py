"""Answers have the shapes that travel: the API's envelope, OAuth's token JSON, and what no client may rely on."""

from dataclasses import asdict, dataclass
from http import HTTPStatus
from random import Random
from typing import Any
from uuid import UUID

from connector.twins.infomart.catalogue import MESSAGES, Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """One element of `error_list` (reference 3.6)."""

    error_code: Code
    error_item: str | None = None  # a path such as invoices[0].publisher.publisher_zip
    error_index: int | None = None  # the place in the submitted list, from 1; None: the whole request

    def as_json(self) -> dict[str, Any]:
        """The element on the wire."""
        return {**asdict(self), "error_message": MESSAGES[self.error_code]}


class RefusedError(Exception):
    """A call goes no further; these are its error elements, and the HTTP code that carries them."""

    def __init__(self, http_code: HTTPStatus, *refusals: Refusal) -> None:
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
