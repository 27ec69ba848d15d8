"""A string that cannot be printed, pickled, compared by accident or put in a queue."""

import hmac
from typing import Never, final


@final
class Secret:
    """Holds one secret text; only `reveal` gives it back."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    __hash__ = None  # type: ignore[assignment]  # a secret is never a key of anything

    def __reduce__(self) -> Never:
        raise TypeError("a Secret does not travel; send the id of the row that seals it")

    def __iter__(self) -> Never:
        raise TypeError("a Secret is not a sequence; reveal it where it is used")

    def reveal(self) -> str:
        """Gives the text; called in the vault, in a provider's request and where a key is shown once."""
        return self._text
